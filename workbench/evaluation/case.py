"""One invented person to evaluate: the form of a case, read strictly.

Every unknown word is refused; a vaccine that no record knows is written `unknown`.
"""

import json
from contextlib import suppress
from datetime import date
from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from workbench import schedule
from workbench.errors import ParameterError, shown_key
from workbench.lawdates import read_day

UNKNOWN = "unknown"


def _read_day(value: object) -> object:
    if value is None or type(value) is date:
        return value
    day = read_day(value) if isinstance(value, str) else None
    if day is None:
        msg = "not a day"
        raise ValueError(msg)
    return day


@cache
def _vaccines() -> frozenset[str]:
    return frozenset(row.vaccine for row in schedule.load().edition.vaccine)


Day = Annotated[date, BeforeValidator(_read_day)]
Vaccine = Annotated[str, Field(min_length=1)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CaseDose(_Form):
    """A recorded dose."""

    vaccine: Vaccine
    given_on: Day
    product: str | None = None
    stage: Literal["1", "1A", "2"] | None = None
    dose_no: Annotated[int, Field(ge=0, le=99)] | None = None
    legal_class: Literal["routine", "voluntary", "temporary"] = "routine"


class CaseExemption(_Form):
    """A reason why the person is not vaccinated against a disease; no day at an end: open."""

    vaccine: Vaccine
    reason: Literal["had_disease", "contraindicated", "declined", "vaccinated_elsewhere"]
    from_on: Day | None = None
    until_on: Day | None = None


class CaseSpecial(_Form):
    """A special reason; of a pregnancy `reason_end_on` is the expected day of delivery."""

    kind: Literal["long_term_care", "pregnancy", "designated_condition", "rubella_antibody_low"]
    vaccine: Vaccine
    reason_end_on: Day | None = None


class Case(_Form):
    """An invented person on a day; without a birth date (不詳) it may be bounded."""

    birth_date: Day | None
    sex: Literal["M", "F", "U"]
    as_of: Day
    doses: list[CaseDose] = []
    exemptions: list[CaseExemption] = []
    special: list[CaseSpecial] = []
    birth_earliest: Day | None = None
    birth_latest: Day | None = None
    extracted_on: Day | None = None
    resident_until: Day | None = None
    died: bool = False


_REASONS = {
    "missing": "項目がありません",
    "extra_forbidden": "使えない項目です",
    "literal_error": "知らない言葉です",
    "value_error": "知らない言葉か、日付（YYYY-MM-DD）でないものです",
}


def read_case(text: str, line: int | None = None) -> Case:
    """Read one case from JSON.

    Raises:
        ParameterError: it is no JSON object, or breaks the form; the message names line and key, never a value.
    """
    where = f"{line}行目の事例" if line else "事例"
    content, fault = _parsed(text), None
    if content is None:
        msg = f"{where}がJSONとして読めません。1件を、同じ項目を2回書かずに、{{ }} で囲んだ1つのJSONにしてください。"
        raise ParameterError(msg)
    try:
        case = Case.model_validate(content)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
    if fault is None:
        return _known(case, where)
    key = ".".join(map(shown_key, fault["loc"])) or "全体"
    reason = _REASONS.get(fault["type"], "値の種類が違います")
    msg = f"{where}の項目 {key} を読めません：{reason}。workbench evaluate --help の形に直してください。"
    raise ParameterError(msg)


def _parsed(text: str) -> object:
    """Return what JSON says, or None where it is none: a key twice, half a character or endless digits are none."""
    with suppress(ValueError, RecursionError):
        content = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse)
        json.dumps(content, ensure_ascii=False).encode()
        return content
    return None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) != len(pairs):
        _refuse("a key twice")
    return content


def _refuse(what: str) -> None:
    raise ValueError(what)


def _known(case: Case, where: str) -> Case:
    for name in ("doses", "exemptions", "special"):
        for number, row in enumerate(getattr(case, name), 1):
            if row.vaccine != UNKNOWN and row.vaccine not in _vaccines():
                msg = (
                    f"{where}の項目 {name}.{number}.vaccine を読めません：知らないワクチンの記号です。"
                    f"記号は {', '.join(sorted(_vaccines()))} か {UNKNOWN} です。"
                )
                raise ParameterError(msg)
    return case
