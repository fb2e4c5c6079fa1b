"""One entry of the ledger: its only form, what it may hold, its place in the chain and its signature."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from workbench import mynumber
from workbench.signatures import Signer, is_signed, key_name

MAX_TEXT = 200  # characters of free text
MAX_ITEMS = 200  # of a subject or of counts
MAX_NUMBER = 10**10  # below: rows and bytes fit, no personal number with eleven digits does

OPENED = "keys_created"  # introduces its own signer: allowed only while nobody is authorised
ADDED = "officer_added"
REMOVED = "officer_removed"
DESTROYED = "keys_destroyed"  # nobody is authorised any more
ROLL_ACTIONS = tuple(f'"action":"{action}"'.encode() for action in (OPENED, ADDED, REMOVED, DESTROYED))

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}")
_CODE = re.compile(r"(?!\d{9,}$)[A-Za-z0-9][A-Za-z0-9_.:+/-]{0,255}")
_OFFSET = re.compile(r"[+-]\d\d:\d\d$")
_HEAD = re.compile(r"(?:(\d{1,10})[-・:])?([0-9a-f]{16,64})")
# 宛名番号, My Number, a phone number; no date matches
_NUMBER_IN_TEXT = re.compile(r"\d{9,}|\d{3,5}(?:[ .・ー‐‑–−-]\d{3,5}){2,}")
_DAY = re.compile(r"(?<!\d)(?:19|20)\d\d([-./])\d\d?\1\d\d?(?!\d)", re.ASCII)
_SLASHED = re.compile(r"(?<!\d)\d{4}([/:])\d{4}\1\d{4}(?!\d)", re.ASCII)


@dataclass(frozen=True)
class Head:
    """The last entry's place and hash: printed elsewhere, it anchors all before it. Of an empty ledger: EMPTY."""

    seq: int
    hash: str

    @property
    def text(self) -> str:
        """As it is printed on paper: place and the first half of the hash."""
        return f"{self.seq}-{self.hash[:32]}"

    def is_anchored_by(self, anchor: "Head") -> bool:
        """Return whether `anchor`, whose hash may be shortened, names this head; place 0 stands for any."""
        return anchor.seq in (0, self.seq) and self.hash.startswith(anchor.hash)


EMPTY = Head(0, "0" * 64)  # what the first entry is chained to


def read_head(text: str) -> Head | None:
    """Return the head that a person copied from paper (`12-3f…`, or 16 hex digits and more); None if it is none."""
    match = _HEAD.fullmatch(unicodedata.normalize("NFKC", text).strip().lower())
    return Head(int(match[1] or 0), match[2]) if match else None


@dataclass(frozen=True)
class Entry:
    """One line of the ledger; `hash` is SHA-256 of the canonical JSON of all other fields, the signature included."""

    seq: int
    at: str
    action: str
    actor: str
    purpose: str
    approved_by: str | None
    subject: Mapping[str, str | int]
    counts: Mapping[str, int]
    previous: str
    signer: str = ""  # short name of the officer's key
    signature: str = ""  # over all above
    hash: str = ""

    def computed_hash(self) -> str:
        """Return the hash this entry must have."""
        return hashlib.sha256(self._without("hash")).hexdigest()

    def signed_content(self) -> bytes:
        """Return what the signature is over."""
        return self._without("hash", "signature")

    def to_line(self) -> bytes:
        """Return the only form in which this entry may stand in the file."""
        return _canonical(asdict(self)) + b"\n"

    @property
    def officer(self) -> str:
        """The officer whom an entry with a public key introduces."""
        return self.actor if self.action == OPENED else self.purpose.rpartition(": ")[2]

    @property
    def head(self) -> Head:
        """This entry as a head."""
        return Head(self.seq, self.hash)

    def _without(self, *names: str) -> bytes:
        return _canonical({name: value for name, value in asdict(self).items() if name not in names})


