"""The command line: parse, call, exit code. The only reader of the clock.

Commands are grouped by who uses them: `operator` (運用担当), `analyst` (分析担当), `officer` (勧奨担当と監査),
`keyring` (鍵と担当者), `approving` (申請と承認), `custody` (媒体管理簿), `keeping` (保存期間), `doctor` (点検),
`auditor` (監査), `rules` (架空の事例). What is said when one fails is in `failures`.
"""

import gettext
import os
import resource
import sys
from pathlib import Path
from typing import TextIO

os.environ["LANGUAGE"] = "ja"  # whatever the account's language: staff read Japanese
gettext.bindtextdomain("messages", str(Path(__file__).parent / "locale"))

import click  # noqa: E402  (click reads the translation while it is imported)

from workbench.cli import (  # noqa: E402
    analyst,
    approving,
    auditor,
    custody,
    doctor,
    failures,
    keeping,
    keyring,
    layouts,
    officer,
    operator,
    pages,
    rules,
)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": pages.MAX_WIDTH},
    help="予防接種の分析と勧奨のための作業台。個人番号を取り除いた業務用データ（仮名化済み）を扱います。",
)
@click.version_option(package_name="workbench", prog_name="workbench")
def app() -> None:
    """Hold the commands."""


def _dress(command: click.Command) -> None:
    """Give a command and those below it Japanese usage lines and pages wrapped by columns."""
    command.context_class = pages.Context
    command.options_metavar = "[オプション]"
    if isinstance(command, click.Group):
        command.subcommand_metavar = "コマンド …"
        for inner in command.commands.values():
            _dress(inner)


for _command in (
    *operator.COMMANDS,
    *layouts.COMMANDS,
    *keyring.COMMANDS,
    *analyst.COMMANDS,
    *rules.COMMANDS,
    *approving.COMMANDS,
    *officer.COMMANDS,
    *custody.COMMANDS,
    *keeping.COMMANDS,
    *doctor.COMMANDS,
    *auditor.COMMANDS,
):
    app.add_command(_command)
_dress(app)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and leave the process with its exit code."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(encoding=None if _writes_japanese(stream) else "utf-8", errors="replace")
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))  # names, passphrases
    code = run(arguments)
    sys.exit(code if _is_written_out() else code or failures.REFUSED)


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 refused, 2 wrong usage, 3 a defect, 130 stopped."""
    with failures.noting_interrupts() as interrupts:
        try:
            return app.main(arguments, prog_name="workbench", standalone_mode=False) or 0
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  (the last line of defence: say where, never what)
            return failures.show(error, stopped=bool(interrupts))


def _writes_japanese(stream: TextIO) -> bool:
    try:
        return bool("あ".encode(stream.encoding))
    except (UnicodeEncodeError, LookupError):
        return False


def _is_written_out() -> bool:
    """Write out what is buffered; where nobody reads it any more, leave nothing to be written at exit."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True
