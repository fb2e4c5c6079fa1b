"""Commands of the operator (運用担当): make-up city, ingest, snapshots, the demonstration."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli import clock, passphrase, screen
from workbench.cli.options import BY_OPTION, DAY, WholeNumber
from workbench.errors import SnapshotError
from workbench.settings import find_home, load_settings

if TYPE_CHECKING:
    from workbench.snapshot import SnapshotRef

RESIDENTS = WholeNumber(2_000, 4_000_000)


@click.command(help="架空の市の抽出ファイルを作る（人物・番号・地名はすべて作り物）。")
@click.option("--residents", type=RESIDENTS, required=True, metavar="N", help=f"住民の数（{RESIDENTS.bounds}）。")
@click.option("--seed", type=WholeNumber(0), default=1, show_default=True, metavar="N", help="乱数の種。")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR", help="出力先。")
@click.option(
    "--encoding", type=click.Choice(["utf-8", "cp932"]), default="utf-8", show_default=True, help="文字コード。"
)
@click.option(
    "--extracted-on", type=DAY, default="2026-11-01", show_default=True, metavar="YYYY-MM-DD", help="抽出日。"
)
def synth(residents: int, seed: int, out: Path, encoding: str, extracted_on: date) -> None:
    """Write the extracts of an invented city."""
    from workbench.cli.city import write_city

    city = write_city(out, residents, seed=seed, encoding=encoding, extracted_on=extracted_on)
    for name, rows in city.rows.items():
        click.echo(f"{name}: {rows:,} 行")
    click.echo(f"架空の市の抽出ファイルを {out} に作りました。")


@click.command(help="抽出ファイルを取り込み、個人番号を取り除いてスナップショットを公開する。")
@click.option(
    "--extracts",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="抽出ファイルと extract.toml のあるフォルダー。",
)
@passphrase.OPTION
@BY_OPTION
def ingest(extracts: Path, passphrase_file: Path | None, actor: str) -> None:
    """Load one delivery of extracts."""
    from workbench.ingest import Job
    from workbench.ingest import ingest as run_ingest

    home = find_home()
    master = passphrase.unlock(home, passphrase_file)
    job = Job(extracts=extracts, home=home, master=master, actor=actor, at=clock.now())
    with screen.row_progress(screen.file_sizes(extracts)) as progress:
        result = run_ingest(job, progress)
    console = screen.console()
    console.print(screen.reconciliation(result.files))
    for column, values in result.stripped.items():
        click.echo(f"{column}: {values:,} 件を確認し、保存せずに捨てました。")
    click.echo(f"保留・注意の一覧: {screen.shown(result.quarantine_report)}")
    click.echo(f"公開しました: {result.snapshot.id}（{screen.shown(result.snapshot.folder)}）")


@click.command(help="公開済みのスナップショットの一覧。")
def snapshots() -> None:
    """List the published snapshots."""
    from workbench import snapshot

    home = find_home()
    now_current = snapshot.current(home).id
    damaged = []
    for name in sorted(path.parent.name for path in home.snapshots.glob(f"[!.]*/{snapshot.MANIFEST}")):
        try:
            click.echo(f"{'*' if name == now_current else ' '} {_describe(snapshot.current(home, name))}")
        except SnapshotError:
            damaged.append(name)
    if damaged:
        msg = f"{home.snapshots} の {'、'.join(damaged)} は壊れているか、別の版のものです。使わないでください。"
        raise SnapshotError(msg)


def _describe(ref: "SnapshotRef") -> str:
    rows = ref.manifest["tables"]
    return (
        f"{ref.id}  抽出日 {ref.manifest['extracted_on']}  住民 {rows['person']['rows']:,} 人  "
        f"接種 {rows['dose']['rows']:,} 件  規則 {ref.manifest['rule_version']}"
    )


@click.command(help="架空の市で、取り込みから報告・勧奨の手紙までを一度に動かす。")
@click.option(
    "--residents",
    type=RESIDENTS,
    default=20_000,
    show_default=True,
    metavar="N",
    help=f"住民の数（{RESIDENTS.bounds}）。",
)
def demo(residents: int) -> None:
    """Run the main job once on an invented city."""
    from workbench.cli.demo import run_demo

    run_demo(find_home(), load_settings(), residents=residents, at=clock.now())


COMMANDS = (synth, ingest, snapshots, demo)
