"""What options may be given: days, whole numbers, words of staff. Each refuses in Japanese, at once."""

import getpass
import re
from datetime import date

import click

from workbench.lawdates import read_day
from workbench.ledger import MAX_TEXT, is_staff_text


def account_name() -> str:
    """Return the name of the account that runs this process.

    Raises:
        UsageError: the account has none (a number only, as in some containers).
    """
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        msg = "利用者名が分かりません。--by（keys init では --officer）で名前を指定してください。"
    raise click.UsageError(msg, click.get_current_context(silent=True))


class _Day(click.ParamType):
    name = "日付"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        day = value if isinstance(value, date) else read_day(value)
        if day is None:
            self.fail("暦にある日付を YYYY-MM-DD の形で指定してください。", param, ctx)
        return day


class WholeNumber(click.ParamType):
    """An integer between two bounds, both included; no upper bound where none is given."""

    name = "整数"

    def __init__(self, first: int, last: int | None = None) -> None:
        """Take the bounds."""
        self._first = first
        self._last = last

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number, or refuse."""
        text = str(value)
        number = int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None
        if number is None or number < self._first or (self._last is not None and number > self._last):
            self.fail(f"{self.bounds}の整数で指定してください。", param, ctx)
        return number

    @property
    def bounds(self) -> str:
        """The bounds in words."""
        return f"{self._first:,} 以上" if self._last is None else f"{self._first:,} から {self._last:,} まで"


class _StaffText(click.ParamType):
    """What the ledger takes, so that a load does not run for minutes before the ledger refuses the name."""

    name = "文字"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not is_staff_text(value):
            self.fail(f"1行{MAX_TEXT}文字までで、空でなく、長い番号を含まない文字にしてください。", param, ctx)
        return value


DAY = _Day()
STAFF_TEXT = _StaffText()
BY_OPTION = click.option(
    "--by",
    "actor",
    type=STAFF_TEXT,
    default=account_name,
    metavar="NAME",
    help="台帳に残す実行者。省略すると利用者名。",
)
