"""Workbooks as they come: what is inside whatever the name says, cells as a person sees them, what is locked."""

from __future__ import annotations

import datetime
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from importers import vocabulary
from importers.readers.reader import Reader
from importers.rows import Batch, Opened, UnreadableFile

Rows = Sequence[Sequence[Any]]


def read(path: Path, *, careful: bool = False, **wishes: Any) -> tuple[Opened, list[Batch]]:
    reader = Reader(str(path), vocabulary.order(wishes.pop("module", "leads"), **wishes), careful=careful)
    try:
        return reader.opened, list(reader)
    finally:
        reader.close()


def column(batches: list[Batch], name: str) -> list[Any]:
    return [value for batch in batches for value in batch["columns"][name]]


def lines(batches: list[Batch]) -> list[int]:
    return [line for batch in batches for line in batch["lines"]]


def flags(batches: list[Batch]) -> list[tuple[int, str, str]]:
    return [(flag["line"], flag["field"], flag["code"]) for batch in batches for flag in batch["flags"]]


def refusal(path: Path, **wishes: Any) -> str:
    with pytest.raises(UnreadableFile) as refused:
        read(path, **wishes)
    return refused.value.problem.code


def xlsx(path: Path, rows: Rows, at: tuple[int, int] = (1, 1), **sheets: Rows) -> Path:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    for place, row in enumerate(rows):
        for cell, value in enumerate(row):
            first.cell(at[0] + place, at[1] + cell, value)
    for name, more in sheets.items():
        sheet = book.create_sheet(name)
        for row in more:
            sheet.append(row)
    book.save(path)
    return path


def xls(path: Path, rows: Rows) -> Path:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Feuille1")
    for place, row in enumerate(rows):
        for cell, value in enumerate(row):
            sheet.write(place, cell, value)
    book.save(str(path))
    return path


def ods(path: Path, rows: Rows) -> Path:
    def cell(value: object) -> str:
        if isinstance(value, float):
            return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'

    body = "".join("<table:table-row>" + "".join(map(cell, row)) + "</table:table-row>" for row in rows)
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", "<manifest/>")
        package.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="Feuille1">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


