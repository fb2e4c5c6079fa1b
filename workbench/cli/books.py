"""The ledger as commands open it: with the officer who gave her passphrase, or only to be read."""

from typing import TYPE_CHECKING

from workbench.settings import Home, make_folder

if TYPE_CHECKING:
    from workbench.keys import MasterKey
    from workbench.ledger import Ledger


def open_ledger(home: Home, master: "MasterKey | None" = None) -> "Ledger":
    """Return the ledger; entries are signed by the officer who opened `master`."""
    from workbench.ledger import Ledger

    if master is None:
        return Ledger(home.ledger)
    make_folder(home.registers)
    return Ledger(home.ledger, master.signer)
