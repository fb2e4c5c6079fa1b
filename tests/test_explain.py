"""The account of one person: what a clerk reads out, for twenty varied persons; and that no answer lacks its text."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.desk import Desk
from tests.tables import rows
from workbench import schedule
from workbench.evaluation import Case, evaluate_cases
from workbench.explanation import explain
from workbench.explanation.words import span_words
from workbench.lawdates import wareki_with_weekday
from workbench.queries import describe

TEXTS = tomllib.loads((Path(__file__).parents[1] / "workbench/explanation/texts.toml").read_text(encoding="utf-8"))
BORN = "2024-05-10"

# Persons: birth, sex, as_of, doses (vaccine day [product] [class]), further keys as JSON.
CASES = {
    "last day of MR": ["2024-05-10", "F", "2026-05-09", "", {}],
    "MR done": ["2024-05-10", "F", "2026-11-01", "MR 2025-06-01", {}],
    "MR a day too early": ["2024-05-10", "F", "2026-11-01", "MR 2025-05-08", {}],
    "MR a day too late": ["2024-05-10", "M", "2026-11-01", "MR 2026-05-10", {}],
    "VAR too soon after VAR": ["2024-05-10", "F", "2026-11-01", "VAR 2025-06-01, VAR 2025-07-01", {}],
    "VAR too soon after MR": ["2024-05-10", "M", "2025-11-01", "MR 2025-06-02, VAR 2025-06-20", {}],
    "hepatitis B begun": ["2026-03-10", "M", "2026-06-01", "HEPB 2026-05-15, M 2026-03-01", {}],
    "rotavirus changed": ["2026-03-10", "M", "2026-08-01", "ROTA1 2026-05-15, ROTA5 2026-06-20", {}],
    "five in one begun": ["2026-03-10", "F", "2026-05-20", "DPIH 2026-05-15", {}],
    "five in one for Hib": ["2018-01-10", "F", "2024-06-01", "HIB 2018-03-10, DPTI 2018-04-10, DPIH 2024-05-01", {}],
    "PCV begun late": ["2025-03-10", "F", "2026-11-01", "PCV 2026-10-01 PCV20", {}],
    "HPV third dose needed": ["2013-06-01", "F", "2026-11-01", "HPV 2026-05-01 9価, HPV 2026-05-15 9価", {}],
    "HPV third dose waived": ["2013-06-01", "F", "2026-12-01", "HPV 2026-05-01 9価, HPV 2026-11-01 9価", {}],
    "HPV of a product no longer lawful": ["2013-06-01", "F", "2026-11-01", "HPV 2026-05-01 2価", {}],
    "JE by 特例": ["2006-10-01", "M", "2026-09-10", "JE 2026-09-01", {}],
    "shingles changed": ["1956-07-01", "M", "2026-11-01", "HZL 2026-06-01, HZR 2026-08-01", {}],
    "influenza of the season": ["1956-07-01", "F", "2026-11-01", "FLU 2026-10-20", {}],
    "sixty-five, nothing begun": ["1961-07-01", "F", "2026-11-01", "", {}],
    "infant, nothing begun": ["2026-08-01", "F", "2026-10-20", "", {}],
    "before the law in the data": ["2011-01-10", "F", "2026-11-01", "HPV 2012-05-10 2価", {}],
    "pregnant": [
        *("1995-02-01", "F", "2026-11-01", ""),
        {"special": [{"kind": "pregnancy", "vaccine": "RSVM", "reason_end_on": "2027-01-10"}]},
    ],
    "ill for long": [
        *("2023-05-01", "F", "2026-11-01", ""),
        {"special": [{"kind": "long_term_care", "vaccine": "MR", "reason_end_on": "2025-02-01"}]},
    ],
    "had chickenpox, declined MR": [
        *("2020-05-01", "F", "2026-11-01", ""),
        {
            "exemptions": [
                {"vaccine": "VAR", "reason": "had_disease", "from_on": "2022-01-01"},
                {"vaccine": "MR", "reason": "declined"},
            ]
        },
    ],
    "records nobody can read": [
        *(
            "2025-03-10",
            "F",
            "2026-11-01",
            "unknown 2025-08-01, MR 2025-03-09, MR 2026-11-05, BCG 2025-08-20, M 2026-04-01",
        ),
        {},
    ],
    "born some day of 2021": [
        *(None, "M", "2026-11-01", "MR 2022-06-01"),
        {"birth_earliest": "2021-01-01", "birth_latest": "2021-12-31"},
    ],
    "born in one of five years": [
        *(None, "M", "2025-11-01", ""),
        {"birth_earliest": "1955-06-01", "birth_latest": "1960-06-01"},
    ],
    "born nobody knows when": [None, "U", "2026-11-01", "MR 2022-06-01", {}],
}

# What must be heard, as one stretch of the account.
SAID = rows("""
person                            | sentence
----------------------------------|------------------------------------------------------------------------------------
last day of MR                    | 麻しん風しん混合（MR）第1期：期限が近づいています。令和8年5月9日（土）までです。
last day of MR                    | 令和8年5月9日（土）までで、今日が最後の日です。
last day of MR                    | 接種の記録はありません。
five in one begun                 | B型肝炎 1回目から139日以上、B型肝炎 2回目から6日以上空ける決まりです。
MR a day too late                 | 対象期間は令和7年5月9日（金）から令和8年5月9日（土）まででした。
MR a day too late                 | （未確認）とある根拠は、条文の原本でまだ確かめていないものです。
five in one begun                 | 5種混合 初回1回目を受けた令和8年5月15日（金）から20日以上空ける
MR done                           | 1. 令和7年6月1日（日） 麻しん風しん混合：有効。法令のとおりに受けています。
MR done                           | 第1期：済んでいます。令和7年6月1日（日）に、定期接種として受けました。
MR a day too early                | 麻しん風しん混合：時期より早い接種。対象期間が始まる前に受けています。
MR a day too early                | その日の法令による対象期間は令和7年5月9日（金）から令和8年5月9日（土）まで。
MR a day too late                 | 令和8年5月10日（日）に受けましたが、対象期間が終わった後でした。
VAR too soon after VAR            | 前の回からの間隔では令和7年9月1日（月）から受けられました。
VAR too soon after VAR            | 予防接種実施規則第20条
VAR too soon after MR             | その前に麻しん風しん混合を受けた令和7年6月2日（月）から27日以上空ける
VAR too soon after MR             | 決まりで、令和7年6月30日（月）から受けられました。
VAR too soon after MR             | 根拠：定期接種実施要領（令和2年10月1日から）
hepatitis B begun                 | 令和8年10月2日（金）からになります。B型肝炎 2回目から6日以上空ける決まりです。
hepatitis B begun                 | 生まれる前の日付になっています。記録を確かめてください。どの回にも数えません。
rotavirus changed                 | 先に受けた製品と違う種類です。決まりでは、初めに受けた種類で続けます。
rotavirus changed                 | 別のワクチンで受けるため、この種類は要らない：ロタウイルス（5価）
rotavirus changed                 | 予防接種法施行規則第2条の3
five in one begun                 | 5種混合 初回2回目：まだ受けられません。前の回からの間隔が足りません。
five in one begun                 | から20日以上空ける決まりです。次に受けられるのは令和8年6月5日（金）からです。
five in one begun                 | 答えが変わるとき：令和8年6月5日（金）になれば、受けられます。
five in one for Hib               | Hib 追加：済んでいます。令和6年5月1日（水）に、定期接種として受けました。
five in one for Hib               | 対象期間は令和6年4月1日（月）から令和7年7月9日（水）までです。
PCV begun late                    | 受け方：1回目が生後12か月に至った日の翌日から生後24か月に至るまで（2回）。
PCV begun late                    | から60日以上空ける決まりです。次に受けられるのは令和8年12月1日（火）からです。
HPV third dose needed             | HPV 3回目：受けられる時期です。
HPV third dose needed             | 間隔の上では、令和8年8月15日（土）から受けられるようになっています。
HPV third dose waived             | この回は要らない：HPV 3回目。（根拠：予防接種実施規則（ヒト
HPV of a product no longer lawful | 製品の違う接種。その日の定期接種には使えない製品です。
HPV of a product no longer lawful | 予防接種実施規則（令和8年3月31日まで）
JE by 特例                        | 令和8年9月30日（水）までで、あと20日です。
JE by 特例                        | 根拠：予防接種法施行令附則（日本脳炎の特例）。
shingles changed                  | 定期接種実施要領 帯状疱疹（交互接種は認めない）（未確認）
influenza of the season           | インフルエンザ：済んでいます。
influenza of the season           | 根拠：予防接種法施行令第3条第1項（インフルエンザ）（未確認）
sixty-five, nothing begun         | 　帯状疱疹（生）と帯状疱疹（組換え）は、どちらか一方で受けます。
infant, nothing begun             | 　ロタウイルス（1価）とロタウイルス（5価）は、どちらか一方で受けます。
before the law in the data        | 期間がありません。平成25年4月1日（月）より前の決まりは一部しかデータにないため
before the law in the data        | 対象になっていませんでした。平成25年4月1日（月）より前の決まりは一部しかデータに
pregnant                          | 対象期間は令和8年10月18日（日）から令和8年12月19日（土）までです。
pregnant                          | 根拠：予防接種法施行令第3条第1項（未確認）。
ill for long                      | 期限が延びています。
ill for long                      | 根拠：予防接種法施行令第3条第1項、予防接種法施行令第3条第2項。
ill for long                      | 対象期間は令和6年4月30日（火）から令和9年1月31日（日）までです。
had chickenpox, declined MR       | その病気にかかった記録があるため、受ける必要がありません。
had chickenpox, declined MR       | 記録の始まりは令和4年1月1日（土）です。
had chickenpox, declined MR       | お申し出を取り下げていただければ、判定し直します。
records nobody can read           | 記号の分からないワクチン：判定できません。
records nobody can read           | 生まれる前の日付になっています。
records nobody can read           | お答えする基準の日より後の日付になっています。どの回にも数えません。
records nobody can read           | 麻しんか風しんの一方だけの接種です。
born some day of 2021             | 対象期間を決められず、受けられるかどうかを判定できません。
born some day of 2021             | ありうる生年月日は令和3年1月1日（金）から令和3年12月31日（金）までです。
born some day of 2021             | 最も早い生まれなら「有効」、最も遅い生まれなら「時期より早い接種」。
born some day of 2021             | （広く読んだ場合）は令和3年12月31日（金）から令和5年12月30日（土）までです。
born some day of 2021             | （狭く読んだ場合）は令和4年12月30日（金）から令和4年12月31日（土）までです。
born some day of 2021             | 必ず対象になる日（狭く読んだ場合）は令和3年12月31日（金）だけです。
born in one of five years         | 最も早い生まれでも、最も遅い生まれでも「受けられる時期です」。その間の生まれでは
born in one of five years         | 対象期間は、どの日の生まれでも令和7年10月1日（水）から令和8年1月31日（土）までです。
born in one of five years         | その間の生まれでは、どちらとも違うことがあります。
born in one of five years         | 令和12年3月31日（日）までです。必ず対象になると言える日はありません。
born nobody knows when            | ありうる生年月日の範囲が記録にないか、広すぎるため、目安もお伝えできません。
""")


def case_of(name):
    birth, sex, as_of, doses, more = CASES[name]
    read = [dose.split() for dose in doses.split(", ") if dose]
    given = [
        {"vaccine": vaccine, "given_on": day, "product": product[0] if product else None}
        for vaccine, day, *product in read
    ]
    return {"birth_date": birth, "sex": sex, "as_of": as_of, "doses": given} | more


def account_of(name):
    return explain(Case.model_validate(case_of(name)))


@pytest.mark.parametrize("row", SAID, ids=lambda row: f"{row['person']}: {row['sentence'][:20]}")
def test_what_must_be_heard_is_said(row):
    assert row["sentence"] in account_of(row["person"])


def test_the_table_hears_every_person():
    assert len(CASES) >= 20
    assert {row["person"] for row in SAID} == CASES.keys()


@pytest.mark.parametrize("name", sorted(CASES.keys() - {"born nobody knows when"}))
def test_every_account_cites_articles_of_the_data(name):
    text = account_of(name)
    articles = {
        article
        for programme in schedule.load().programmes
        for fact in [programme, *programme.window, *programme.interval, *programme.variant]
        for article in fact.article.split("、")
    }

    assert [line for line in text.splitlines() if line.startswith("　根拠：")]
    assert any(article in text for article in articles)


@pytest.mark.parametrize("name", CASES)
def test_an_account_leaves_nothing_to_fill_in_and_no_word_of_the_program(name):
    text = account_of(name)

    assert not re.search(r"[{}]|None|[a-z]+_[a-z]+|\d{4}-\d{2}-\d{2}|根拠：。", text)


@pytest.mark.parametrize("name", CASES)
def test_an_account_names_every_slot_or_its_programme(name):
    if CASES[name][0] is None:
        return
    text = account_of(name)

    for programme in schedule.load().programmes:
        assert programme.name in text or programme.slot[0].label in text
    [answer] = evaluate_cases([case_of(name)])
    assert sum(slot["status"] != "not_applicable" for slot in answer["slots"]) >= 1


def test_every_recorded_dose_is_accounted_for():
    text = account_of("records nobody can read")

    assert re.findall(r"^(\d)\. ", text, re.MULTILINE) == list("12345")


# ---------------------------------------------------------------- texts and queries agree


def _given(query, after=r"THEN|ELSE"):
    return set(re.findall(rf"(?:{after}) '(\w+)'", describe(query).text))


def test_every_status_has_a_text_and_every_text_its_status():
    assert TEXTS["status"].keys() == _given("slot_status")


def test_every_reason_of_a_slot_has_a_text_and_every_text_its_reason():
    literal = set(re.findall(r"'(\w+)'", describe("slot_reason").text.partition("SELECT\n    d.person_id")[2]))
    exemptions = {"had_disease", "contraindicated", "vaccinated_elsewhere", "declined"}
    filled = {"valid", "private", "too_early", "too_soon", "too_late", "wrong_product", "not_in_force"}

    assert exemptions <= set(re.findall(r"'(\w+)'", describe("slot_status").text))
    assert filled <= set(re.findall(r"'(\w+)'", describe("slot_status").text))
    assert TEXTS["slot"].keys() == (literal - {"U"}) | exemptions | filled


def test_every_evaluation_has_a_text_and_every_text_its_evaluation():
    # In both queries the evaluation is spelled by an outer CASE; what it does not spell out is the reason itself.
    spelled = {"unknown", "private", "too_soon", "impossible", "too_early", "not_in_force", "too_late", "valid"}
    passed = {"duplicate", "extra", "wrong_product"}
    code = describe("judged_dose").text + describe("uncounted_dose").text

    assert all(f"'{word}'" in code for word in spelled | passed)
    assert TEXTS["evaluation"].keys() == spelled | passed


def test_every_reason_of_a_dose_has_a_text_and_every_text_its_reason():
    found = set()
    for query in ("judged_dose", "uncounted_dose"):
        found |= set(re.findall(r"(?:THEN|ELSE|WHEN [012] THEN) '(\w+)'", describe(query).text))
    others = {choice.others for choice in schedule.load().edition.choice}
    translated = {"impossible"}  # an evaluation of several reasons

    # a dose after the day asked about never reaches the queries; a product that a choice excludes has words of its own
    assert TEXTS["dose"].keys() == (found | others) - translated | {"after_as_of", "wrong_product_choice"}


# ---------------------------------------------------------------- days


@pytest.mark.parametrize(("text", "said"), [("27d", "27日以上"), ("6m", "6か月以上"), ("2m15d", "2か月と15日以上")])
def test_a_span_is_said_as_people_say_it(text, said):
    assert span_words(text) == said


# ---------------------------------------------------------------- the command


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("desk")).make_keys()
    assert desk.ingest().code == 0
    return desk


def test_a_case_of_a_file_is_explained(desk, tmp_path):
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case_of("MR done")), encoding="utf-8")
    answer = desk.enter("explain", "--case", file)

    assert answer.code == 0, answer.err
    assert answer.out.rstrip("\n") == account_of("MR done")


def test_every_person_of_a_snapshot_is_explained_without_a_key(desk):
    from workbench.records import format_person_id  # noqa: PLC0415
    from workbench.snapshot import open_snapshot  # noqa: PLC0415

    with open_snapshot(desk.home) as connection:
        people = connection.execute("SELECT person_id, birth_date FROM person").fetchall()
        [[extracted_on]] = connection.execute("SELECT extracted_on FROM about").fetchall()
    for person_id, birth in people:
        answer = desk.enter("explain", format_person_id(person_id), WORKBENCH_PASSPHRASE_FILE="/nowhere")
        assert answer.code == 0, answer.err
        assert f"{wareki_with_weekday(birth)}生まれ" in answer.out
        assert f"{wareki_with_weekday(extracted_on)}現在" in answer.out
        assert "根拠：" in answer.out


def test_another_day_may_be_asked_about(desk):
    from workbench.records import format_person_id  # noqa: PLC0415
    from workbench.snapshot import open_snapshot  # noqa: PLC0415

    with open_snapshot(desk.home) as connection:
        person_id = format_person_id(connection.execute("SELECT min(person_id) FROM person").fetchall()[0][0])

    assert "令和9年1月4日（月）現在" in desk.enter("explain", person_id, "--as-of", "2027-01-04").out


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ([], 2, "どちらか1つ"),
        (["p0123456789abcdef", "--case", "case.json"], 2, "どちらか1つ"),
        (["p0123456789abcdef"], 1, "スナップショットにいません"),
        (["12345"], 1, "p と16桁"),
    ],
)
def test_a_wrong_question_is_refused(desk, arguments, code, word):
    answer = desk.enter("explain", *arguments)

    assert (answer.code, word in answer.err) == (code, True)
    assert "12345" not in answer.err