def rewritten(path: Path, part: str, old: str, new: str) -> Path:
    """A workbook with some text of one part replaced."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    assert old.encode() in parts[part]
    parts[part] = parts[part].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w") as package:
        for name, data in parts.items():
            package.writestr(name, data)
    return path


HEADER = ["Vorname", "Nachname", "Firma", "Telefon"]
ROWS = [HEADER, ["Anna", "Weber", "Möller GmbH", "+49 511 123456"], ["Jan", "Klein", "Klein AG", ""]]


@pytest.mark.parametrize("name", ["leads.xlsx", "leads.xls", "leads.ods", "leads.csv", "leads"])
@pytest.mark.parametrize(("make", "kind"), [(xlsx, "xlsx"), (xls, "xls"), (ods, "ods")])
def test_a_workbook_is_known_by_its_first_bytes(tmp_path: Path, make: Any, kind: str, name: str) -> None:
    opened, batches = read(make(tmp_path / name, ROWS), country="DE")
    assert opened["format"] == kind and opened["header_row"] == 1
    assert column(batches, "last_name") == ["Weber", "Klein"] and lines(batches) == [2, 3]
    assert column(batches, "phone") == ["+49 511 123456", None]


def test_text_named_as_a_workbook_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "export.xls"
    path.write_bytes("Vorname\tNachname\r\nAnna\tWeber\r\n".encode("utf-16"))
    opened, batches = read(path)
    assert opened["format"] == "csv" and column(batches, "last_name") == ["Weber"]


def test_a_web_page_named_as_a_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "export.xls"
    path.write_text(
        '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><table><tr><td>Vorname</td></tr></table></html>'
    )
    assert refusal(path) == "SY-F18"
    path.write_text('<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>')
    assert refusal(path) == "SY-F19"


@pytest.mark.parametrize("careful", [False, True])
def test_cells_are_what_a_person_sees(tmp_path: Path, careful: bool) -> None:
    cells = [
        ("Nachname", "Weber", "Weber"),
        ("Telefon", 33123456789, "33123456789"),
        ("PLZ", "01067", "01067"),
        ("Notiz 1", 0.1 + 0.2, "0.3"),
        ("Notiz 2", 1234.5, "1234.5"),
        ("Notiz 3", datetime.date(2026, 1, 2), "2026-01-02"),
        ("Notiz 4", datetime.datetime(2026, 1, 2, 10, 30), "2026-01-02 10:30:00"),
        ("Notiz 5", True, "true"),
        ("Notiz 6", datetime.time(8, 15), "08:15:00"),
        ("Notiz 7", 0, "0"),
        ("Notiz 8", -12.0, "-12"),
        ("Notiz 9", "a_x000D_\nb_x005F_x000D_", "a\r\nb_x000D_"),
    ]
    path = xlsx(tmp_path / "a.xlsx", [[name for name, _, _ in cells], [value for _, value, _ in cells]])
    _, batches = read(path, careful=careful)
    extra = json.loads(batches[0]["extra"][0] or "{}")
    found = {"Nachname": column(batches, "last_name")[0], "Telefon": column(batches, "phone")[0], **extra}
    found["PLZ"] = column(batches, "zip")[0]
    assert found == {name: shown for name, _, shown in cells}


def test_dates_counted_from_1904(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    sheet.append(["Last Name", "Birthday"])
    sheet.append(["Weber", datetime.date(1971, 4, 25)])
    book.save(tmp_path / "mac.xlsx")
    assert column(read(tmp_path / "mac.xlsx", module="contacts")[1], "date_of_birth") == ["1971-04-25"]


@pytest.mark.parametrize("careful", [False, True])
def test_a_table_away_from_the_corner(tmp_path: Path, careful: bool) -> None:
    rows: Rows = [
        ["Messe Hannover"],
        [],
        HEADER,
        ["Anna", "Weber", "Möller", "0511 1"],
        [],
        [None, None],
        ["Jan", "Klein"],
    ]
    opened, batches = read(xlsx(tmp_path / "a.xlsx", rows, at=(4, 3)), careful=careful)
    assert opened["header_row"] == 6 and lines(batches) == [7, 10]
    assert column(batches, "last_name") == ["Weber", "Klein"]


def test_the_first_visible_sheet_with_a_known_header_is_taken(tmp_path: Path) -> None:
    path = xlsx(
        tmp_path / "a.xlsx",
        [["Stand 4, Halle 7"]],
        Versteckt=[HEADER, ["x", "Nein"]],
        Liste=ROWS,
        Zweite=[HEADER, ["y", "Z"]],
    )
    book = openpyxl.load_workbook(path)
    book["Versteckt"].sheet_state = "hidden"
    book.save(path)
    opened, batches = read(path)
    assert opened["sheet"] == "Liste" and column(batches, "last_name") == ["Weber", "Klein"]
    assert column(read(path, sheet="zweite")[1], "last_name") == ["Z"]
    assert column(read(path, sheet="Versteckt")[1], "last_name") == ["Nein"]
    with pytest.raises(UnreadableFile, match='"Liste"') as refused:
        read(path, sheet="Tabelle9")
    assert refused.value.problem.code == "SY-F30" and "Versteckt" not in refused.value.problem.why


def test_workbooks_without_a_list_are_refused(tmp_path: Path) -> None:
    assert refusal(xlsx(tmp_path / "a.xlsx", [])) == "SY-F12"
    assert refusal(xlsx(tmp_path / "b.xlsx", [["foo", "bar"], [1, 2]])) == "SY-F13"


@pytest.mark.parametrize("at", [(1, 1), (3, 2)])
def test_cells_that_show_an_error_are_flagged(tmp_path: Path, at: tuple[int, int]) -> None:
    path = xlsx(tmp_path / "a.xlsx", [HEADER, ["Anna", "Weber", "#N/A", "=1+1"], ["Jan", "Klein", "x", "1"]], at=at)
    opened, batches = read(path)
    row = opened["header_row"] + 1
    assert flags(batches)[:2] == [(row, "company", "SY-L24"), (row, "phone", "SY-L27")]
    assert column(batches, "company") == [None, "x"]


def test_a_row_that_shows_only_errors_is_not_lost(tmp_path: Path) -> None:
    _, batches = read(xlsx(tmp_path / "a.xlsx", [HEADER, ["#REF!", "#REF!"], ["Jan", "Klein"]]))
    assert [refused["line"] for refused in batches[0]["refused"]] == [2] and lines(batches) == [3]


def test_a_long_result_and_a_text_with_fonts_are_no_formula_without_result(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", [HEADER, ["Anna", "=A2", "#N/A", "=1/30"], ["Jan", "Klein", "x", "=1+1"]])
    part = "xl/worksheets/sheet1.xml"
    rich = '<is><r><t>We</t></r><r><rPr><family val="2"/></rPr><t>ber</t></r></is>'
    rewritten(path, part, '<c r="B2"><f>A2</f><v /></c>', f'<c r="B2" t="inlineStr">{rich}</c>')
    rewritten(path, part, "<f>1/30</f><v />", "<f>1/30</f><v>3.3333333333333333E-2</v>")
    _, batches = read(path)
    assert column(batches, "last_name") == ["Weber", "Klein"]
    assert flags(batches) == [(2, "company", "SY-L24"), (2, "phone", "SY-L20"), (3, "phone", "SY-L27")]


@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("00000", 123, "00123"),
        ("00000", 1234567, "1234567"),
        ("00000", 0, "00000"),
        ("[$-407]00000;-00000", 123, "00123"),
        ("00000\\-0000", 12345678, "01234-5678"),
        ('"D-"00000', 1067, "D-01067"),
        ("000\\ 00", 1234, "012 34"),
        ('"0"#', 301234567, "0301234567"),
        ('0#" "##" "##" "##" "##', 123456789, "01 23 45 67 89"),
        ("#0", 5, "5"),
        ("+0", 49301234567, "+49301234567"),
        ("00000", -5, "-5"),
        ("00000", 1.5, "1.5"),
        ("00000", "A 12", "A 12"),
        ("0.00", 12, "12"),
        ("#,##0", 1234, "1234"),
        ('0 "m2"', 12, "12"),
        ("0", 12, "12"),
        ("General", 8001, "8001"),
    ],
)
def test_a_number_is_read_as_its_own_cell_shows_it(
    tmp_path: Path, code: str, value: object, shown: str, careful: bool
) -> None:
    path = xlsx(
        tmp_path / "a.xlsx", [["Last Name", "Zip", "Ref"], *[["Weber", value, value]] * 3, ["Klein", 8001, 8001]]
    )
    book = openpyxl.load_workbook(path)
    for cell in [cell for row in book.worksheets[0]["B2:C4"] for cell in row]:
        cell.number_format = code
    book.save(path)
    _, batches = read(path, careful=careful)
    assert column(batches, "zip") == [shown, shown, shown, "8001"]
    assert [json.loads(text)["Ref"] for batch in batches for text in batch["extra"] if text] == [shown] * 3 + ["8001"]


def test_leading_zeros_of_an_ods_are_read(tmp_path: Path) -> None:
    path = ods(tmp_path / "a.ods", [["Last Name", "Zip"], ["Weber", 1067.0], ["Klein", 50667.0], ["Berg", 8001.0]])
    pads = '<number:number xmlns:number="n" number:min-integer-digits="5"/><table:table '
    path = rewritten(path, "content.xml", "<table:table ", pads)
    for value, text in (("1067.0", "01067"), ("8001.0", "8.001")):
        cell = f'office:value="{value}"'
        path = rewritten(path, "content.xml", f"{cell}/>", f"{cell}><text:p>{text}</text:p></table:table-cell>")
    assert column(read(path)[1], "zip") == ["01067", "50667", "8001"]
    row = "<table:table-row><table:table-cell office:value-type"
    blank = '<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="2"/>'
    moved = '</table:table-row><table:table-row><table:table-cell table:number-columns-repeated="2"/>'
    path = rewritten(path, "content.xml", row, f"{blank}{moved}<table:table-cell office:value-type")
    opened, batches = read(path)
    assert column(batches, "zip") == ["01067", "50667", "8001"] and opened["header_row"] == 4


def test_leading_zeros_of_a_number_format_are_read(tmp_path: Path) -> None:
    rows: Rows = [
        ["Last Name", "Zip", "Employees"],
        ["Weber", 1067, 5],
        ["Klein", 50667, 7],
        ["Berg", "999", 8],
        ["Dahl", ""],
    ]
    path = xlsx(tmp_path / "a.xlsx", rows, at=(2, 3))
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    for row in range(3, 7):
        sheet.cell(row, 4).number_format = "00000"
    sheet.cell(3, 5).number_format = "00\\ 00"
    book.save(path)
    for careful in (False, True):
        _, batches = read(path, careful=careful)
        assert column(batches, "zip") == ["01067", "50667", "999", None]
        assert column(batches, "employees") == [5, 7, 8, None]


def test_a_formula_shows_its_stored_result(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", [HEADER, ["Anna", "=A2", "x", ""]])
    rewritten(
        path, "xl/worksheets/sheet1.xml", '<c r="B2"><f>A2</f><v /></c>', '<c r="B2" t="str"><f>A2</f><v>Weber</v></c>'
    )
    _, batches = read(path)
    assert column(batches, "last_name") == ["Weber"] and flags(batches) == []


@pytest.mark.parametrize("size", ["A1", "A1:B2", "A1:XFD1048576"])
@pytest.mark.parametrize("careful", [False, True])
def test_a_wrong_dimension_is_not_believed(tmp_path: Path, size: str, careful: bool) -> None:
    path = rewritten(xlsx(tmp_path / "a.xlsx", ROWS), "xl/worksheets/sheet1.xml", 'ref="A1:D3"', f'ref="{size}"')
    assert column(read(path, careful=careful)[1], "last_name") == ["Weber", "Klein"]


def test_strict_workbooks(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", ROWS)
    spaces = {
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main": "http://purl.oclc.org/ooxml/spreadsheetml/main",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships": "http://purl.oclc.org/ooxml/officeDocument/relationships",
    }
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name).decode() for name in package.namelist()}
    with zipfile.ZipFile(path, "w") as package:
        for name, text in parts.items():
            for old, new in spaces.items():
                text = text.replace(old, new) if name.startswith("xl/") else text
            package.writestr(name, text)
    assert column(read(path)[1], "last_name") == ["Weber", "Klein"]


def test_numbers_too_long_for_a_store_cost_their_row(tmp_path: Path) -> None:
    rows: Rows = [["Nachname", "Jahresumsatz", "Mitarbeiter"], ["A", 1250.5, 12], ["B", 1e30, 1], ["C", 1, 1e25]]
    _, batches = read(xlsx(tmp_path / "a.xlsx", rows))
    assert column(batches, "annual_revenue") == [125050] and column(batches, "employees") == [12]
    assert [(r["line"], r["code"]) for r in batches[0]["refused"]] == [(3, "SY-L12"), (4, "SY-L12")]


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["EncryptionInfo", "EncryptedPackage"], "SY-F11"),
        (["DataSpaces", "DRMEncryptedTransform", "EncryptedPackage"], "SY-F32"),
        (["WordDocument"], "SY-F33"),
        (["PowerPoint Document"], "SY-F33"),
        (["Workbook"], "SY-F29"),
    ],
)
def test_three_kinds_of_locked_and_what_is_no_workbook(tmp_path: Path, names: list[str], code: str) -> None:
    path = tmp_path / "locked.xlsx"
    path.write_bytes(OLE + b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in names))
    assert refusal(path) == code


def test_an_encrypted_xls_is_a_matter_of_its_password(tmp_path: Path) -> None:
    path = xls(tmp_path / "a.xls", ROWS)
    data = path.read_bytes()
    start = data.index(b"\x09\x08\x10\x00\x00\x06\x05\x00")
    end = start + 4 + int.from_bytes(data[start + 2 : start + 4], "little")
    path.write_bytes(data[:end] + b"\x2f\x00\x06\x00" + data[end + 4 :])
    assert refusal(path) == "SY-F11"


def test_other_packages_are_named(tmp_path: Path) -> None:
    for name, part in (("a.docx", "word/document.xml"), ("a.zip", "leads.csv"), ("a.numbers", "Index/Document.iwa")):
        with zipfile.ZipFile(tmp_path / name, "w") as package:
            package.writestr(part, "x")
        assert refusal(tmp_path / name) == "SY-F33"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("make", [xlsx, xls])
def test_a_broken_off_workbook_is_refused(tmp_path: Path, make: Any, share: float) -> None:
    path = make(tmp_path / "a.xls", [HEADER, *([str(n), "Weber", "x" * 50, str(n)] for n in range(200))])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert refusal(path) == "SY-F29"


def test_a_part_that_cannot_be_unpacked_is_damage(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", [HEADER, *([str(n), "Weber", str(n) * 9, str(n)] for n in range(200))])
    with zipfile.ZipFile(path) as package:
        part = package.getinfo("xl/worksheets/sheet1.xml")
    data = bytearray(path.read_bytes())
    begin = part.header_offset + 30 + len(part.filename)
    for place in range(begin + part.compress_size // 2, begin + part.compress_size, 40):
        data[place] ^= 0xFF
    path.write_bytes(bytes(data))
    for careful in (False, True):
        assert refusal(path, careful=careful) == "SY-F29"


def test_too_many_parts_are_refused(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", ROWS)
    with zipfile.ZipFile(path, "a") as package:
        for number in range(1_000):
            package.writestr(f"xl/media/{number}.png", "")
    assert refusal(path) == "SY-F31"


def test_entities_are_not_spread(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", ROWS)
    bomb = (
        '<!DOCTYPE x [<!ENTITY a "'
        + "a" * 50
        + '">'
        + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "&a;" * 10}">' for n in range(9))
        + "]>"
    )
    rewritten(path, "xl/worksheets/sheet1.xml", "<worksheet", f"{bomb}<worksheet")
    try:
        _, batches = read(path)
        assert column(batches, "last_name") == ["Weber", "Klein"]
    except UnreadableFile as refused:
        assert refused.problem.code == "SY-F29"
