"""Workbooks for tests, written part by part, so that a test can put anything at all into one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from html import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
#: The styles of a cell: as it is, date and time, date, time of day.
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="dd/mm/yyyy hh:mm:ss"/></numFmts>'
    '<cellXfs count="4"><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="14"/><xf numFmtId="18"/></cellXfs>'
    "</styleSheet>"
)
_FIRST_DAY = datetime(1899, 12, 30, tzinfo=UTC)

Cell = str | int | float | bool | date | time | None


def zipped(members: Sequence[tuple[str, str | bytes]]) -> bytes:
    """A zip of these members."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return kept.getvalue()


def sheet(rows: Sequence[Sequence[Cell]]) -> str:
    """The text of a sheet's part, the rows one below the other."""
    return "".join(f"<row>{''.join(_cell(cell) for cell in row)}</row>" for row in rows)


def _cell(cell: Cell) -> str:
    if cell is None:
        return "<c/>"
    if isinstance(cell, bool):
        return f'<c t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, date | time):
        return _dated(cell)
    if isinstance(cell, str):
        return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    return f"<c><v>{cell}</v></c>"


def _dated(cell: date | time) -> str:
    if isinstance(cell, datetime):
        return f'<c s="1"><v>{(cell.replace(tzinfo=UTC) - _FIRST_DAY).total_seconds() / 86_400!r}</v></c>'
    if isinstance(cell, date):
        return f'<c s="2"><v>{(cell - _FIRST_DAY.date()).days}</v></c>'
    return f'<c s="3"><v>{(cell.hour * 3600 + cell.minute * 60 + cell.second) / 86_400!r}</v></c>'


def workbook(*sheets: str, states: Sequence[str] = (), more: Sequence[tuple[str, str | bytes]] = ()) -> bytes:
    """An .xlsx of these sheets; `states` are `visible`, `hidden` or `veryHidden`."""
    numbers = range(1, len(sheets) + 1)
    shown = [*states, *["visible"] * len(sheets)]
    names = "".join(f'<sheet name="Sheet{n}" sheetId="{n}" state="{shown[n - 1]}" r:id="r{n}"/>' for n in numbers)
    targets = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    kind = f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}"/>'
    first = f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    main = f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>'
    parts = [
        ("[Content_Types].xml", f'<Types xmlns="{_PACKAGE}/content-types">{kind}</Types>'),
        ("_rels/.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{first}</Relationships>'),
        ("xl/workbook.xml", main),
        ("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{targets}</Relationships>'),
        ("xl/styles.xml", _STYLES),
    ]
    for number, cells in zip(numbers, sheets, strict=True):
        text = f'<worksheet xmlns="{_MAIN}"><sheetData>{cells}</sheetData></worksheet>'
        parts.append((f"xl/worksheets/sheet{number}.xml", text))
    return zipped([*parts, *more])
