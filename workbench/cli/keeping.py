"""Commands on retention: what is kept until when, what goes, and the register of what went."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli import books, clock, passphrase, screen
from workbench.cli.options import DAY
from workbench.errors import StorageError
from workbench.settings import find_home

if TYPE_CHECKING:
    from datetime import date

    from workbench.retention import Item, Rule

RULES = click.option(
    "--rules",
    "rules_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="保存期間のファイル。省略すると retention.toml、なければ付属のもの。",
)


@click.group(help="保存期間（記録の種類ごと、根拠と施行日つき）と削除。")
def retention() -> None:
    """Hold the retention commands."""


@retention.command(name="plan", help="何がいつまで保存され、何が期限を過ぎているかを表示する（何も削除しない）。")
@RULES
@click.option("--as-of", type=DAY, metavar="YYYY-MM-DD", help="この日現在で判定する。省略すると今日。")
def retention_plan(rules_file: Path | None, as_of: "date | None") -> None:
    """Show what is kept until when."""
    from workbench.retention import load_rules, plan, unruled, unseen

    home, rules, day = find_home(), load_rules(rules_file), as_of or clock.today()
    for rule in rules:
        click.echo(_rule_line(rule))
    for name in unruled(rules, day):
        click.echo(f"規則なし  {name}  この日に施行されている規則がないため、判定も削除もしない")
    items = plan(home, rules, as_of=day)
    for item in items:
        click.echo(f"{_state(item)}  {item.rule.title}  {screen.shown(item.path)}  期限 {item.last_day or 'なし'}")
    expired = [item for item in items if item.expired]
    click.echo(
        f"全 {len(items):,} 件、期限切れ {len(expired):,} 件、うち apply で削除 {sum(i.goes for i in items):,} 件。"
    )
    _end_with_unreached(
        [f"中を見られません: {screen.shown(folder)}" for folder in unseen(home)],
        "中を見られません。上の件数に入っていません",
    )


@retention.command(name="apply", help="期限の過ぎたものを保管庫・スナップショット・出力から削除し、台帳に残す。")
@RULES
@passphrase.OPTION
def retention_apply(rules_file: Path | None, passphrase_file: Path | None) -> None:
    """Remove what has expired."""
    from workbench import retention as room

    home = find_home()
    rules = room.load_rules(rules_file)
    ledger = books.open_ledger(home, passphrase.unlock(home, passphrase_file))
    at = clock.now()
    waiting = [i for i in room.plan(home, rules, as_of=at.date()) if i.expired and not i.rule.confirmed]
    applied = room.apply(home, rules, ledger, at=at)
    for item in applied.removed:
        click.echo(f"削除しました: {item.rule.title}  {screen.shown(item.path)}")
    click.echo(f"{len(applied.removed):,} 件を削除し、台帳に記録しました。")
    if waiting:
        click.echo(
            f"期限切れのうち {len(waiting):,} 件は、保存期間が確認されていない（confirmed = false）ため残しました。"
            "市の規程を確かめて retention.toml に書いてください。"
        )
    _end_with_unreached(
        [f"削除できません: {screen.shown(path)}" for path in applied.stuck]
        + [f"中を見られません: {screen.shown(folder)}" for folder in room.unseen(home)],
        "削除できませんでした。ほかは削除しました",
    )


@retention.command(name="register", help="削除の記録を表示する（台帳の一部で、削除されない）。")
def retention_register() -> None:
    """Print the deletion register."""
    from workbench.retention import deletions

    for entry in deletions(books.open_ledger(find_home())):
        told = entry.subject
        where = f"{told['record_class']}  {told['item']}  期限 {told['kept_until']}  {entry.counts['files']:,} ファイル"
        click.echo(f"{entry.seq}  {entry.at}  {entry.actor}  {where}  SHA-256 {told['content_sha256']}")


def _end_with_unreached(lines: list[str], what: str) -> None:
    """Print what this account could not reach, and end with an error where there is any."""
    for line in lines:
        click.echo(line)
    if lines:
        msg = f"{len(lines):,} 件は、権限がないなどの理由で{what}。管理者の権限で、もう一度実行してください。"
        raise StorageError(msg)


def _rule_line(rule: "Rule") -> str:
    period = "永久" if rule.forever else f"{rule.keep_months}か月"
    start = "（年度末から）" if rule.counted_from == "fiscal_year_end" else ""
    checked = "" if rule.confirmed else "  未確認"
    return f"規則  {rule.title}  {period}{start}  {rule.effective_from} から  {rule.basis}{checked}"


def _state(item: "Item") -> str:
    if not item.expired:
        return "保存"
    if item.published:
        return "公開中のため残す"
    return "削除" if item.rule.confirmed else "期限切れ・規則が未確認"


COMMANDS = (retention,)
