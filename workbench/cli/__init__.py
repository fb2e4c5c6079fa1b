"""The command line: parse, call, exit code. The only reader of the clock.

Commands are grouped by who uses them: `operator` (運用担当), `analyst` (分析担当), `officer` (勧奨担当と監査).
A `WorkbenchError` is printed as its one Japanese line; anything else is a defect and is reported by kind and
place, never with its text, which could quote a value from a source (promise P6).
"""

import gettext
import os
import sys
import traceback
from pathlib import Path

os.environ.setdefault("LANGUAGE", "ja")
gettext.bindtextdomain("messages", str(Path(__file__).parent / "locale"))

import click  # noqa: E402  (click reads the translation while it is imported)

from workbench.cli import analyst, officer, operator  # noqa: E402
from workbench.errors import WorkbenchError  # noqa: E402


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    options_metavar="[オプション]",
    subcommand_metavar="コマンド …",
    help="予防接種の分析と勧奨のための作業台。個人番号を取り除いた業務用データ（仮名化済み）を扱います。",
)
@click.version_option(package_name="workbench", prog_name="workbench")
def app() -> None:
    """Hold the commands."""


def _add(group: click.Group, commands: tuple[click.Command, ...]) -> None:
    """Add commands, and say "options" in Japanese in their usage lines."""
    for command in commands:
        group.add_command(command)
        command.options_metavar = "[オプション]"
        if isinstance(command, click.Group):
            command.subcommand_metavar = "コマンド …"
            _add(command, tuple(command.commands.values()))


_add(app, (*operator.COMMANDS, *analyst.COMMANDS, *officer.COMMANDS))


def main(arguments: list[str] | None = None) -> None:
    """Run one command and leave the process: 0 done, 1 refused with a reason, 2 wrong usage, 3 a defect."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        return app.main(arguments, prog_name="workbench", standalone_mode=False) or 0
    except click.exceptions.Abort:
        click.echo("中止しました。", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except WorkbenchError as error:
        click.echo(f"中止: {error}", err=True)
        return 1
    except Exception as error:  # noqa: BLE001  (the last line of defence: say where, never what)
        click.echo(_defect(error), err=True)
        return 3


def _defect(error: Exception) -> str:
    own = Path(__file__).parents[1]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(own)]
    last = frames[-1] if frames else None
    where = f"{Path(last.filename).relative_to(own)} の {last.lineno} 行" if last else "不明"
    return f"プログラムの誤りで止まりました（{type(error).__name__}、{where}）。公開済みのものは変わっていません。"
