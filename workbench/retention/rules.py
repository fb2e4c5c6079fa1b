"""How long what is kept: rules as data, each with its basis and the day from which it holds."""

import tomllib
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from workbench.errors import SettingsError, shown_key
from workbench.lawdates import day_after_reaching_months, fiscal_year, fy_end

RULES_FILE = "retention.toml"
KEPT_HERE = ("snapshot", "vault", "report", "restricted", "quarantine")

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Rule(BaseModel):
    """One class of records from one day on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    record_class: Annotated[
        str, StringConstraints(pattern=r"^(snapshot|vault|report|restricted|quarantine|ledger|source\.\w+)$")
    ]
    title: _Text
    keep_months: int = Field(default=0, ge=0, le=1200)
    forever: bool = False
    counted_from: Literal["day", "fiscal_year_end"] = "day"
    basis: _Text
    source: _Text
    effective_from: date
    confirmed: bool

    @model_validator(mode="after")
    def _has_one_period(self) -> Self:
        """Refuse a rule with two periods or none, and one that would let the ledger go."""
        if self.forever == bool(self.keep_months) or (self.record_class == "ledger" and not self.forever):
            msg = "one period"
            raise ValueError(msg)
        return self

    def last_day(self, day: date) -> date | None:
        """Return the last day on which a record of `day` is kept; None for ever."""
        if self.forever:
            return None
        start = fy_end(fiscal_year(day)) if self.counted_from == "fiscal_year_end" else day
        return day_after_reaching_months(start, self.keep_months)


def load_rules(path: Path | None = None) -> tuple[Rule, ...]:
    """Read `path`, ./retention.toml, or the rules that come with the workbench.

    Raises:
        SettingsError: the file cannot be read, or a rule is unknown, incomplete or contradicts itself.
    """
    own = path or (Path(RULES_FILE) if Path(RULES_FILE).exists() else None)
    name = own or files(__package__).joinpath("rules.toml")
    try:
        raw = tomllib.loads(name.read_text(encoding="utf-8"))
        rules = tuple(Rule.model_validate(rule) for rule in raw["rule"])
        if len({(rule.record_class, rule.effective_from) for rule in rules}) == len(rules):
            return rules
        problem = "に、同じ種類で同じ日に始まる規則が2つ以上あります"
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError):
        problem = "をUTF-8のTOMLとして読めません"
    except ValidationError as error:
        fields = sorted({shown_key(item["loc"][0]) for item in error.errors() if item["loc"]})
        problem = f"の項目 {', '.join(fields) or 'keep_months と forever'} が正しくありません"
    msg = f"保存期間のファイル {name} {problem}。docs/settings.md と見比べてください。何も削除していません。"
    raise SettingsError(msg)


def in_force(rules: tuple[Rule, ...], record_class: str, day: date) -> Rule | None:
    """Return the rule of a class that holds on `day`: the latest that has begun."""
    begun = [rule for rule in rules if rule.record_class == record_class and rule.effective_from <= day]
    return max(begun, key=lambda rule: rule.effective_from, default=None)
