"""Commands of the auditor (監査): the proof that nothing of an extract is in a file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli import passphrase, screen
from workbench.errors import SourceError

if TYPE_CHECKING:
    from workbench.scan import Search, Secrets, Verdict

KINDS = ("個人番号", "住民票コード", "宛名番号", "世帯番号", "電話番号", "氏名", "氏名カナ", "住所")
MEGABYTE = 1_000_000


@click.command(help="ファイルに、抽出ファイルの個人番号・氏名などが残っていないことを確かめる（値は表示しない）。")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH…")
@click.option(
    "--against",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="探す値を読む抽出ファイルのフォルダー。値はメモリーの中だけに置く。",
)
@click.option("--only", type=click.Choice(KINDS), multiple=True, help="この種類だけを探す（繰り返し可）。")
@click.option(
    "--except",
    "but_not",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH",
    help="調べないファイルかフォルダー（繰り返し可）。結果に残る。",
)
@click.option(
    "--password-file",
    "password_files",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="暗号化されたExcel・PDF・zipを開くパスワードのファイル（繰り返し可）。",
)
def scan(
    paths: tuple[Path, ...],
    against: Path,
    only: tuple[str, ...],
    but_not: tuple[Path, ...],
    password_files: tuple[Path, ...],
) -> None:
    """Search files for the secrets of an extract; end with 1 unless all are clean."""
    from workbench.scan import Search
    from workbench.scan import scan as run_scan

    passwords = [passphrase.read_file(file) for file in password_files]
    secrets, municipality = _secrets(against, only)
    with screen.step_progress("探す表の準備", "段階") as progress:
        search = Search(secrets, municipality, progress)
    with screen.step_progress("検査", "MB") as progress:
        verdict = run_scan(
            paths,
            search,
            passwords=passwords,
            but_not=but_not,
            progress=lambda done, total: progress(done // MEGABYTE, total // MEGABYTE),
        )
    if not verdict.file_count:
        msg = "調べるファイルが1つもないため、合格かどうか分かりません。場所と --except を確認してください。"
        raise SourceError(msg)
    if not verdict.is_clean:
        screen.console().print(screen.leaks(verdict))
    _say_what_was_searched(secrets, search)
    _say_how_far(verdict, but_not)
    if not verdict.is_clean:
        click.echo("合格ではありません。上の表のファイルを確認してください。ファイルは何も変更していません。", err=True)
        click.get_current_context().exit(1)
    click.echo("合格: 探した値はどこにも見つかりませんでした。")


def _secrets(against: Path, only: tuple[str, ...]) -> "tuple[Secrets, str]":
    """Read what to search for; nothing at all would prove nothing."""
    from workbench.scan import Kind, collect

    click.echo(f"探す値を {screen.shown(against)} から読んでいます（メモリーの中だけ）。", err=True)
    secrets, municipality = collect(against)
    secrets = secrets.only(frozenset(kind for kind in Kind if not only or kind.title in only))
    if not any(map(secrets.count, Kind)):
        msg = f"{against} に探す値が1件もありません。抽出ファイルの場所と --only を確認してください。"
        raise SourceError(msg)
    return secrets, municipality


def _say_what_was_searched(secrets: "Secrets", search: "Search") -> None:
    from workbench.scan import Kind

    counts = "、".join(f"{kind.title} {secrets.count(kind):,}" for kind in Kind if secrets.count(kind))
    click.echo(f"探した値（重複を除く件数）: {counts}。")
    short = "、".join(f"{kind.title} {count:,}" for kind, count in search.too_short.items())
    if short:
        click.echo(f"短すぎる・番地がないなど、それだけでは個人と言えず探さなかった値: {short}。")
    if secrets.unread_rows:
        click.echo(f"列の数が合わない行が {secrets.unread_rows:,} 行あり、番号だけを探しました。")


def _say_how_far(verdict: "Verdict", but_not: tuple[Path, ...]) -> None:
    click.echo(f"調べたもの: {verdict.file_count:,} ファイル、{verdict.byte_count / MEGABYTE:,.1f} MB。")
    if but_not:
        click.echo(f"調べなかったもの（--except）: {'、'.join(screen.shown(path) for path in but_not)}。")
    if verdict.links_passed_over:
        click.echo(f"リンク {verdict.links_passed_over:,} 件の先は調べていません。")
    by_chance = sum(result.by_chance for result in verdict.results)
    if by_chance:
        click.echo(f"長い数字列の中の一致 {by_chance:,} 件は、偶然に起きる数の範囲なので数えていません。")


COMMANDS = (scan,)
