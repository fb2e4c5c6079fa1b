"""The main job runs with the network cut (promise P10).

Two cuts at once: an audit hook in every Python process refuses all sockets but those of the file system, and,
where the system allows it, the whole job runs in a network namespace with no interface at all, not even
loopback, which also holds for libraries that call the kernel themselves (ZeroMQ, DuckDB, Typst).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.installation import AS_OF, NUMBER, Installation

GUARD = Path(__file__).parent / "offline_guard"
WORKBENCH = [sys.executable, "-c", "from workbench.cli import main; main()"]


def _cut() -> list[str]:
    """Return the words that put a command into a namespace without network; none where that is not allowed."""
    ways = [["unshare", "--net"], ["unshare", "--map-root-user", "--net"]] if shutil.which("unshare") else []
    return next((words for words in ways if _run([*words, "true"]).returncode == 0), [])


def _run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **options)  # noqa: S603 - our own words


CUT = _cut()


class Offline:
    """Runs commands behind both cuts."""

    def __init__(self, folder):
        self.installation = Installation(folder)
        self.log = folder / "attempts.log"

    def run(self, *command, cut=CUT):
        environment = os.environ | self.installation.environment()
        environment |= {"PYTHONPATH": str(GUARD), "OFFLINE_GUARD_LOG": str(self.log)}
        return _run([*cut, *command], env=environment)

    def workbench(self, *arguments):
        done = self.run(*WORKBENCH, *arguments)
        assert done.returncode == 0, f"workbench {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def attempts(self):
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    return Offline(tmp_path_factory.mktemp("offline"))


REACHING = {
    "connect": "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)",
    "connect to loopback": "import socket; socket.socket().connect(('127.0.0.1', 9))",
    "listen": "import socket; socket.socket().bind(('127.0.0.1', 0))",
    "datagram": "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "name": "import socket; socket.getaddrinfo('example.org', 80)",
    "page": "import urllib.request; urllib.request.urlopen('http://192.0.2.1/', timeout=1)",
    "in a child": "import subprocess, sys; subprocess.run([sys.executable, '-c', "
    "'import socket; socket.socket().connect((\"192.0.2.1\", 80))'], check=True)",
}


@pytest.mark.parametrize("how", REACHING)
def test_the_guard_stops_and_records(how, tmp_path):
    guarded = Offline(tmp_path)

    done = guarded.run(sys.executable, "-c", REACHING[how], cut=[])

    assert done.returncode != 0
    assert len(guarded.attempts()) >= 1


def test_the_guard_lets_sockets_of_the_file_system_pass(tmp_path):
    guarded = Offline(tmp_path)

    done = guarded.run(sys.executable, "-c", "import socket; a, b = socket.socketpair(); a.send(b'x')", cut=[])

    assert (done.returncode, guarded.attempts()) == (0, [])


TALK_BELOW_PYTHON = """
import zmq
context = zmq.Context()
listener, speaker = context.socket(zmq.PULL), context.socket(zmq.PUSH)
port = listener.bind_to_random_port("tcp://127.0.0.1")
speaker.connect(f"tcp://127.0.0.1:{port}")
speaker.send(b"x")
reached = listener.poll(1000)
context.destroy(linger=0)
raise SystemExit(0 if reached else 1)
"""


@pytest.mark.skipif(not CUT, reason="unshare --net is not allowed here; the audit hook alone cuts the network")
def test_the_namespace_stops_libraries_below_python(tmp_path):
    guarded = Offline(tmp_path)

    assert guarded.run(sys.executable, "-c", TALK_BELOW_PYTHON, cut=[]).returncode == 0
    assert guarded.run(sys.executable, "-c", TALK_BELOW_PYTHON).returncode == 1


@pytest.mark.slow
def test_the_main_job_runs_offline(offline, tmp_path):
    city = str(tmp_path / "city")
    password = tmp_path / "password.txt"
    password.touch(mode=0o600)
    password.write_text("Pa55-for-tests\n", encoding="utf-8")

    offline.workbench("synth", "--residents", "2000", "--seed", "3", "--out", city)
    offline.workbench("keys", "init", "--officer", "tests")
    offline.workbench("ingest", "--extracts", city)
    offline.workbench("report", "coverage", "-p", f"as_of={AS_OF}")
    offline.workbench("report", "followup", "-p", f"as_of={AS_OF}", "-p", "slot=MR2-1")
    list_file = str(offline.installation.reminder_list())
    second = tmp_path / "approver.txt"
    second.touch(mode=0o600)
    second.write_text("another passphrase of the tests\n", encoding="utf-8")
    offline.workbench("keys", "add", "課長", f"--new-passphrase-file={second}")
    asked = offline.workbench("request", list_file, "--purpose=MR第2期の勧奨")
    number = NUMBER.search(asked)[0]
    offline.workbench("approve", number, f"--passphrase-file={second}")
    offline.workbench("letters", list_file, f"--approval={number}", f"--password-file={password}")

    restricted = offline.installation.home / "outputs" / "restricted"
    assert {path.suffix for path in restricted.rglob("*")} >= {".pdf", ".xlsx"}
    assert offline.attempts() == []
