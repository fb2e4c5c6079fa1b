"""What a programme file may say: the schema of the statute's data.

Every table refuses an unknown key. Every row that states law or guidance names its `source` (with the key of the
project's list of sources, decision rules-as-data), the `article`, and whether the source was `confirmed`.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, StrictBool, StringConstraints

from workbench.lawdates import UpperReading
from workbench.schedule.expressions import parse_day, parse_span

Day = Annotated[date, Strict()]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*$")]
SlotId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*-[1-9]$")]
Order = Annotated[int, Strict(), Field(ge=1)]
Sex = Literal["*", "M", "F"]
Stage = Literal["*", "-", "1", "1A", "2"]  # as recorded: any, none, 1期・初回, 1期追加, 2期


def _is_day(text: str) -> str:
    parse_day(text)
    return text


def _is_span(text: str) -> str:
    parse_span(text)
    return text


DayText = Annotated[str, AfterValidator(_is_day)]
SpanText = Annotated[str, AfterValidator(_is_span)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fact(_Row):
    """A statement of law or guidance, and where it stands."""

    source: Text
    article: Text
    confirmed: StrictBool
    note: Text | None = None


class FedBy(_Row):
    """Recorded doses that count in a series: a vaccine with these recorded stages."""

    vaccine: Code
    stages: Annotated[list[Stage], Field(min_length=1)]


class Instead(Fact):
    """Who began with one of these vaccines is not judged by the series."""

    vaccines: Annotated[list[Code], Field(min_length=1)]


class Series(_Row):
    """Slots that doses fill in the order of their dates; the slots stand in the order of the file."""

    series: Code
    fed_by: Annotated[list[FedBy], Field(min_length=1)]
    instead: list[Instead] = []


class Slot(_Row):
    """One place that a dose can fill; its id is the code of domain language and the dose within the code."""

    slot: SlotId
    series: Code
    label: Text
    exempt_by: Code  # exemptions recorded for this vaccine concern the slot
    sex: Sex = "*"

    @property
    def code(self) -> str:
        """Programme and stage, as JE1A of JE1A-1."""
        return self.slot.rpartition("-")[0]

    @property
    def dose(self) -> int:
        """The dose within the code."""
        return int(self.slot.rpartition("-")[2])


class _Version(Fact):
    """A fact that holds for some slots from one day of vaccination to another, both included."""

    slots: Annotated[list[SlotId], Field(min_length=1)]
    effective_from: Day
    effective_to: Day | None = None


class LegalWindow(_Version):
    """Who is eligible: first and last day as words of `expressions`; without `closes` there is no last day."""

    opens: DayText
    closes: DayText | None = None
    births_from: Day | None = None
    births_until: Day | None = None


class StandardPeriod(_Version):
    """標準的な接種期間: guidance, never law. Where there is none the whole window is standard."""

    standard_from: DayText
    standard_until: DayText


class Interval(Fact):
    """How long after an earlier dose of the series: `minimum` is law, the standard guidance."""

    slots: Annotated[list[SlotId], Field(min_length=1)]
    after: Order  # position in the series of the dose from which it is counted
    minimum: SpanText
    standard_from: SpanText | None = None
    standard_until: SpanText | None = None

    @property
    def rule(self) -> str:
        """The name of this combination in the calendar table, as 20d/20d-56d."""
        standard = f"{self.standard_from or ''}-{self.standard_until or ''}"
        return self.minimum if standard == "-" else f"{self.minimum}/{standard}"


class Programme(Fact):
    """One file of `programmes`: a 定期接種 with its series, slots, windows and intervals."""

    programme: Code
    name: Text
    category: Literal["A", "B"]
    display_order: Order
    effective_from: Day
    effective_to: Day | None = None
    series: Annotated[list[Series], Field(min_length=1)]
    slot: Annotated[list[Slot], Field(min_length=1)]
    window: Annotated[list[LegalWindow], Field(min_length=1)]
    standard: list[StandardPeriod] = []
    interval: list[Interval] = []

    def positions(self) -> dict[str, int]:
        """Return the place of every slot in its series, from 1."""
        counts: dict[str, int] = {}
        found: dict[str, int] = {}
        for slot in self.slot:
            counts[slot.series] = counts.get(slot.series, 0) + 1
            found[slot.slot] = counts[slot.series]
        return found


class Reading(_Row):
    """Choices where offices read guidance differently."""

    standard_upper_days: UpperReading


class Edition(_Row):
    """`schedule.toml`: what holds for all programmes."""

    version: Day
    vaccines: Annotated[list[Code], Field(min_length=1)]
    reading: Reading
