"""The examination: green on an installation as the commands make it, red for each mistake planted in one."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.desk import Desk
from workbench import keys, snapshot
from workbench.keys import keyfile
from workbench.settings import own_folder

SERVER = Path(__file__).parents[1] / "docs" / "server.md"
LEVEL = re.compile(r"^(良|注意|不可)　* +(\S+?): ", re.MULTILINE)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """An installation with two officers, a snapshot, and JupyterLab's configuration."""
    from workbench.lab import command  # noqa: PLC0415

    desk = Desk(tmp_path_factory.mktemp("sound")).make_keys()
    desk.second_officer()
    assert desk.ingest().code == 0
    command(desk.home, notebooks=desk.base)
    return desk


@pytest.fixture
def desk(sound, tmp_path):
    return Desk(shutil.copytree(sound.base, tmp_path / "desk"))


def levels(printed):
    """Return the titles under each level."""
    found = {"良": set(), "注意": set(), "不可": set()}
    for level, title in LEVEL.findall(printed):
        found[level].add(title)
    return found


def current(desk):
    return desk.home.snapshots / snapshot.current(desk.home).id


def test_an_installation_as_the_commands_make_it_is_green(desk):
    before = desk.state()
    answer = desk.enter("doctor")
    found = levels(answer.out)

    assert answer.code == 0, answer.out
    assert found["不可"] == set()
    assert found["良"] >= {
        "フォルダーの権限",
        "ファイルの権限",
        "鍵ファイル",
        "台帳",
        "スナップショット",
        "版",
        "カーネルの通信",
    }
    assert re.search(r"点検 \d+ 項目: 不可 0、注意 \d+。", answer.out)
    assert desk.state() == before


def test_a_server_set_up_as_documented_is_green(desk):
    documented = re.findall(
        r"^install .* -m (\d+) +/srv/workbench(?:/(\S+))?$", SERVER.read_text("utf-8"), re.MULTILINE
    )
    for mode, name in documented:
        (desk.home.root / name).mkdir(parents=True, exist_ok=True)
        (desk.home.root / name).chmod(int(mode, 8))
    answer = desk.enter("doctor")

    shared = ["outputs", "outputs/reports", "outputs/scratch", "lab"]
    assert [name for mode, name in documented if mode == "3770"] == shared
    assert {name for _, name in documented} == {"", "snapshots", "outputs/restricted", *shared}
    assert "フォルダーの権限" in levels(answer.out)["良"], answer.out


def test_before_anything_is_made_it_is_told_what_to_make(tmp_path):
    answer = Desk(tmp_path).enter("doctor")

    assert answer.code == 0
    assert levels(answer.out)["注意"] >= {"鍵ファイル", "スナップショット"}
    assert "workbench keys init で作る" in answer.out


def test_a_torn_last_line_of_the_ledger_is_a_warning(desk):
    path = desk.home.registers / "ledger.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    answer = desk.enter("doctor")

    assert (answer.code, levels(answer.out)["不可"]) == (0, set())
    assert "台帳" in levels(answer.out)["注意"]


def weaken_scrypt(desk):
    path = desk.home.keys / keys.KEY_FILE
    content = json.loads(path.read_bytes())
    content["wraps"][0]["kdf"]["n"] = 2
    file = keyfile.KeyFile.model_validate_json(json.dumps(content))
    path.write_bytes(file.model_copy(update={"checksum": file.sum()}).to_bytes())


def flip(path, place=-20):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(content))


def grow(desk):
    """Make the installation larger than the disk: a file of 64 TB that takes no room."""
    with (desk.home.vault / current(desk).name / "register.old").open("wb") as file:
        file.truncate(1 << 42 if shutil.disk_usage(desk.base).free < 1 << 42 else 1 << 46)
    (desk.home.vault / current(desk).name / "register.old").chmod(0o600)


def talk_over_tcp(desk):
    path = own_folder(desk.home.lab) / "config" / "jupyter_server_config.json"
    content = json.loads(path.read_text()) | {"ConnectionFileMixin": {"transport": "tcp"}}
    path.write_text(json.dumps(content), encoding="utf-8")


def leave_an_extract(desk):
    shutil.copy(desk.base / "extracts" / "住民.csv", desk.home.outputs.parent / "住民.csv")


def cut_the_snapshot(desk):
    path = current(desk) / snapshot.DATABASE
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-100])
    path.chmod(0o440)


