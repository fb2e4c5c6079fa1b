"""Help pages as wide as the terminal: click counts characters, but a Japanese one takes two columns."""

import re
from collections.abc import Iterable

import click
from rich.cells import cell_len

MAX_WIDTH = 100  # columns; longer lines are hard to read
MAX_TERM = 30  # a longer term has a line of its own

# What stays together: words without Japanese; one Japanese character, with what must not begin a line or end one.
_PIECE = re.compile(r"[「『（]*(?:[!-~]+|[^\s])[、。，．」』）！？ー・…ぁぃぅぇぉっゃゅょァィゥェォッャュョ]*|\s+")


def wrap(text: str, width: int) -> list[str]:
    """Break one paragraph into lines of at most `width` columns, except where a single word is wider."""
    lines = [""]
    for piece in _PIECE.findall(text):
        if cell_len(lines[-1] + piece.rstrip()) > width and lines[-1]:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line for line in lines if line]


class Pages(click.HelpFormatter):
    """click's help pages, wrapped by columns."""

    def write_text(self, text: str) -> None:
        """Write paragraphs at the current indent, a blank line between them."""
        paragraphs = [wrap(paragraph, self.width - self.current_indent) for paragraph in text.split("\n\n")]
        for number, lines in enumerate(paragraphs):
            self.write("\n" if number else "")
            for line in lines:
                self.write(f"{'':{self.current_indent}}{line}\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = MAX_TERM, col_spacing: int = 2) -> None:
        """Write terms (ASCII) and their explanations in two columns."""
        pairs = list(rows)
        column = min(max(len(term) for term, _ in pairs), col_max) + col_spacing
        indent = " " * self.current_indent
        for term, text in pairs:
            first, *rest = wrap(text, self.width - self.current_indent - column) or [""]
            head = f"{indent}{term:{column}}" if len(term) <= col_max else f"{indent}{term}\n{indent}{'':{column}}"
            self.write(f"{head}{first}".rstrip() + "\n")
            for line in rest:
                self.write(f"{indent}{'':{column}}{line}\n")


class Context(click.Context):
    """The context of every command, which writes such pages."""

    formatter_class = Pages
