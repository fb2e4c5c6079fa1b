"""Does a layout give what the house needs, and do files fit it? Answers in Japanese lines; no row is read.

Also the draft of a new layout from a header row: it reads the first record of a file and nothing behind it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench import mynumber
from workbench.errors import SourceError
from workbench.sources.contract import CONTRACT
from workbench.sources.extract import find_file
from workbench.sources.header import read_header, read_titles
from workbench.sources.layout import LAYOUTS, Column, Layout, TableLayout, load_layout, read_layout

MOST_TITLE = 30  # characters
_HAS_LONG_NUMBER = re.compile(r"\d{4}")
_TITLE_WORDS = re.compile(
    "番号|コード|区分|氏名|名称|カナ|フリガナ|住所|方書|生年月日|年月日|日$|性別|電話|備考|回数|ワクチン|ロット|接種|期|量"
)
_TODO = "todo"  # no role: the draft is refused until a person has decided


@dataclass(frozen=True)
class Finding:
    """One line of the answer; one that does not fit stops an ingest."""

    text: str
    fits: bool = True


def open_layout(name: str) -> Layout:
    """Read a layout: a TOML file, or a shipped one by name."""
    return read_layout(Path(name)) if name.endswith(".toml") else load_layout(name)


def review(layout: Layout, extracts: Path | None = None) -> list[Finding]:
    """Compare a layout with what the house needs, and with the files in `extracts` where they are given."""
    found = [finding for name, table in layout.tables.items() for finding in _review_table(name, table)]
    missing = [need.title for name, need in CONTRACT.items() if need.is_required and name not in layout.tables]
    if missing:
        found.append(Finding(f"必ず要る表がありません: {'、'.join(missing)}（ほかのレイアウトと合わせるなら不要）"))
    if extracts is not None:
        found += [_review_file(extracts, table) for table in layout.tables.values()]
    return found


def draft(path: Path, *, table: str) -> str:
    """Return a layout in TOML for the file `path`, from its header row only; what must be decided says `todo`.

    Raises:
        SourceError: the first record is no header row: it would quote a person.
    """
    encoding, titles = read_titles(path)
    if not _is_header(titles):
        msg = (
            f"{path.name} の1行目は見出し行とみられません。見出し行のあるCSVかExcelを指定してください。"
            "何も作っていません。"
        )
        raise SourceError(msg)
    return "\n".join(_draft_lines(path.name, encoding, titles, table)) + "\n"


def _review_table(name: str, table: TableLayout) -> Iterator[Finding]:
    where = f"{name}（{table.title}）"
    if table.holds is None:
        return
    stripped = [column.title for column in table.columns if column.role == "strip"]
    dropped = sum(column.role == "search" for column in table.columns)
    yield from (Finding(f"{where}: {text}", fits=False) for text in table.mismatches)
    if not table.mismatches:
        yield Finding(f"{where}: 必ず要る項目がそろっています")
    absent = [field for field in CONTRACT[table.holds].may if field not in table.provided]
    if absent:
        yield Finding(f"{where}: なくてもよい項目のうち、ないもの: {'、'.join(absent)}")
    yield Finding(f"{where}: 除去する列 {'、'.join(stripped) or 'なし'}、調べて捨てる列 {dropped}")


def _review_file(folder: Path, table: TableLayout) -> Finding:
    refusal = None
    try:
        path = find_file(folder, table)
        header = path and read_header(path, table)
    except SourceError as error:
        refusal = str(error)
    if refusal:
        return Finding(refusal, fits=False)
    if header is None:
        return Finding(f"{table.file}: ファイルがありません", fits=not table.required)
    return Finding(f"{path.name}: 見出し行がレイアウトと合います（{header.form}、{header.encoding}）")


def _is_header(titles: list[str]) -> bool:
    """Say whether cells are titles: words of titles among them, no long number, none there twice."""
    looks = [bool(_TITLE_WORDS.search(title)) for title in titles]
    odd = [title for title in titles if _HAS_LONG_NUMBER.search(title) or not 0 < len(title) <= MOST_TITLE]
    odd += [title for title in titles if '"' in title or "\\" in title or not title.isprintable()]
    return len(set(titles)) == len(titles) >= 2 and not odd and sum(looks) * 2 >= len(titles)  # noqa: PLR2004


def _draft_lines(file: str, encoding: str, titles: list[str], table: str) -> Iterator[str]:
    known = _known_columns(table)
    need = CONTRACT[table]
    yield f"# {file} の見出し行（{encoding}）から作った下書きです。role が {_TODO} の列を決め、"
    yield "# workbench layout check で確かめてください。決めるまで取り込みには使えません。"
    yield f"# 必ず要る項目: {'、'.join(need.must)}"
    yield f"# あってもよい項目: {'、'.join(need.may) or 'なし'}"
    yield '# 列のない項目で、どの行も同じ値のものは、表に constants = { 項目 = "値" } と書けます。'
    for name, words in need.words.items():
        yield f"# {name} の値: {'、'.join(sorted(words))}"
    yield ""
    yield f'title = "{Path(file).stem}"'
    yield ""
    yield f"[tables.{table}]"
    yield f'title = "{need.title}"'
    yield f'file = "{file}"'
    yield "columns = ["
    for title in titles:
        yield f"  {{ {_draft_column(title, known.get(title))} }},"
    yield "]"


def _known_columns(table: str) -> dict[str, Column]:
    """Return the columns of the shipped layouts by title, those of the same table first."""
    layouts = [load_layout(path.stem) for path in sorted(LAYOUTS.glob("*.toml"))]
    tables = [part for layout in layouts for part in layout.tables.values()]
    tables.sort(key=lambda part: part.holds == table)
    return {column.title: column for part in tables if part.holds == table for column in part.columns}


def _draft_column(title: str, known: Column | None) -> str:
    if known is not None:
        keys = known.model_dump(exclude_defaults=True)
        return ", ".join(f"{key} = {_toml(value)}" for key, value in keys.items())
    if mynumber.is_named(title):
        kind = "juminhyo_code" if "住民票" in title else "mynumber"
        return f'title = "{title}", field = "{kind}", role = "strip", type = "{kind}"'
    if "備考" in title or "メモ" in title:
        return f'title = "{title}", role = "search"'
    return f'title = "{title}", role = "{_TODO}"'


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else f'"{value}"'
