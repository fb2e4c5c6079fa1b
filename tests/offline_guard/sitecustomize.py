"""Refuse every socket that could reach another machine, in this interpreter and all it starts.

Python imports a module of this name at start-up when its folder is on PYTHONPATH. Only sockets of the file
system (AF_UNIX) pass; an attempt is also written to the file that OFFLINE_GUARD_LOG names, because a library
may swallow the error.
"""

import os
import socket
import sys
from pathlib import Path

WITH_A_SOCKET = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"})
BY_NAME = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    reaches_out = event in WITH_A_SOCKET and arguments[0].family != socket.AF_UNIX
    if reaches_out or event in BY_NAME:
        with Path(os.environ["OFFLINE_GUARD_LOG"]).open("a", encoding="utf-8") as log:
            log.write(f"{event} in {sys.argv[:1]}\n")
        msg = f"{event} while offline"
        raise PermissionError(msg)


sys.addaudithook(_guard)
