"""Tables of cases as text: the drawing is the specification."""


def rows(text: str) -> list[dict[str, str | None]]:
    """Make one dict of each line of a `|`-separated table; an empty cell is None.

    The first line names the columns; blank lines and lines of dashes are layout.
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    cells = [[cell.strip() for cell in line.split("|")] for line in lines if line.strip(" -|")]
    header, *body = cells
    uneven = [number for number, row in enumerate(body, 1) if len(row) != len(header)]
    if uneven:
        msg = f"table rows {uneven} have another number of cells than the header"
        raise ValueError(msg)
    return [{name: cell or None for name, cell in zip(header, row, strict=True)} for row in body]