PLANTED = {
    "others may enter the vault": (lambda d: d.home.vault.chmod(0o755), "フォルダーの権限"),
    "the keys' folder is open to the group": (lambda d: d.home.keys.chmod(0o750), "フォルダーの権限"),
    "anyone may change the outputs": (
        lambda d: d.home.outputs.mkdir() or d.home.outputs.chmod(0o1777),
        "フォルダーの権限",
    ),
    "one analyst may remove another's report": (
        lambda d: d.home.outputs.mkdir() or d.home.outputs.chmod(0o2770),
        "フォルダーの権限",
    ),
    "anyone may change the snapshots' folder": (lambda d: d.home.snapshots.chmod(0o777), "フォルダーの権限"),
    "the key file can be read": (lambda d: (d.home.keys / keys.KEY_FILE).chmod(0o644), "ファイルの権限"),
    "the ledger can be read": (lambda d: (d.home.registers / "ledger.jsonl").chmod(0o644), "ファイルの権限"),
    "a published database can be written": (
        lambda d: (current(d) / snapshot.DATABASE).chmod(0o660),
        "スナップショット",
    ),
    "the published database was cut": (cut_the_snapshot, "スナップショット"),
    "the key file was damaged": (lambda d: flip(d.home.keys / keys.KEY_FILE), "鍵ファイル"),
    "the passphrases' cost was lowered": (weaken_scrypt, "鍵ファイル"),
    "the ledger was changed": (lambda d: flip(d.home.registers / "ledger.jsonl"), "台帳"),
    "an extract was left in the installation": (leave_an_extract, "抽出ファイルの置き忘れ"),
    "the disk is too small": (grow, "空き容量"),
    "kernels talk over TCP": (talk_over_tcp, "カーネルの通信"),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_red_with_what_to_mend(desk, mistake):
    plant, title = PLANTED[mistake]
    plant(desk)
    answer = desk.enter("doctor")

    assert answer.code == 1
    assert levels(answer.out)["不可"] == {title}, answer.out
    assert re.search(rf"^不可　* +{title}: .+\n +→ \S", answer.out, re.MULTILINE)


def examine(desk, *, umask=0o077, **environment):
    """Run `workbench doctor` as a process of its own, as an account set up wrongly would."""
    own = {"WORKBENCH_HOME": str(desk.home.root), "PYTHONDONTWRITEBYTECODE": "1"}
    words = [sys.executable, "-c", "from workbench.cli import main; main(['doctor'])"]
    return subprocess.run(  # noqa: S603 - our own words
        words, capture_output=True, text=True, check=False, env=os.environ | own | environment, umask=umask
    )


def test_an_account_whose_files_others_may_change_is_red(desk):
    assert levels(examine(desk, umask=0o022).stdout)["注意"] >= {"umask"}
    done = examine(desk, umask=0o002)

    assert (done.returncode, levels(done.stdout)["不可"]) == (1, {"umask"})


def test_a_temporary_folder_where_files_can_be_swapped_is_red(desk):
    folder = desk.base / "tmp"
    folder.mkdir()
    folder.chmod(0o777)
    done = examine(desk, TMPDIR=str(folder))

    assert (done.returncode, levels(done.stdout)["不可"]) == (1, {"一時フォルダー"})


def test_another_version_of_the_database_is_red(desk):
    package = desk.base / "site" / "duckdb-1.5.5.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: duckdb\nVersion: 1.5.5\n", encoding="utf-8")
    done = examine(desk, PYTHONPATH=f"{package.parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")

    assert (done.returncode, levels(done.stdout)["不可"]) == (1, {"版"})
    assert "duckdb の版が 1.5.5（要る版: 2.0.0）" in done.stdout


def test_settings_that_cannot_be_used_are_red(desk):
    settings = desk.base / "workbench.toml"
    settings.write_text("[office]\ncolour = 'red'\n", encoding="utf-8")
    done = examine(desk, WORKBENCH_SETTINGS=str(settings))

    assert (done.returncode, levels(done.stdout)["不可"]) == (1, {"設定ファイル"})


def test_a_relay_to_outside_is_a_warning(desk):
    done = examine(desk, HTTPS_PROXY="http://192.0.2.1:3128")

    assert done.returncode == 0
    assert levels(done.stdout)["注意"] >= {"オフライン"}
    assert levels(done.stdout)["良"] >= {"umask"}


def test_the_command_line_leaves_no_memory_image():
    words = "import resource, workbench.cli as c; c.run = lambda _: print(resource.getrlimit(4)[0]) or 0; c.main([])"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)  # noqa: S603

    assert done.stdout.strip() == "0"
