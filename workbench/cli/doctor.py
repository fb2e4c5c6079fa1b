"""`workbench doctor`: is this installation as it must be?"""

import click

from workbench.settings import find_home


@click.command(
    short_help="この機械への設置を点検し、直し方を示す。",
    help="この機械への設置を点検する（権限・umask・スワップ・一時フォルダー・通信・版・空き容量など）。"
    "不可が1つでもあれば終了コード1。何も変更しない。",
)
@click.pass_context
def doctor(context: click.Context) -> None:
    """Examine the installation and say what to mend."""
    from workbench.doctor import BAD, WARNING, examine

    levels = []
    for finding in examine(find_home()):
        levels.append(finding.level)
        click.echo(f"{finding.level:　<2}  {finding.title}: {finding.text}")
        if finding.cure:
            click.echo(f"      → {finding.cure}")
    bad, warnings = levels.count(BAD), levels.count(WARNING)
    click.echo(f"点検 {len(levels)} 項目: 不可 {bad}、注意 {warnings}。何も変更していません。")
    context.exit(1 if bad else 0)


COMMANDS = (doctor,)
