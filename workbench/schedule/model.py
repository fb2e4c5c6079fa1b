"""What a programme file may say: the schema of the statute's data.

Every table refuses an unknown key. Every row that states law or guidance names its `source` (with the key of the
project's list of sources, decision rules-as-data), the `article`, and whether the source was `confirmed`. What each
table means for an answer is in decision evaluation.
"""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    StrictBool,
    StringConstraints,
    model_validator,
)

from workbench.schedule.expressions import parse_day, parse_season_day, parse_span

Day = Annotated[date, Strict()]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]*$")]  # a cohort, an extension, a variant
SlotId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*-[1-9]$")]
Whole = Annotated[int, Strict(), Field(ge=1)]
Sex = Literal["*", "M", "F"]
Stage = Literal["1", "1A", "2"]  # as recorded: 1期・初回, 1期追加・追加, 2期
Episode = Literal["life", "season", "pregnancy"]
Kind = Literal["live_injected", "live_oral", "inactivated"]


def _is_day(text: str) -> str:
    parse_day(text.replace("{age}", "65"))
    return text


def _is_span(text: str) -> str:
    parse_span(text)
    return text


def _is_season_day(text: str) -> str:
    parse_season_day(text)
    return text


DayText = Annotated[str, AfterValidator(_is_day)]
SpanText = Annotated[str, AfterValidator(_is_span)]
SeasonDay = Annotated[str, AfterValidator(_is_season_day)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fact(_Row):
    """A statement of law or guidance, and where it stands."""

    source: Text
    article: Text
    confirmed: StrictBool
    note: Text | None = None


class _Births(_Row):
    births_from: Day | None = None
    births_until: Day | None = None

    def has_birth(self, birth: date) -> bool:
        """Tell whether the row concerns who was born on `birth`."""
        return (self.births_from or date.min) <= birth <= (self.births_until or date.max)


class FedBy(_Births):
    """Recorded doses that count in a series: a vaccine, given `from` a day of life on, or `before` it.

    A dose of a vaccine that has a series of its own may be `judged_by` that one: by the windows of its slots, place by
    place, and by the intervals that name the vaccine.
    """

    vaccine: Code
    sex: Sex = "*"
    judged_by: Code | None = None
    from_day: DayText | None = Field(None, alias="from")
    before_day: DayText | None = Field(None, alias="before")


class Series(_Row):
    """Slots that doses fill in the order of their dates."""

    series: Code
    slots: Annotated[list[SlotId], Field(min_length=1)]
    fed_by: Annotated[list[FedBy], Field(min_length=1)]
    episode: Episode = "life"


class Slot(_Row):
    """One place that a dose can fill; its id is the code of domain language and the dose within the code."""

    slot: SlotId
    label: Text
    exempt_by: Code  # exemptions and 長期療養特例 recorded for this vaccine concern the slot
    sex: Sex = "*"
    stage: Stage | None = None  # how a dose of this slot is recorded
    number: Whole | None = None

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


class Seasons(_Row):
    """The 年度 of a seasonal programme, and the first and last day of each season (月-日 of the 年度)."""

    first_year: Whole
    last_year: Whole
    opens: SeasonDay
    closes: SeasonDay


class LegalWindow(_Version, _Births):
    """Who is eligible: first and last day as words of `expressions`; without `closes` there is no last day."""

    opens: DayText
    closes: DayText | None = None
    cohort: Name | None = None
    extension: Name | None = None  # a measure beside the ordinary window, shown apart
    ages: list[Whole] = []
    seasons: Seasons | None = None
    retroactive: StrictBool = False

    @property
    def is_repeated(self) -> bool:
        """Whether the row stands for several, by age or by season."""
        return bool(self.ages or self.seasons)


class StandardPeriod(_Version):
    """標準的な接種期間: guidance, never law. Where there is none the whole window is standard."""

    standard_from: DayText
    standard_until: DayText


class Interval(Fact):
    """How long after the dose that fills slot `after`: `minimum` is law, the standard guidance."""

    slots: Annotated[list[SlotId], Field(min_length=1)]
    after: SlotId
    minimum: SpanText | None = None
    standard_from: SpanText | None = None
    standard_until: SpanText | None = None
    series: list[Code] = []  # empty: every series that holds the slots
    variants: list[Name] = []  # empty: every variant
    vaccines: list[Code] = []  # for doses of these, in place of the rows of the slot for all others
    effective_from: Day | None = None
    effective_to: Day | None = None

    @property
    def rule(self) -> str:
        """The name of this combination in the calendar table, as 20d/20d-56d."""
        standard = f"{self.standard_from or ''}-{self.standard_until or ''}"
        return self.minimum if self.minimum and standard == "-" else f"{self.minimum or ''}/{standard}"

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.minimum or self.standard_from or self.standard_until):
            msg = "minimum か standard_from か standard_until を書いてください"
            raise ValueError(msg)
        return self


