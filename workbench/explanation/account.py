"""The account of one person, sentence by sentence."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from workbench.explanation.rules import PersonRules, citation
from workbench.explanation.words import read_day, say, span_words, texts
from workbench.lawdates import LAW_FROM, wareki_with_weekday
from workbench.schedule.model import Interval

Answer = dict[str, Any]

NOW = ("closing", "due", "late", "open")  # in the order in which they are urgent
_DATES = ("opens_on", "standard_from", "standard_until", "closes_on", "earliest_next_on", "given_on")
_MERGED = ("status", "reason", *_DATES)
_SETTLED = ("status", "reason", "opens_on", "closes_on", "given_on")  # what is told where nothing is pending
_RULED = ("before_programme", "other_series", "variant", "waived", "cut_off")  # reasons that an article gives
_PENDING = (*NOW, "not_yet_open")


def account(person: PersonRules) -> Iterator[str]:
    """Yield the lines of an account: what can be had today, the doses, the slots by programme, the rest."""
    case = person.case
    yield say("account", "person", birth=case.birth_date, sex=texts()["sex"][case.sex], as_of=case.as_of)
    yield ""
    yield from _now(person)
    yield from doses(person)
    yield ""
    yield say("account", "slots")
    mine = [row for row in person.answer["slots"] if row["status"] != "not_applicable"]
    later = list(_later(person, mine))
    mine = [row for row in mine if row not in later]
    for _, rows in groupby(mine, lambda row: person.programmes[row["slot"]].programme):
        yield from _programme(person, list(rows))
    if not mine:
        yield say("account", "slots_none")
    yield ""
    yield from _later_lines(person, later)
    yield from _others(person)


def merged(person: PersonRules, rows: Iterable[Answer], *, settled: bool = False) -> Iterator[list[Answer]]:
    """Yield neighbouring slots of a programme of which the same is to be said."""

    def told(row: Answer) -> tuple[object, ...]:
        names = _MERGED if row["status"] in _PENDING and not settled else _SETTLED
        ahead = [one.after for one in _ahead(person, row)]
        return person.programmes[row["slot"]].programme, ahead, *(row[name] for name in names)

    for _, found in groupby(rows, told):
        yield list(found)


def label_of(person: PersonRules, rows: Sequence[Answer]) -> str:
    """Name slots of one programme, what they share once: 小児用肺炎球菌 初回1回目・初回2回目."""
    labels = [person.slots[row["slot"]].label for row in rows]
    return "・".join([labels[0], *(_short(label, labels[0]) for label in labels[1:])])


def _short(label: str, first: str) -> str:
    shared = 0
    while shared < min(len(label), len(first)) and label[shared] == first[shared]:
        shared += 1
    cut = max(label.rfind(mark, 0, shared) for mark in " ）")
    return label[cut + 1 :] if cut >= 0 else label


def _now(person: PersonRules) -> Iterator[str]:
    groups = [rows for rows in merged(person, person.answer["slots"]) if rows[0]["status"] in NOW]
    if not groups:
        yield say("account", "now_none")
        yield ""
        return
    yield say("account", "now")
    for rows in sorted(groups, key=lambda rows: NOW.index(rows[0]["status"])):
        closes = read_day(rows[0]["closes_on"])
        until = say("dates", "closes", closes=closes) if closes else say("dates", "closes_open")
        status = texts()["status"][rows[0]["status"]]
        yield say("account", "now_line", label=label_of(person, rows), status=status, closes=until)
    for programmes in person.alternatives(row["slot"] for rows in groups for row in rows):
        yield say("account", "now_either", names="と".join(programme.name for programme in programmes))
    yield ""


def _later(person: PersonRules, rows: list[Answer]) -> Iterator[Answer]:
    """Yield the slots whose window lies ahead and whose programme has nothing else to tell."""
    for _, found in groupby(rows, lambda row: person.programmes[row["slot"]].programme):
        group = list(found)
        if {row["reason"] for row in group} == {"before_window"}:
            yield from group


def _later_lines(person: PersonRules, rows: list[Answer]) -> Iterator[str]:
    if rows:
        yield say("account", "later")
    for group in merged(person, rows, settled=True):
        first = group[0]
        articles = citation(fact for row in group for fact in person.of_slot(row))
        words = {"label": label_of(person, group), "articles": say("account", "other_why", articles=articles)}
        name = "later_line" if first["closes_on"] else "later_line_open"
        yield say("account", name, opens=read_day(first["opens_on"]), closes=read_day(first["closes_on"]), **words)
    if rows:
        yield ""


def doses(person: PersonRules) -> Iterator[str]:
    """Yield two lines for each recorded dose: how it was judged with its numbers, and on what that rests."""
    if not person.answer["doses"]:
        yield say("account", "doses_none")
        return
    yield say("account", "doses")
    for number, dose in enumerate(person.answer["doses"], 1):
        says = "".join([reason_of_dose(dose), *_before_the_data(dose), *_dose_numbers(person, dose)])
        evaluation = texts()["evaluation"][dose["evaluation"]]
        given, vaccine = read_day(dose["given_on"]), vaccine_name(person, dose["vaccine"])
        yield say("account", "dose", number=number, given=given, vaccine=vaccine, evaluation=evaluation, says=says)
        articles = citation(person.of_dose(dose))
        if articles:
            yield say("account", "why", articles=articles)


def vaccine_name(person: PersonRules, vaccine: str) -> str:
    """Name a vaccine as people do."""
    names = {row.vaccine: row.name for row in person.rules.edition.vaccine}
    return names.get(vaccine) or say("account", "unknown_vaccine")


def reason_of_dose(dose: Answer) -> str:
    """Say why a dose is judged as it is."""
    chosen = dose["reason"] == "wrong_product" and dose["slot"] is None
    return say("dose", "wrong_product_choice" if chosen else dose["reason"])


def _before_the_data(answer: Answer) -> Iterator[str]:
    """Say so where the law of a day is not in the data: what was given then may have been right."""
    given = read_day(answer["given_on"])
    if answer["reason"] == "not_in_force" and given and given < LAW_FROM:
        yield say("dates", "before_data", first=LAW_FROM)


def _dose_numbers(person: PersonRules, dose: Answer) -> Iterator[str]:
    is_judged = dose["evaluation"] != "impossible"
    opens, closes = (read_day(dose.get(name)) if is_judged else None for name in ("opens_on", "closes_on"))
    if opens and closes:
        yield say("dates", "dose_window", opens=opens, closes=closes)
    elif opens:
        yield say("dates", "dose_window_open", opens=opens)
    if dose.get("earliest_on"):
        yield say("dates", "dose_earliest", earliest=read_day(dose["earliest_on"]))
    if dose["reason"] == "other_vaccine" and (found := person.other_vaccine(dose)):
        row, earlier, allowed = found
        name, given = vaccine_name(person, earlier["vaccine"]), read_day(earlier["given_on"])
        yield say("dates", "dose_other", vaccine=name, given=given, span=span_words(row.minimum), earliest=allowed)
    if dose["slot"]:
        yield say("dates", "dose_slot", slot=person.slots[dose["slot"]].label)
    else:
        yield say("dates", "dose_no_slot")


def _programme(person: PersonRules, rows: list[Answer]) -> Iterator[str]:
    yield say("account", "programme", name=person.programmes[rows[0]["slot"]].name)
    variant = person.variant(rows[0]["slot"])
    if variant and any(row["status"] not in ("missed", "excluded") for row in rows):
        yield say("account", "regime", label=variant.label, articles=citation([variant]))
    for group in merged(person, rows):
        first = group[0]
        says = "".join([reason_of_slot(person, first), *_before_the_data(first), *_slot_dates(person, first)])
        status = texts()["status"][first["status"]]
        yield say("account", "slot", label=label_of(person, group), status=status, says=says)
        yield say("account", "why", articles=citation(fact for row in group for fact in _of_slot(person, row)))
        yield say("account", "change", change=_filled(person, first, "change"))


def _of_slot(person: PersonRules, row: Answer) -> Iterator[Any]:
    """Yield what an answer rests on; that of a filled slot rests on the judgement of its dose."""
    for dose in person.answer["doses"]:
        if row["given_on"] and (dose["slot"], dose["given_on"]) == (row["slot"], row["given_on"]):
            yield from person.of_dose(dose)
            return
    own = person.own_window(row)
    yield from [own[0]] if own else person.of_slot(row)


def reason_of_slot(person: PersonRules, row: Answer) -> str:
    """Say why a slot stands as it does."""
    return _filled(person, row, "says")


def _filled(person: PersonRules, row: Answer, key: str) -> str:
    days = {name: read_day(row[name]) for name in _DATES}
    words = {name: wareki_with_weekday(day) for name, day in days.items() if day}
    number = (days["closes_on"] - person.case.as_of).days if days["closes_on"] else None
    left = say("dates", "left", number=number) if number else say("dates", "left_none")
    short = {"given": "given_on", "opens": "opens_on", "closes": "closes_on", "from": "standard_from"}
    short |= {"earliest": "earliest_next_on"}
    named = {name: words.get(column, "") for name, column in short.items()}
    return texts()["slot"][row["reason"]][key].format(**named, left=left)


def _slot_dates(person: PersonRules, row: Answer) -> Iterator[str]:
    own = person.own_window(row)
    opens, closes = own[1] if own else (read_day(row["opens_on"]), read_day(row["closes_on"]))
    first, last = read_day(row["standard_from"]), read_day(row["standard_until"])
    if row["status"] == "excluded":
        yield from _exemption(person, row)
    if opens and closes:
        yield say("dates", "window_passed" if closes < person.case.as_of else "window", opens=opens, closes=closes)
    elif opens:
        yield say("dates", "window_open", opens=opens)
    if closes and person.long_term(row["slot"], person.case.as_of, (closes, closes)):
        yield say("dates", "long")
    is_pending = row["status"] in _PENDING
    if is_pending and first and last and (first, last) != (opens, closes) and first < last:
        name = "standard_passed" if last < person.case.as_of else "standard"
        yield say("dates", name, **{"from": first, "until": last})
    if is_pending:
        yield from _interval(person, row)


def _interval(person: PersonRules, row: Answer) -> Iterator[str]:
    earliest = read_day(row["earliest_next_on"])
    if earliest and (found := person.interval(row["slot"], earliest, person.case.as_of)):
        interval, given = found
        after = person.slots[interval.after].label
        yield say("dates", "interval", after=after, given=given, span=span_words(interval.minimum))
        waits = "earliest_alone" if row["reason"] in ("waiting_previous", "before_window") else "earliest"
        yield say("dates", "earliest_passed" if earliest <= person.case.as_of else waits, earliest=earliest)
    ahead = _ahead(person, row)
    parts = [
        say("dates", "waiting_part", after=person.slots[one.after].label, span=span_words(one.minimum)) for one in ahead
    ]
    if parts:
        yield say("dates", "waiting", parts="、".join(parts))


def _ahead(person: PersonRules, row: Answer) -> list[Interval]:
    return person.intervals_ahead(row["slot"], person.case.as_of) if row["reason"] == "waiting_previous" else []


def _exemption(person: PersonRules, row: Answer) -> Iterator[str]:
    vaccine, as_of = person.slots[row["slot"]].exempt_by, person.case.as_of
    for one in person.case.exemptions:
        is_in_force = (one.from_on or date.min) <= as_of and (one.until_on is None or as_of <= one.until_on)
        if one.vaccine == vaccine and one.reason == row["reason"] and is_in_force:
            if one.from_on:
                yield say("dates", "exempt_from", **{"from": one.from_on})
            yield say("dates", "exempt_until", until=one.until_on) if one.until_on else say("dates", "exempt_open")
            return


def _others(person: PersonRules) -> Iterator[str]:
    """Yield one line for each reason for which slots are not concerned."""
    rows = [row for row in person.answer["slots"] if row["status"] == "not_applicable"]
    if not rows:
        return
    yield say("account", "others")
    for reason in texts()["slot"]:
        mine = [row for row in rows if row["reason"] == reason]
        if mine:
            yield _other(person, reason, mine)


def _other(person: PersonRules, reason: str, rows: list[Answer]) -> str:
    groups = [list(found) for _, found in groupby(rows, lambda row: person.programmes[row["slot"]].programme)]
    labels = [_whole_or_part(person, group) for group in groups]
    articles = citation(fact for row in rows for fact in person.of_slot(row))
    why = say("account", "other_why", articles=articles) if articles and reason in _RULED else ""
    variants = dict.fromkeys(one.label for row in rows if (one := person.variant(row["slot"])) and reason == "variant")
    says = texts()["slot"][reason]["says"] + "".join(say("account", "variant", label=label) for label in variants)
    return say("account", "other", says=says, labels="、".join(labels), articles=why)


def _whole_or_part(person: PersonRules, rows: list[Answer]) -> str:
    programme = person.programmes[rows[0]["slot"]]
    return programme.name if len(rows) == len(programme.slot) else label_of(person, rows)
