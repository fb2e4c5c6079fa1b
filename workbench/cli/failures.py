"""What a command says when it does not succeed: one Japanese line on standard error, and an exit code.

0 done, 1 refused with a reason, 2 wrong usage, 3 a defect of the program, 130 stopped by Ctrl-C. The words of an
error that is not ours are never printed, since they could quote a value from a source (promise P6).
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from workbench.door import place_of
from workbench.errors import DefectError, WorkbenchError
from workbench.settings import storage_reason

REFUSED, WRONG_USAGE, DEFECT, STOPPED = 1, 2, 3, 130
_UNCHANGED = "公開済みのものは変わっていません。"


def show(error: BaseException, *, stopped: bool = False) -> int:
    """Print the line that belongs to `error` and return the exit code; `stopped` says that Ctrl-C came before it."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return WRONG_USAGE
    if isinstance(error.__cause__, EOFError):  # click takes one from anywhere for the end of what is typed
        error = error.__cause__
    line, code = _explain(error, stopped=stopped)
    click.echo(" ".join(line.split("\n")), err=True)
    return code


@contextmanager
def noting_interrupts() -> Iterator[list[int]]:
    """Collect the signals of Ctrl-C while the block runs: DuckDB makes an error of its own out of the exception."""
    seen: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        signal.default_int_handler(number, frame)

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # ignored by whoever started us, or a thread
        yield seen
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _explain(error: BaseException, *, stopped: bool) -> tuple[str, int]:
    if stopped or isinstance(error, KeyboardInterrupt | click.exceptions.Abort):
        return f"中止しました。{_UNCHANGED}", STOPPED
    if isinstance(error, click.UsageError):
        return _usage(error), WRONG_USAGE
    if isinstance(error, DefectError):
        return str(error), DEFECT
    if isinstance(error, click.ClickException | WorkbenchError):
        return f"中止: {error}", REFUSED
    if isinstance(error, OSError) and error.errno:
        where = error.filename if isinstance(error.filename, str) else "出力先"
        reason = storage_reason(error)
        return (
            f"中止: {where} を読み書きできません（{reason}）。空き容量と権限を確認してください。{_UNCHANGED}",
            REFUSED,
        )
    return f"プログラムの誤りで止まりました（{place_of(error)}）。{_UNCHANGED}", DEFECT


def _usage(error: click.UsageError) -> str:
    hint = f"説明は {error.ctx.command_path if error.ctx else 'workbench'} --help で読めます。"
    if isinstance(error, click.MissingParameter) and error.param is not None:
        parameter = error.param
        name = parameter.opts[-1] if isinstance(parameter, click.Option) else parameter.make_metavar(error.ctx)
        return f"使い方の誤り: {name} を指定してください。{hint}"
    message = error.format_message().strip()
    return f"使い方の誤り: {message}{'' if message.endswith('。') else '。'}{hint}"