class Variant(Fact, _Births):
    """The slots of a series that are needed; the first row that fits the first dose decides."""

    series: Code
    variant: Name
    label: Text  # in an explanation: 「生後7月に至るまでに1回目」
    slots: Annotated[list[SlotId], Field(min_length=1)]
    first_from: DayText | None = None  # day of life of the first dose, both included
    first_until: DayText | None = None
    first_products: list[Text] = []


class Skip(Fact):
    """Slots that a dose cannot fill: given after a day of life, or following a dose given after it."""

    series: Code
    variants: list[Name] = []
    slots: Annotated[list[SlotId], Field(min_length=1)]
    dose_after: DayText | None = None
    previous_after: DayText | None = None

    @model_validator(mode="after")
    def _one_day(self) -> Self:
        if (self.dose_after is None) == (self.previous_after is None):
            msg = "dose_after か previous_after のどちらか1つを書いてください"
            raise ValueError(msg)
        return self


class Waive(Fact):
    """Slots not needed unless the dose at `second` came sooner than `at_least` after that at `first`."""

    series: Code
    variants: Annotated[list[Name], Field(min_length=1)]
    slots: Annotated[list[SlotId], Field(min_length=1)]
    first: SlotId
    second: SlotId
    at_least: SpanText


class LongTerm(Fact):
    """長期療養特例: `years` from the day on which the reason ended, at most `until` a day of life."""

    slots: Annotated[list[SlotId], Field(min_length=1)]
    years: Whole
    until: DayText | None = None
    effective_from: Day


class Programme(Fact):
    """One file of `programmes`: a 定期接種 with its series, slots, windows and intervals."""

    programme: Code
    name: Text
    category: Literal["A", "B"]
    display_order: Whole
    effective_from: Day
    effective_to: Day | None = None
    slot: Annotated[list[Slot], Field(min_length=1)]
    series: Annotated[list[Series], Field(min_length=1)]
    window: Annotated[list[LegalWindow], Field(min_length=1)]
    standard: list[StandardPeriod] = []
    interval: list[Interval] = []
    variant: list[Variant] = []
    skip: list[Skip] = []
    waive: list[Waive] = []
    long: list[LongTerm] = []


class Vaccine(_Row):
    """A vaccine code of the records, and what kind of vaccine it is."""

    vaccine: Code
    name: Text
    kind: Kind


class Product(Fact):
    """A product whose kind matters: the words it is recorded by, and the days on which it is lawful."""

    vaccine: Code
    product: Text
    names: Annotated[list[Text], Field(min_length=1)]
    effective_from: Day
    effective_to: Day | None = None


class Between(Fact):
    """Minimum interval between doses of different vaccines, by their kinds."""

    earlier: Annotated[list[Kind], Field(min_length=1)]
    later: Annotated[list[Kind], Field(min_length=1)]
    minimum: SpanText
    effective_from: Day
    effective_to: Day | None = None


class Cohort(Fact, _Births):
    """Membership that a birth date alone does not decide."""

    cohort: Name
    special: Text | None = None  # a recorded kind, for the vaccine of the slot
    vaccine: Code | None = None  # or a count of its doses from one day to another
    at_least: Whole | None = None
    fewer_than: Whole | None = None
    given_from: Day | None = None
    given_until: Day | None = None


class Choice(Fact, _Births):
    """Which series of a group a history needs; the first row whose conditions all hold decides."""

    group: Code
    series: Annotated[list[Code], Field(min_length=1)]
    others: Literal["wrong_product", "extra"] = "extra"  # what a dose of the group is that feeds none of them
    any_of: list[Code] = []
    also_any_of: list[Code] = []
    first: list[Code] = []
    cohort: Name | None = None
    effective_from: Day | None = None
    effective_to: Day | None = None


class Group(_Row):
    """Series of which a history needs some only."""

    group: Code
    series: Annotated[list[Code], Field(min_length=2)]
    order: list[Code] = []  # vaccines, the one first that counts as earlier on one day
    episode: Episode = "life"
    effective_from: Day | None = None  # before it there was nothing to choose
    counts_long_term: StrictBool = False  # without a dose, 長期療養特例 counts in any_of as one


class Reading(_Row):
    """Choices where offices read guidance differently."""

    standard_upper_days: Literal["clear", "elapsed"]


class Edition(_Row):
    """`schedule.toml`: what holds for all programmes."""

    version: Day
    reading: Reading
    vaccine: Annotated[list[Vaccine], Field(min_length=1)]
    product: list[Product] = []
    between: list[Between] = []
    cohort: list[Cohort] = []
    group: list[Group] = []
    choice: list[Choice] = []
