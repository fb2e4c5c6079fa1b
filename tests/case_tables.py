"""The public case set is drawn as tables; this writes what the drawings say as JSON Lines and as a page to read.

A file of `docs/cases/tables` is a list of blocks. A block begins with lines `name: value` that hold for all its rows,
then a `|`-separated table. In its cells, items are separated by `;`:

doses    MR 2026-03-08 p=9価 s=1A n=2 voluntary > too_early other_vaccine @MR1-1     (after `>`: what is expected)
exempt   VAR had_disease 2025-06-01..2025-06-30
special  long_term_care BCG 2026-05-01
slots    MR1-1,MR2-1 due in_standard window 2026-03-09..2027-03-09 standard .. next - given 2026-05-01

Run `python -m tests.case_tables` after an edit of a drawing.
"""

import json
from pathlib import Path

from tests.tables import rows

CASES = Path(__file__).parents[1] / "docs" / "cases"
DRAWINGS = sorted((CASES / "tables").glob("*.txt"))
RULE_VERSION = "2026-11-01"
LEGAL_CLASSES = ("voluntary", "temporary")
DOSE_WORDS = {"p": "product", "s": "stage", "n": "dose_no"}
SPANS = {"window": ("opens_on", "closes_on"), "standard": ("standard_from", "standard_until")}
DAYS = {"next": "earliest_next_on", "given": "given_on"}


def items(cell):
    return [item.strip() for item in (cell or "").split(";") if item.strip()]


def read_drawing(path):
    """Return the cases of one drawing, numbered in its order."""
    blocks = [block for block in path.read_text(encoding="utf-8").split("\n\n") if block.strip()]
    drawn = [row for block in blocks for row in read_block(block)]
    return [build_case(f"{path.stem}-{number:03}", row) for number, row in enumerate(drawn, 1)]


def read_block(block):
    lines = [line for line in block.splitlines() if line.strip() and not line.startswith("#")]
    same = dict(line.split(":", 1) for line in lines if "|" not in line)
    same = {name.strip(): value.strip() for name, value in same.items()}
    table = "\n".join(line for line in lines if "|" in line)
    return [same | {name: value for name, value in row.items() if value} for row in (rows(table) if table else [])]


def build_case(name, row):
    doses = [read_dose(item) for item in items(row.get("doses"))]
    return {
        "id": name,
        "about": f"{row['topic']}: {row['about']}" if "topic" in row else row["about"],
        "case": {
            "birth_date": None if row["birth"] == "-" else row["birth"],
            "sex": row.get("sex", "F"),
            "as_of": row["as_of"],
            "doses": [dose for dose, _ in doses],
            "exemptions": [read_exemption(item) for item in items(row.get("exempt"))],
            "special": [read_special(item) for item in items(row.get("special"))],
        }
        | {key: row[key] for key in ("extracted_on", "resident_until") if key in row}
        | ({"died": True} if "resident_until" in row else {}),
        "expected": {
            "slots": [slot for item in items(row.get("slots")) for slot in read_slots(item)],
            "doses": [expected for _, expected in doses if expected],
        },
        "rule": row["rule"],
        "source": row["source"],
        "rule_version": RULE_VERSION,
    }


def read_dose(item):
    """Return the recorded dose, and what is expected of it (None: nothing)."""
    record, _, judgement = (part.strip() for part in item.partition(">"))
    vaccine, given_on, *words = record.split()
    dose = {"vaccine": vaccine, "given_on": given_on, "legal_class": "routine"}
    for word in words:
        key, _, value = word.partition("=")
        if key in LEGAL_CLASSES:
            dose["legal_class"] = key
        else:
            dose[DOSE_WORDS[key]] = int(value) if key == "n" else value
    return dose, read_judgement(dose, judgement.split())


def read_judgement(dose, words):
    if not words:
        return None
    expected = {"vaccine": dose["vaccine"], "given_on": dose["given_on"]}
    if words[-1].startswith("@"):
        slot = words.pop()[1:]
        expected["slot"] = None if slot == "-" else slot
    return expected | dict(zip(("evaluation", "reason"), words, strict=False))


def read_exemption(item):
    vaccine, reason, *span = item.split()
    from_on, _, until_on = (span[0] if span else "2000-01-01..").partition("..")
    return {"vaccine": vaccine, "reason": reason, "from_on": from_on, "until_on": until_on or None}


