"""One person of a snapshot as a case, so that pseudonyms and invented persons are answered the same way."""

from contextlib import suppress
from datetime import date
from typing import Any

from pydantic import ValidationError

from workbench.errors import ParameterError
from workbench.evaluation import Case
from workbench.records import parse_person_id
from workbench.settings import Home
from workbench.snapshot import open_snapshot

_DOSE = ("vaccine", "given_on", "product", "stage", "dose_no", "legal_class")
_EXEMPTION = ("vaccine", "reason", "from_on", "until_on")
_SPECIAL = ("kind", "vaccine", "reason_end_on")
_PERSON = ("birth_date", "birth_earliest", "birth_latest", "sex", "resident_until", "residency")


def person_case(person_id: str, *, as_of: date | None = None, home: Home | None = None) -> Case:
    """Return what the current snapshot holds on a person, for a day or the day of extraction.

    Raises:
        ParameterError: it is no pseudonym, or the snapshot does not hold it.
    """
    try:
        number = parse_person_id(person_id)
    except ValueError:
        number = None
    if number is None:
        msg = "PERSON_ID は p と16桁の16進数（0-9、a-f）で指定してください。名簿の person_id の列にあります。"
        raise ParameterError(msg)
    with open_snapshot(home) as connection:

        def rows(table: str, columns: tuple[str, ...], order: str = "ALL") -> list[dict[str, Any]]:
            sql = f'SELECT {", ".join(columns)} FROM "{table}" WHERE person_id = $id ORDER BY {order}'
            found = connection.execute(sql, {"id": number}).fetchall()
            return [dict(zip(columns, values, strict=True)) for values in found]

        people = rows("person", _PERSON)
        doses = rows("dose", _DOSE, "given_on, rowid")
        exemptions, special = rows("exemption", _EXEMPTION), rows("special", _SPECIAL)
        [[extracted_on]] = connection.execute("SELECT extracted_on FROM about").fetchall()
    if not people:
        msg = "その PERSON_ID の人は今のスナップショットにいません。同じスナップショットの名簿か確かめてください。"
        raise ParameterError(msg)
    fields = people[0] | {"died": people[0].pop("residency") == "died", "as_of": as_of or extracted_on}
    fields |= {"doses": doses, "exemptions": exemptions, "special": special, "extracted_on": extracted_on}
    with suppress(ValidationError):  # its words would quote the value
        return Case.model_validate(fields)
    msg = "その人の記録に、説明できない項目があります。取り込みの結果（保留・注意の一覧）を確かめてください。"
    raise ParameterError(msg)
