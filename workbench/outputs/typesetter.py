"""Child process: letters as JSON on standard input, the result on standard output; nothing touches the disk.

`typesetter.py pdf` answers with a PDF, `typesetter.py sizes` with the sizes at which address and name fit.

Run by path, so it starts in a moment and imports nothing of the workbench. It says nothing on standard
error, because typst quotes the data it stumbles over (promise P6); the exit code is the whole message.
"""

import resource
import sys
from pathlib import Path

import typst
from noto_cjk_sans_jp_regular import FONT_PATH

TEMPLATE = Path(__file__).with_name("templates") / "letter.typ"
BROKEN = 3  # exit code


def compiler(data: str) -> typst.Compiler:
    """Return a compiler of the template that knows one font and one datum, the letters."""
    return typst.Compiler(
        str(TEMPLATE),
        root=str(TEMPLATE.parent),
        font_paths=[str(Path(str(FONT_PATH)).parent)],
        ignore_system_fonts=True,
        sys_inputs={"data": data},
    )


def sizes(data: str) -> bytes:
    """Return as JSON, for each letter, the point sizes at which address and name fit; null where none does."""
    return compiler(data).query("<sizes>", field="value").encode()


def typeset(data: str) -> bytes:
    """Return the PDF."""
    return compiler(data).compile(format="pdf")


JOBS = {"pdf": typeset, "sizes": sizes}


def main() -> int:
    """Read, typeset, write; keep names out of core dumps."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        result = JOBS[sys.argv[1]](sys.stdin.buffer.read().decode("utf-8"))
    except Exception:  # noqa: BLE001 - whatever typst says may quote a name
        return BROKEN
    sys.stdout.buffer.write(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