def read_special(item):
    kind, vaccine, *day = item.split()
    return {"kind": kind, "vaccine": vaccine, "reason_end_on": day[0] if day else None}


def read_slots(item):
    names, status, *words = item.split()
    fields = {"status": status}
    if words and words[0] not in SPANS | DAYS:
        fields["reason"] = words.pop(0)
    for key, value in zip(words[::2], words[1::2], strict=True):
        fields |= read_days(key, value)
    return [{"slot": name} | fields for name in names.split(",")]


def read_days(key, value):
    if key in DAYS:
        return {DAYS[key]: None if value == "-" else value}
    return dict(zip(SPANS[key], (day or None for day in value.split("..")), strict=True))


def write_lines(cases):
    return "".join(f"{json.dumps(case, ensure_ascii=False)}\n" for case in cases)


# ---------------------------------------------------------------- the page

INTRODUCTION = """# Worked cases of the statute

{count} invented persons, each with the answer that the law gives on one day. The answers were found by hand from the
sources named, never by running this project's code; `make cases` asks the code. They are free to be used by any system
that judges 定期接種 records (law followed to {version}).

- One file of JSON Lines for each programme. `case` is the input of `workbench evaluate`; `expected` names only the
  slots, doses and fields that the case is about. `null` is expected where it is written; what is not written is free.
- Sources: `[F:KEY]` was seen in a public copy (decision rules-as-data has the keys), `[C]` was computed by hand from
  such a rule, `[M]` is from memory and to be confirmed. R1 to R16 are the rules of date arithmetic of `lawdates`.
- Numbers as 1.4 are sections of the project's notes on the law (*domain* in the glossary), whose examples are cited.
- The files of `tables/` are the drawings; `python -m tests.case_tables` writes the JSON Lines and this page from them.
- Below, 定期 is the class of a dose unless it says otherwise, and `@` names the slot that a dose fills (`@-`: none).
"""
HEADER = "\n| id | case | born | on | history | expected |\n|---|---|---|---|---|---|\n"


def page(drawn):
    """Return the page of all cases: a table under each rule and source."""
    count = sum(len(cases) for cases in drawn.values())
    parts = [INTRODUCTION.format(count=count, version=RULE_VERSION)]
    parts += [f"- [{stem}.jsonl]({stem}.jsonl): {len(cases)} cases\n" for stem, cases in drawn.items()]
    for stem, cases in drawn.items():
        parts += [f"\n## {stem}\n", *section(cases)]
    return "".join(parts)


def section(cases):
    before = None
    for case in cases:
        under = f"\nRule: {case['rule']}. Source: {case['source']}\n"
        if under != before:
            yield under + HEADER
        before = under
        yield line(case)


def line(case):
    person, expected = case["case"], case["expected"]
    history = "; ".join([*map(show_dose, person["doses"]), *map(show_words, person["exemptions"] + person["special"])])
    answer = "; ".join([*map(show_slot, expected["slots"]), *map(show_judgement, expected["doses"])])
    born = f"{person['birth_date'] or '不詳'} {person['sex']}"
    return f"| {case['id']} | {case['about']} | {born} | {person['as_of']} | {history} | {answer} |\n"


def show_words(record):
    return " ".join(str(value) for value in record.values() if value and value != "2000-01-01")


def show_dose(dose):
    return show_words({key: value for key, value in dose.items() if value != "routine"})


def show_slot(slot):
    words = [slot["slot"], f"**{slot['status']}**", slot.get("reason")]
    for name, (first, last) in SPANS.items():
        if first in slot:
            words.append(f"{name} {slot[first] or ''}..{slot[last] or ''}")
    words += [f"{name} {slot[field] or '-'}" for name, field in DAYS.items() if field in slot]
    return " ".join(filter(None, words))


def show_judgement(dose):
    words = [dose["vaccine"], dose["given_on"], dose.get("evaluation"), dose.get("reason")]
    return " ".join(filter(None, [*words, f"@{dose['slot'] or '-'}" if "slot" in dose else None]))


def main():
    drawn = {path.stem: read_drawing(path) for path in DRAWINGS}
    for stem, cases in drawn.items():
        (CASES / f"{stem}.jsonl").write_text(write_lines(cases), encoding="utf-8")
    (CASES / "README.md").write_text(page(drawn), encoding="utf-8")


if __name__ == "__main__":
    main()
