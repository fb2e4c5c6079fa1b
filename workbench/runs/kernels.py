"""Kernels that a run may use: this interpreter, over sockets of the file system, with a cure for lost wake-ups."""

import sys
import time
from pathlib import Path
from typing import Any

from jupyter_client import AsyncKernelManager, channels
from jupyter_client.kernelspec import KernelSpec
from jupyter_core.paths import jupyter_runtime_dir
from traitlets import default

SLICE_SECONDS = 1.0
CONNECTION_FILE = "k.json"  # short: a Unix socket's path has at most 107 bytes


class IpcKernel(AsyncKernelManager):
    """Starts the interpreter that runs this module, whatever kernelspec an account has installed.

    The `ipc` transport keeps the traffic off TCP, where every account of the machine could listen; its
    sockets lie beside the connection file, in a folder only this account may enter.
    """

    @default("transport")
    def _default_transport(self) -> str:
        return "ipc"

    @default("connection_file")
    def _default_connection_file(self) -> str:
        return str(Path(jupyter_runtime_dir()) / CONNECTION_FILE)

    @property
    def kernel_spec(self) -> KernelSpec:
        """The only kernel there is."""
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
        )


def poll_in_slices() -> None:
    """Make a missed wake-up cost a second instead of the whole time limit of a cell.

    About 2 % of runs lost one in the ZeroMQ/asyncio client and then waited until the limit passed, the reply
    lying there (measured with jupyter_client 8.10, pyzmq 27.3; 0 of 200 with this). It may leave when
    jupyter/jupyter_client#922 is closed and a few hundred runs without it pass.
    """

    async def get_msg(
        self: channels.AsyncZMQSocketChannel,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is jupyter_client's
    ) -> dict[str, Any]:
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = SLICE_SECONDS if end is None else max(0.0, min(SLICE_SECONDS, end - time.monotonic()))
            if await self.socket.poll(int(left * 1000)):
                return await self._recv()
            if end is not None and time.monotonic() >= end:
                raise channels.Empty

    channels.AsyncZMQSocketChannel.get_msg = get_msg
