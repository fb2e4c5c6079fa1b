"""An installation's settings: `workbench.toml` made typed, and the folders of each zone.

An unknown key is refused (P5). The environment variable WORKBENCH_HOME moves the whole
installation; WORKBENCH_SETTINGS names another settings file.
"""

import errno
import os
import pwd
import stat
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from workbench.errors import SettingsError, StorageError, shown_key

SETTINGS_FILE = "workbench.toml"
DEFAULT_HOME = "var"

_REASONS = {
    errno.ENOSPC: "空き容量が足りません",
    errno.EDQUOT: "割り当てられた容量を使い切りました",
    errno.EFBIG: "ファイルが許された大きさを超えました",
    errno.EACCES: "権限がありません",
    errno.EPERM: "権限がありません",
    errno.EROFS: "読み取り専用の場所です",
    errno.ENOENT: "ファイルかフォルダーがありません",
    errno.ENOTDIR: "フォルダーであるはずの場所にファイルがあります",
    errno.EISDIR: "ファイルであるはずの場所にフォルダーがあります",
    errno.EEXIST: "同じ名前のものがすでにあります",
    errno.EIO: "媒体を読み書きできません",
    errno.EMFILE: "開けるファイルの数を超えました",
    errno.ENOMEM: "メモリーが足りません",
}

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Office(_Strict):
    """Sender of letters and publisher of reports; the defaults are an invented city."""

    city: Text = "桜浜市"
    mayor: Text = "桜浜市長"
    section: Text = "保健医療部 保健予防課"
    postcode: Text = "999-8610"
    address: Text = "桜浜市中央一丁目1番1号"
    phone: Text = "0999-00-1234"
    hours: Text = "平日 午前8時30分から午後5時15分まで"


class FollowUp(_Strict):
    """How lists and letters choose; each number is a choice of the city, not law."""

    closing_days: int = Field(default=30, ge=1, le=366)  # `closing`: legal end within so many days
    min_days_to_mail: int = Field(default=14, ge=0, le=90)  # fewer days left: phone, do not mail
    move_in_hold_days: int = Field(default=60, ge=0, le=366)  # history inquiry still running


class Reports(_Strict):
    """Limits for one run of a notebook."""

    timeout_seconds: int = Field(default=600, ge=10)


class Disclosure(_Strict):
    """Small counts in tables that protect them; the number is a choice of the city."""

    threshold: int = Field(default=10, ge=3)  # a count from 1 to one less is hidden


class Settings(_Strict):
    """The whole of `workbench.toml`; every part has a default."""

    office: Office = Office()
    followup: FollowUp = FollowUp()
    reports: Reports = Reports()
    disclosure: Disclosure = Disclosure()


@dataclass(frozen=True)
class Home:
    """The folders of one installation, a folder per zone (design: each may be its own volume)."""

    root: Path

    @property
    def vault(self) -> Path:
        """Encrypted identity register. No My Number."""
        return self.root / "vault"

    @property
    def snapshots(self) -> Path:
        """Immutable DuckDB snapshots and the CURRENT pointer."""
        return self.root / "snapshots"

    @property
    def registers(self) -> Path:
        """Ledger and quarantine reports; no values."""
        return self.root / "registers"

    @property
    def ledger(self) -> Path:
        """The file of the ledger."""
        return self.registers / "ledger.jsonl"

    @property
    def outputs(self) -> Path:
        """Pseudonymous lists and reports."""
        return self.root / "outputs"

    @property
    def reports(self) -> Path:
        """Reports that were run, a folder for each kind."""
        return self.outputs / "reports"

    @property
    def scratch(self) -> Path:
        """What people save while they work in JupyterLab, a folder for each account."""
        return self.outputs / "scratch"

    @property
    def restricted(self) -> Path:
        """Encrypted lists and letters with names; mode 0700."""
        return self.outputs / "restricted"

    @property
    def lab(self) -> Path:
        """What JupyterLab keeps, a folder for each account."""
        return self.root / "lab"

    @property
    def keys(self) -> Path:
        """Wrapped keys; folder 0700, files 0600."""
        return self.root / "keys"


def find_home() -> Home:
    """Return the installation of this process: WORKBENCH_HOME, or `var` below the working folder."""
    return Home(Path(os.environ.get("WORKBENCH_HOME") or DEFAULT_HOME).resolve())


def make_folder(folder: Path, *, mode: int = 0o700) -> Path:
    """Create `folder` with `mode` where it is missing, the folders above it likewise, and return it.

    Raises:
        StorageError: the folder cannot be made or written.
    """
    try:
        for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
            missing.mkdir(mode=mode, exist_ok=True)
        writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        msg = f"フォルダー {folder} に書き込めません。権限と空き容量を確認してください。何も変更していません。"
        raise StorageError(msg)
    return folder


def make_shared_folder(folder: Path) -> Path:
    """Create `folder` where it is missing, and return it: shared where the folder above is, else its owner's only.

    A shared folder is one that its group may write, and nobody else, with the sticky bit: as `docs/server.md` sets up.

    Raises:
        StorageError: as `make_folder`.
    """
    if folder.exists():
        return make_folder(folder)
    above = make_shared_folder(folder.parent)
    made = make_folder(folder)
    if is_shared(above):
        made.chmod(stat.S_IMODE(above.stat().st_mode))
    return made


def is_shared(folder: Path) -> bool:
    """Say whether several accounts write here, each its own (`docs/server.md`)."""
    mode = folder.stat().st_mode
    return bool(mode & stat.S_IWGRP and mode & stat.S_ISVTX) and not mode & stat.S_IWOTH


def own_folder(shared: Path) -> Path:
    """Return the folder of this account in `shared`, named by the account (or its number); both are made if missing.

    Raises:
        StorageError: as `make_folder`.
    """
    name = str(os.geteuid())
    with suppress(KeyError):
        name = pwd.getpwuid(os.geteuid()).pw_name
    return make_folder(make_shared_folder(shared) / name)


def storage_reason(error: OSError) -> str:
    """Say in Japanese why the operating system refused; its own words are English."""
    return _REASONS.get(error.errno, f"入出力の誤り、番号 {error.errno}")


def write_private(path: Path, content: bytes) -> None:
    """Create `path` with mode 0600, write and fsync it; a file of that name is never touched.

    Raises:
        OSError: the file exists, or the content cannot be written (then no part of it stays).
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` (a rename, a new file) outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load_settings(path: Path | None = None) -> Settings:
    """Read `path`, WORKBENCH_SETTINGS or ./workbench.toml; the defaults where there is none.

    Raises:
        SettingsError: the file named cannot be read, is not TOML, or holds an unknown or wrong key.
    """
    named = path or (Path(os.environ["WORKBENCH_SETTINGS"]) if "WORKBENCH_SETTINGS" in os.environ else None)
    file = named or Path(SETTINGS_FILE)
    if named is None and not file.exists():
        return Settings()
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        msg = f"設定ファイル {file} を読めません。UTF-8のTOMLとして正しいか確認してください。"
        raise SettingsError(msg) from None
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        where = ", ".join(sorted({".".join(map(shown_key, item["loc"])) for item in error.errors()}))
    msg = f"設定ファイル {file} の項目 {where} が正しくありません。docs/settings.md の一覧と見比べてください。"
    raise SettingsError(msg)
