"""Every error the workbench raises on purpose.

The message is Japanese, one line, and says what, where and what to do next; it never
carries a value from a source (promise P6). Each class also subclasses the builtin that
a caller who knows nothing of this project would catch.
"""

import re

_KEY, _MOST_DIGITS = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*"), 2


def shown_key(key: object) -> str:
    """Return a key of a file as a message may show it: a word, or a place in a list; any other may be a value."""
    text = str(key)
    is_word = _KEY.fullmatch(text) and sum(map(str.isdigit, text)) <= _MOST_DIGITS
    return text if is_word or isinstance(key, int) else "（項目名でないもの）"


class WorkbenchError(Exception):
    """Root of all errors that a user can do something about; the command line prints only its message."""


class DefectError(WorkbenchError):
    """The program itself went wrong where identities are held; its kind and place are all that may be told."""


class SettingsError(WorkbenchError, ValueError):
    """The installation's settings are missing, unknown or wrong."""


class StorageError(WorkbenchError, OSError):
    """A folder cannot be written, or the disk is full."""


class SourceError(WorkbenchError, ValueError):
    """An extract, or a file of one, is refused whole."""


class WallError(WorkbenchError, ValueError):
    """The wall cannot guarantee its promises with what it was given, so nothing passes."""


class KeyFileError(WorkbenchError, LookupError):
    """The key file is missing, damaged, or exists already."""


class PassphraseError(WorkbenchError, PermissionError):
    """The passphrase does not open the keys."""


class VaultError(WorkbenchError, RuntimeError):
    """The identity register is missing or damaged."""


class ApprovalError(WorkbenchError, PermissionError):
    """A use of identities lacks a purpose or the approval of a second person."""


class LedgerError(WorkbenchError, RuntimeError):
    """The ledger is damaged, or cannot be written."""


class TornLedgerError(LedgerError):
    """The ledger's last line is unfinished: whoever wrote it was killed, and entered nothing."""


class SnapshotError(WorkbenchError, RuntimeError):
    """A snapshot is damaged, unfinished, or of another format."""


class NoSnapshotError(SnapshotError, LookupError):
    """No snapshot has been published yet, or none of that name exists."""


class ScheduleError(WorkbenchError, ValueError):
    """A programme file breaks the schema of the statute's data."""


class QueryError(WorkbenchError, ValueError):
    """A query does not exist, or its parameters are not those of its header."""


class ParameterError(WorkbenchError, ValueError):
    """A report was given an unknown or mistyped parameter."""


class RunError(WorkbenchError, RuntimeError):
    """A notebook failed or ran past its time limit."""


class ListError(WorkbenchError, ValueError):
    """A pseudonymous list cannot be read, or does not belong to this installation."""


class LetterError(WorkbenchError, RuntimeError):
    """Letters could not be typeset."""


class DisclosureError(WorkbenchError, ValueError):
    """A table whose small counts could not be protected; it is not shown."""
