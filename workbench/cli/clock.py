"""The only reading of the clock: everything behind the command line is told the moment (promise P9)."""

from datetime import UTC, date, datetime, timedelta, timezone

JAPAN = timezone(timedelta(hours=9), "JST")


def now() -> datetime:
    """Return this moment in Japan's time, to the second."""
    return datetime.now(UTC).astimezone(JAPAN).replace(microsecond=0)


def today() -> date:
    """Return today's date in Japan."""
    return now().date()
