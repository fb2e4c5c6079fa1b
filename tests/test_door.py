"""What leaves the wall when something goes wrong inside: our own words, and no frame, cause or note with a value."""

import io
import os
import re
import resource
import signal
import subprocess
import sys
import time
import traceback

import pytest
import rich.console
import rich.traceback

from tests.crash import AT, City
from tests.desk import PASSPHRASE, SECRETS, Desk
from workbench.door import holds_identities
from workbench.errors import DefectError, WallError
from workbench.ingest import Job, guards, ingest
from workbench.keys import unlock

VALUES = [secret for secret in SECRETS if secret != PASSPHRASE]  # the tests' own frames hold that
CANARY = VALUES[0]
WORKBENCH = [sys.executable, "-X", "faulthandler", "-c", "from workbench.cli import main; main()"]


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return City(tmp_path_factory.mktemp("city")).found()


class Trap:
    """Goes off inside the wall, while it reads a file full of canaries, and keeps what a debugger would have kept."""

    def __init__(self, file, make):
        self.file, self.make, self.error, self.frames = file, make, None, []

    def __call__(self, file, *_):
        if file == self.file:
            frame = sys._getframe(1)
            while frame and "/workbench/" in frame.f_code.co_filename:
                self.frames.append(frame)
                frame = frame.f_back
            try:
                {}[CANARY]
            except KeyError as error:
                self.error = self.make(CANARY)
                self.error.add_note(CANARY)
                raise self.error from error


def run(city, trap, work=ingest):
    """Run an ingest that the trap stops; return the error that left it."""
    job = Job(city.extracts, city.home, unlock(city.home.keys, passphrase=PASSPHRASE), "tests", AT)
    try:
        work(job, trap)
    except BaseException as error:  # noqa: BLE001 - whatever it is
        return error
    return None


FILES = ["住民.csv", "接種記録.csv", "対象外事由.csv", "送付先.csv", "支援措置.csv", "長期療養特例.csv", "妊娠届.csv"]
OURS = "住民.csv を読めません。"
KINDS = {"a defect": ValueError, "one of ours": lambda _: WallError(OURS), "Ctrl-C": KeyboardInterrupt}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("kind", KINDS)
def test_an_error_leaves_the_wall_without_a_value(city, file, kind):
    trap = Trap(file, KINDS[kind])

    error = run(city, trap)

    assert trap.frames, "the trap did not go off"
    assert everything_about(error) == []
    assert [frame.f_code.co_qualname for frame in trap.frames if holds_a_secret(frame.f_locals)] == []
    assert (trap.error.args, trap.error.__traceback__, trap.error.__context__) == ((), None, None)
    assert not hasattr(trap.error, "__notes__")


def everything_about(error):
    """Return the ways in which a crash reporter, rich or a debugger would tell a secret of this error."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__) if "/workbench/" in frame.f_code.co_filename]
    texts = {
        "words": repr(error) + str(error),
        "locals": "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()),
        "rich": drawn_by_rich(error),
    }
    told = [way for way, text in texts.items() if any(value in text for value in VALUES)]
    told += [frame.f_code.co_qualname for frame in frames if holds_a_secret(frame.f_locals)]
    return told + [way for way in ("__cause__", "__context__", "__notes__") if getattr(error, way, None)]


def drawn_by_rich(error):
    out = io.StringIO()
    drawing = rich.traceback.Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, locals_max_string=None, locals_max_length=None
    )
    rich.console.Console(file=out, width=400).print(drawing)
    return out.getvalue()


def holds_a_secret(names, depth=8):
    """Look through what locals hold: texts, bytes, tables, and the attributes of our own objects."""
    return any(_holds(value, depth) for value in list(names.values()))


def _holds(value, depth):
    if isinstance(value, str | bytes):
        text = value if isinstance(value, str) else value.decode(errors="replace")
        return any(value in text for value in VALUES)
    if not depth:
        return False
    if hasattr(value, "to_pylist"):
        value = value.to_pylist()
    if isinstance(value, dict):
        return any(_holds(part, depth - 1) for part in [*value, *value.values()])
    if isinstance(value, list | tuple | set | frozenset):
        return any(_holds(part, depth - 1) for part in value)
    parts = getattr(value, "__dict__", None) if type(value).__module__.startswith("workbench") else None
    return bool(parts) and holds_a_secret(parts, depth - 1)


def test_without_the_door_the_frames_tell_everything(city):
    trap = Trap("住民.csv", ValueError)

    error = run(city, trap, ingest.__wrapped__)

    assert error is trap.error
    assert {"words", "locals", "rich", "__context__", "__notes__"} <= set(everything_about(error))


def test_a_defect_tells_kind_and_place(city):
    said = str(run(city, Trap("接種記録.csv", ValueError)))

    assert re.fullmatch(r"プログラムの誤りで止まりました（ValueError、pseudonymize.py の \d+ 行）。公開済み.*", said)
    assert str(run(city, Trap("住民.csv", KINDS["one of ours"]))) == OURS


def test_an_error_with_a_group_and_a_cause_is_emptied_whole():
    kept = []

    @holds_identities
    def work():
        secret = CANARY
        try:
            {}[secret]
        except KeyError as error:
            kept.append(error)
            group = ExceptionGroup(secret, [ValueError(secret)])
            kept.extend([group, *group.exceptions])
            raise group from error

    with pytest.raises(DefectError, match="ExceptionGroup") as caught:
        work()

    assert everything_about(caught.value) == []
    assert [error.args for error in kept] == [(), (), ()]


# ---------------------------------------------------------------- a process that breaks down


def test_no_core_is_dumped_of_an_ingest(city):
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if not hard:
        pytest.skip("core dumps are forbidden here for good")
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    seen = []
    try:
        run(city, lambda *_: seen.append(resource.getrlimit(resource.RLIMIT_CORE)[0]))
        after = resource.getrlimit(resource.RLIMIT_CORE)[0]
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))

    assert set(seen) == {0}
    assert after == hard


def test_a_process_that_breaks_down_prints_no_value(tmp_path):
    desk = Desk(tmp_path).make_keys()
    environment = {"WORKBENCH_HOME": str(desk.home.root), "WORKBENCH_PASSPHRASE_FILE": str(desk.passphrase_file)}
    process = subprocess.Popen(  # noqa: S603 - our own words
        [*WORKBENCH, "ingest", "--extracts", desk.deliver()],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    note, end = desk.home.snapshots / guards.PENDING, time.monotonic() + 30
    while not note.exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.001)
    process.send_signal(signal.SIGABRT)
    out, err = process.communicate(timeout=60)

    assert process.returncode == -signal.SIGABRT
    assert b"Fatal Python error: Aborted" in err
    assert desk.leaks(out.decode(), err.decode()) == []