class Roll:
    """Whose signatures count, as the entries themselves tell it from the first to the last."""

    def __init__(self) -> None:
        """Nobody is authorised yet."""
        self.active: dict[str, str] = {}  # short name -> public key
        self.gone: set[str] = set()

    def accepts(self, entry: Entry) -> bool:
        """Return whether the entry is signed by an officer authorised at that point, then take note of it."""
        public = self.active.get(entry.signer)
        if public is None and entry.action == OPENED and not self.active:
            public = _introduced(entry)
            if public is None or key_name(public) != entry.signer or entry.signer in self.gone:
                return False
        if public is None or not is_signed(entry.signed_content(), by=public, signature=entry.signature):
            return False
        self.note(entry)
        return True

    def note(self, entry: Entry) -> None:
        """Take note of an entry that adds or removes officers."""
        public = _introduced(entry)
        if entry.action in (OPENED, ADDED) and public is not None:
            self.active[key_name(public)] = public
        elif entry.action == REMOVED:
            self.gone.add(str(entry.subject.get("key")))
            self.active.pop(str(entry.subject.get("key")), None)
        elif entry.action == DESTROYED:
            self.gone.update(self.active)
            self.active.clear()


def refused_fields(facts: Mapping[str, object]) -> list[str]:
    """Return the fields of a new entry that could carry a person, or break its form."""
    return [name for name, value in facts.items() if not _RULES[name](value)]


def chained(last: Head, facts: dict, signer: Signer) -> Entry:
    """Return the entry behind `last`, signed."""
    entry = Entry(seq=last.seq + 1, previous=last.hash, signer=signer.key, **facts)
    entry = replace(entry, signature=signer.sign(entry.signed_content()))
    return replace(entry, hash=entry.computed_hash())


def opening(facts: dict, signer: Signer) -> dict:
    """Return the entry that introduces the first officer, at the moment of the one that follows it."""
    subject = {"key": signer.key, "public_key": signer.public_key}
    what = {"action": OPENED, "actor": signer.officer, "purpose": "署名する最初の担当者の登録", "approved_by": None}
    return facts | what | {"subject": subject, "counts": {"officers": 1}}


def recovery(facts: dict, lost: bytes) -> dict:
    """Return what the entry on an unfinished line says instead; the moment is that of the append which found it."""
    subject = {"torn_sha256": hashlib.sha256(lost).hexdigest()}
    what = {"action": "recovered", "actor": "workbench", "purpose": "途中で切れた記録の退避", "approved_by": None}
    return facts | what | {"subject": subject, "counts": {"bytes": len(lost)}}


def parse(line: bytes) -> Entry | None:
    """Return the entry if the line is, byte for byte, what it would be written as."""
    try:
        entry = Entry(**json.loads(line))
        whole = entry.to_line() == line and entry.hash == entry.computed_hash()
    except (ValueError, TypeError, RecursionError):
        return None
    return entry if whole else None


def is_of_earlier_form(line: bytes) -> bool:
    """Return whether the last of `line` is an entry as the version before signatures wrote it, whole."""
    try:
        content = json.loads(line.rpartition(b"\n")[2] or line)
        stated = content.pop("hash")
        return "signature" not in content and stated == hashlib.sha256(_canonical(content)).hexdigest()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False


def is_staff_text(text: object) -> bool:
    """Return whether an entry may hold `text` as a name or a purpose: one line, not empty, without a long number."""
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_TEXT:
        return False
    is_one_line = text.replace("\u3000", " ").isprintable()
    plain = unicodedata.normalize("NFKC", text)
    slashes = (number[0] for number in _SLASHED.finditer(plain))
    without_days = _DAY.sub("x", plain)
    is_number = mynumber.is_in_text(without_days) or any(mynumber.is_valid(re.sub("[/:]", "", one)) for one in slashes)
    return is_one_line and not is_number and not _NUMBER_IN_TEXT.search(plain)


def is_code(value: object) -> bool:
    """Return whether an entry may hold `value` in its subject: a number below 10**10, or an ASCII id, hash or code."""
    return _is_number(value) or (isinstance(value, str) and _CODE.fullmatch(value) is not None)


def _introduced(entry: Entry) -> str | None:
    public = entry.subject.get("public_key")
    return public if isinstance(public, str) and re.fullmatch(r"[0-9a-f]{64}", public) else None


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value < MAX_NUMBER  # no bool, no numpy: what is read is what was written


def _are_all(items: Mapping[str, object], is_allowed: Callable[[object], bool]) -> bool:
    return len(items) <= MAX_ITEMS and all(map(_is_name, items)) and all(map(is_allowed, items.values()))


_RULES: dict[str, Callable[[Any], bool]] = {
    "at": _OFFSET.search,
    "action": _is_name,
    "actor": is_staff_text,
    "purpose": is_staff_text,
    "approved_by": lambda text: text is None or is_staff_text(text),
    "subject": lambda items: _are_all(items, is_code),
    "counts": lambda items: _are_all(items, _is_number),
}


def _canonical(content: Mapping) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
