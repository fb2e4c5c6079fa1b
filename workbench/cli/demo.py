"""`workbench demo`: the main job once, on an invented city, with the same functions the commands use.

The extracts lie beside the installation's folder, all else below it. A second run reuses the city and the keys, and
publishes anew.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich import box
from rich.table import Table

from workbench import approvals, keys, runs
from workbench.approvals import Approval
from workbench.cli import books, passphrase, screen
from workbench.cli.city import write_city
from workbench.cli.keyring import add_officer
from workbench.cli.options import account_name
from workbench.errors import KeyFileError
from workbench.ingest import IngestResult, Job, ingest
from workbench.ledger import Ledger
from workbench.outputs.letter_batch import LetterBatch, make_letters, new_password
from workbench.runs import RunResult
from workbench.settings import Home, Settings
from workbench.snapshot import current
from workbench.vault import Vault

SLOT = "MR2-1"
SLOT_LABEL = "麻しん風しん（MR）第2期"
EXTRACTS = "extracts"
PATH_WIDTH = 160
APPROVER = "実演の承認者"
PURPOSE = "MR第2期の未接種者への勧奨（実演）"


@dataclass
class Tour:
    """What the demonstration made, in order: title, path, remark."""

    home: Home
    settings: Settings
    at: datetime
    made: list[tuple[str, Path, str]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """Print a step with the seconds since the start."""
        screen.console().print(f"[{time.monotonic() - self.started:5.1f} 秒] {text}", markup=False)

    def note(self, title: str, path: Path, remark: str = "") -> None:
        """Remember a product for the closing table."""
        self.made.append((title, path, remark))


def run_demo(home: Home, settings: Settings, *, residents: int, at: datetime) -> None:
    """Run synth, keys, ingest, both reports and the letters for MR 第2期; end with a table of what was made."""
    tour = Tour(home, settings, at)
    master = _keys(tour)
    extracts = _city(tour, residents)
    as_of = _ingest(tour, extracts, master).snapshot.manifest["extracted_on"]
    _report(tour, "coverage", {"as_of": as_of})
    followup = _report(tour, "followup", {"as_of": as_of, "slot": SLOT})
    batch, password = _letters(tour, followup.lists[0], master)
    _closing(tour, batch, password)


def _city(tour: Tour, residents: int) -> Path:
    folder = tour.home.root.parent / EXTRACTS / f"demo-{residents}"  # outside the zones: it holds (invented) My Numbers
    if (folder / "faults.json").exists():
        tour.say(f"架空の市の抽出ファイルは前回のものを使います（{screen.shown(folder)}）。")
    else:
        tour.say(f"架空の市を作ります（住民 {residents:,} 人）。")
        write_city(folder, residents)
    tour.note("抽出ファイル（架空の市）", folder)
    return folder


def _keys(tour: Tour) -> keys.MasterKey:
    demo_file = tour.home.keys / keys.DEMO_PASSPHRASE
    if not keys.exists(tour.home.keys):
        words = keys.write_demo_passphrase(tour.home.keys)
        keys.init(tour.home.keys, officer=account_name(), passphrase=words, at=tour.at)
        tour.say(f"鍵を作りました。実演用のパスフレーズは {screen.shown(demo_file)} にあります（本番では使いません）。")
    elif not demo_file.exists():
        msg = (
            f"{tour.home.root} には本番の鍵があります。架空の市を公開しないよう、中止しました。"
            "環境変数 WORKBENCH_HOME で別の場所を指定してください。何も変更していません。"
        )
        raise KeyFileError(msg)
    tour.note("鍵", tour.home.keys)
    master = passphrase.unlock(tour.home, None)
    if len(keys.status(tour.home.keys).officers) == 1:
        words = keys.write_demo_passphrase(tour.home.keys, keys.DEMO_APPROVER)
        add_officer(tour.home, master, officer=APPROVER, passphrase=words, at=tour.at)
        tour.say(f"2人目の担当者（{APPROVER}）を登録しました。")
    return master


def _approval(tour: Tour, list_file: Path, master: keys.MasterKey) -> tuple[Approval, Ledger]:
    """Ask as the first officer and agree as the second, as two people would at two desks."""
    words = passphrase.read_file(tour.home.keys / keys.DEMO_APPROVER)
    other = keys.unlock(tour.home.keys, officer=APPROVER, passphrase=words)
    ledger = books.open_ledger(tour.home, master)
    number = approvals.request(ledger, list_file, use="letters", purpose=PURPOSE, at=tour.at)
    approvals.approve(books.open_ledger(tour.home, other), number, at=tour.at)
    tour.say(f"手紙の承認を、1人目が申請し、2人目が承認しました（{number}）。")
    return approvals.find(ledger, number, use="letters", at=tour.at), ledger


def _ingest(tour: Tour, extracts: Path, master: keys.MasterKey) -> IngestResult:
    tour.say("取り込みます（個人番号を確認して捨て、氏名と住所は暗号化した名簿へ）。")
    job = Job(extracts=extracts, home=tour.home, master=master, actor=account_name(), at=tour.at)
    with screen.row_progress(screen.file_sizes(extracts)) as progress:
        result = ingest(job, progress)
    screen.console().print(screen.reconciliation(result.files))
    tour.note(
        "スナップショット", result.snapshot.folder, f"{result.snapshot.manifest['tables']['dose']['rows']:,} 接種"
    )
    tour.note("保留・注意の一覧", result.quarantine_report)
    return result


def _report(tour: Tour, name: str, parameters: dict[str, str]) -> RunResult:
    tour.say(f"報告 {name} を作ります。")
    result = runs.run_report(
        name, parameters, home=tour.home, at=tour.at, timeout_seconds=tour.settings.reports.timeout_seconds
    )
    titles = {"coverage": "接種率の報告", "followup": "未接種者の一覧の報告"}
    tour.note(titles[name], result.html)
    tour.note(f"{titles[name]}（Excel）", result.workbook)
    for file in result.lists:
        tour.note("仮名の名簿", file)
    return result


def _letters(tour: Tour, list_file: Path, master: keys.MasterKey) -> tuple[LetterBatch, str]:
    tour.say(f"{SLOT_LABEL}の手紙を作ります。")
    password = new_password()
    approval, ledger = _approval(tour, list_file, master)
    batch = make_letters(
        list_file,
        home=tour.home,
        settings=tour.settings,
        vault=Vault(tour.home.vault / current(tour.home).id, master.derive("vault")),
        ledger=ledger,
        approval=approval,
        password=password,
        at=tour.at,
    )
    screen.console().print(screen.letter_counts(batch))
    return batch, password


def _closing(tour: Tour, batch: LetterBatch, password: str) -> None:
    for file in sorted(batch.folder.iterdir()):
        tour.note("手紙と宛名の一覧", file)
    tour.note("台帳", tour.home.ledger)
    table = Table("もの", "場所", "備考", title="できたもの", title_justify="left", box=box.SIMPLE_HEAD)
    for title, path, remark in tour.made:
        table.add_row(title, screen.shown(path), remark)
    screen.console(width=PATH_WIDTH).print(table)  # a folded path could not be copied
    console = screen.console()
    console.print(f"手紙のPDFと一覧のExcelのパスワード: {password}", markup=False)
    console.print("次は make lab で JupyterLab を開き、notebooks/ の帳票を動かしてみてください。", markup=False)
