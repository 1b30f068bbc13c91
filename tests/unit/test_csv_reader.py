"""CSV as it comes: encodings, delimiters, line ends, quotes that never close, cells that no database holds."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from importers import vocabulary
from importers.readers import dialect
from importers.readers.reader import Reader
from importers.rows import Batch, Opened, UnreadableFile

HEADER = "First Name,Last Name,Company,Email\n"


class Seen:
    """A file read whole: what was found, and all batches as one."""

    def __init__(self, path: Path, data: bytes | str, module: str = "leads", **wishes: Any) -> None:
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        reader = Reader(str(path), vocabulary.order(module, **wishes), today=date(2026, 11, 24))
        try:
            self.opened: Opened = reader.opened
            self.batches: list[Batch] = list(reader)
        finally:
            reader.close()
        self.rows = sum(batch["rows"] for batch in self.batches)
        self.lines = [line for batch in self.batches for line in batch["lines"]]
        self.refused = [(r["line"], r["code"]) for batch in self.batches for r in batch["refused"]]
        self.cells = [r["cells"] for batch in self.batches for r in batch["refused"]]
        self.flags = [(f["line"], f["field"], f["code"]) for batch in self.batches for f in batch["flags"]]
        self.extra = [json.loads(text) if text else {} for batch in self.batches for text in batch["extra"]]
        assert self.rows == len(self.lines) + len(self.refused)

    def column(self, name: str) -> list[Any]:
        return [value for batch in self.batches for value in batch["columns"][name]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


def refusal(path: Path, data: bytes | str, **wishes: Any) -> str:
    with pytest.raises(UnreadableFile) as refused:
        Seen(path, data, **wishes)
    return refused.value.problem.code


FRENCH = "Prénom;Nom;Société\nHélène;Noël;Cœur & Fils\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (FRENCH.encode(), "utf-8"),
        (FRENCH.encode("utf-8-sig"), "utf-8-sig"),
        (FRENCH.encode("utf-16"), "utf-16"),
        (FRENCH.encode("utf-16-le"), "utf-16-le"),
        (FRENCH.encode("utf-16-be"), "utf-16-be"),
        (FRENCH.encode("utf-32"), "utf-32"),
        (FRENCH.encode("utf-32-le"), "utf-32-le"),
        (FRENCH.encode("cp1252"), "cp1252"),
        (FRENCH.encode("mac_roman"), "mac_roman"),
    ],
)
def test_encodings_are_found(path: Path, data: bytes, encoding: str) -> None:
    seen = Seen(path, data)
    assert seen.opened["encoding"] == encoding and seen.opened["delimiter"] == ";"
    assert seen.column("first_name") == ["Hélène"] and seen.column("last_name") == ["Noël"]
    assert seen.column("company") == ["Cœur & Fils"]


def test_utf8_is_proven_over_the_whole_file(path: Path) -> None:
    filler = "Anna,Weber,X,a@x.example\n" * 9000
    assert Seen(path, HEADER + filler + "Zoë,Noël,Y,\n").opened["encoding"] == "utf-8"
    late = Seen(path, (HEADER + filler).encode() + "Zoë,Noël,Y,\n".encode("cp1252"))
    assert late.opened["encoding"] == "cp1252" and late.column("first_name")[-1] == "Zoë"


def test_a_broken_byte_in_a_utf8_file_costs_its_row(path: Path) -> None:
    data = (
        (HEADER + "Élodie,Noël,Café,\n").encode()
        + b"Bro,ken\xe9,X,\n"
        + b"Sur,ro\xed\xa0\x80gate,X,\n"
        + "Zoë,Ü,X,\n".encode()
    )
    seen = Seen(path, data)
    assert seen.opened["encoding"] == "utf-8"
    assert seen.column("last_name") == ["Noël", "Ü"] and seen.refused == [(3, "SY-L05"), (4, "SY-L05")]
    assert seen.cells[0][1].encode("utf-8", "surrogateescape") == b"ken\xe9"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("cp1251", "Имя;Фамилия;Email\nАнна;Смирнова;anna@smirnova.example\n"),
        ("cp1250", "Imię;Nazwisko;Firma\nŁukasz;Wiśniewski;Źródło\n"),
        ("cp1250", "Jméno;Příjmení;Firma\nJiří;Dvořák;Škoda a.s.\n"),
        ("cp1250", "Keresztnév;Vezetéknév;Cég\nGyőző;Tőkés;Művek Kft.\n"),
        ("cp1254", "Ad;Soyad;Şirket\nÇağrı;Yılmaz;Işık A.Ş.\n"),
        ("cp932", "氏名;Email;会社\n山田太郎;taro@yamada.example;株式会社山田\n"),
    ],
)
def test_the_language_of_the_header_names_the_code_page(path: Path, page: str, text: str) -> None:
    seen = Seen(path, text.encode(page))
    assert seen.opened["encoding"] == page
    assert seen.opened["header"] == text.splitlines()[0].split(";")
    assert seen.lines == [2]


def test_an_order_wins_over_what_was_found(path: Path) -> None:
    data = "Nom;Prénom\nNoël;Zoë\n".encode("cp850")
    assert Seen(path, data, encoding="cp850").column("last_name") == ["Noël"]
    assert Seen(path, "Nom,Ort|Email\nA,B|a@b.example\n", delimiter="|").opened["header"] == ["Nom,Ort", "Email"]
    assert Seen(path, "Nom\tEmail\nA\ta@b.example\n", delimiter="tab").column("last_name") == ["A"]
    assert refusal(path, data, encoding="klingon") == "SY-F20"
    assert refusal(path, data, delimiter=";;") == "SY-F21"


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("mac_roman", ["Jérôme", "Hélène", "Jürgen", "Groß", "Åsa"]),
        ("cp850", ["Jürgen", "Müller", "Bäcker", "Groß"]),
        ("cp1250", ["Małgorzata", "Paweł", "Wójcik", "Łódź"]),
        ("iso8859_2", ["Łukasz", "Wiśniewski", "Małgorzata"]),
        ("cp1251", ["Иван", "Петров", "Ромашка", "Смирнова", "Кузнецов", "Сергей"]),
        ("cp1252", ["Zoë", "D’Aubigné", "Noël–Müller", "Œuvre", "FRANÇOIS", "Señora", "S²-Maß", "Gård®"]),
    ],
)
def test_words_tell_their_code_page_where_the_header_does_not(path: Path, page: str, names: list[str]) -> None:
    seen = Seen(path, "\n".join(["Last Name;City", *(f"{name};Bonn" for name in names)]).encode(page) + b"\n")
    assert seen.column("last_name") == names


def test_a_stray_byte_costs_its_row_and_not_the_code_page(path: Path) -> None:
    seen = Seen(path, b"Last Name;City\nM\xfcller;Bonn\nMeier;\x81\n")
    assert seen.column("last_name") == ["Müller"] and seen.opened["encoding"] == "cp1252"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found(path: Path, delimiter: str) -> None:
    rows = [["Name", "Company", "Notes"], ["Anna", "Weber, Klein; Söhne", "a | b\tc"], ["Jan", "X", "1,5; 2,5"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    seen = Seen(path, text)
    assert seen.opened["delimiter"] == delimiter and seen.column("company") == ["Weber, Klein; Söhne", "X"]


@pytest.mark.parametrize("delimiter", [" ", "f", "e", "#", "~", "§"])
def test_any_character_may_be_the_delimiter(path: Path, delimiter: str) -> None:
    text = f"Nachname{delimiter}Ort\nBrandt{delimiter}Kassel\nVogt{delimiter}Prag\n"
    text = text if delimiter not in "fe" else f"NACHNAMZ{delimiter}ORT\nBRANDT{delimiter}KASSAL\nVOGT{delimiter}PRAG\n"
    seen = Seen(path, text, delimiter=delimiter, map={"NACHNAMZ": "last_name"})
    assert [name.casefold() for name in seen.column("last_name")] == ["brandt", "vogt"] and seen.lines == [2, 3]


def test_delimiter_by_equal_width_where_no_word_is_known() -> None:
    def nothing(row: object) -> int:
        return 0

    assert dialect.find("a;1,5;x\nb;2,5;y\nc;3,25;z\n", True, nothing) == ";"
    assert dialect.find("one column\nof words, here and there\nno more\n", True, nothing) == ","
    assert dialect.find('"a;b",c\n"d;e",f\n', True, nothing) == ","


@pytest.mark.parametrize(
    ("rows", "names", "companies"),
    [
        ('"Anna", "Weber", "Solis, Inc", "a@x.example"\nJan, "Klein", "B ""best"" Co",', ["Weber", "Klein"],
         ["Solis, Inc", 'B "best" Co']),
        ('"Anna","Weber","Solis \\"best\\", Inc","a@x.example"\n"Jan","Klein","a\\\\b \\"c\\"",', ["Weber", "Klein"],
         ['Solis "best", Inc', 'a\\b "c"']),
        ('Anna,Weber,"a path\\",a@x.example\nJan, Klein,"says ""yes"", often",', ["Weber", "Klein"],
         ["a path\\", 'says "yes", often']),
        ('Anna,Weber,3 "inch, a@x.example\nJan,Klein,D:\\x,', ["Weber", "Klein"], ['3 "inch', "D:\\x"]),
    ],
)  # fmt: skip
def test_quoting_as_programs_do_it(path: Path, rows: str, names: list[str], companies: list[str]) -> None:
    seen = Seen(path, f"{HEADER}{rows}\n")
    assert seen.column("last_name") == names and seen.column("company") == companies


def test_a_header_word_alone_is_one_column(path: Path) -> None:
    seen = Seen(path, "Company\nSolis, Inc\nKeller; Sons\n")
    assert seen.column("company") == ["Solis, Inc", "Keller; Sons"] and seen.refused == []


def test_the_separator_line_of_excel(path: Path) -> None:
    seen = Seen(path, "\ufeffsep=|\r\nNom|Société\r\nNoël|Durand; Petit, Fils\r\n")
    assert seen.opened["delimiter"] == "|" and seen.opened["header_row"] == 2 and seen.lines == [3]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(path: Path, end: str) -> None:
    seen = Seen(path, end.join(["Nom,Email", "A,a@x.example", "", "B,b@x.example"]))
    assert seen.column("last_name") == ["A", "B"] and seen.lines == [2, 4]


def test_lines_are_those_of_an_editor(path: Path) -> None:
    seen = Seen(path, 'Nom,Notes\nA,"one\ntwo\nthree"\n\n  ,\nB,x\nC,"one\r\ntwo"\nD,\n')
    assert seen.lines == [2, 7, 8, 10]
    assert seen.column("description")[0] == "one\ntwo\nthree"


def test_lines_above_the_header_are_passed_over(path: Path) -> None:
    text = (
        'Notes:\n"Some people, as you know,\nshow no address."\n\nFirst Name,Last Name,Email Address\nA,B,a@b.example\n'
    )
    seen = Seen(path, text)
    assert seen.opened["header_row"] == 5 and seen.lines == [6]
    assert Seen(path, "List of 2026,,\n,,\nVorname,Nachname,Ort\nA,B,C\n").opened["header_row"] == 3
    groups = "Person,,Firma,Kontakt,\nVorname,Nachname,Firma,E-Mail,Telefon\nA,B,C,a@b.example,1\n"
    assert Seen(path, groups).opened["header_row"] == 2
    assert Seen(path, text, header_row=5).opened["header_row"] == 5
    assert refusal(path, text, header_row=99) == "SY-F22"
    deep = "x,y\n" * 60 + "Nom,Email\nA,a@b.example\n"
    assert Seen(path, deep, header_row=61).lines == [62]


def test_a_file_without_known_columns_is_refused(path: Path) -> None:
    assert refusal(path, "foo,bar\n1,2\n") == "SY-F13"
    assert refusal(path, "\n \n,,\n") == "SY-F12"
    assert Seen(path, "foo,bar\n1,2\n", map={"Foo": "last_name"}).column("last_name") == ["1"]
    assert refusal(path, HEADER, map={"Company": "firma"}) == "SY-F23"


@pytest.mark.parametrize(
    "kind", ["%PDF-1.7 \0", "\x89PNG\r\n\0", "BEGIN:VCARD\nVERSION:3.0\n", "<html><table>", "<?xml version='1.0'?><a/>"]
)
def test_what_is_no_table_is_refused(path: Path, kind: str) -> None:
    assert refusal(path, kind.encode("latin-1")) in {"SY-F14", "SY-F18", "SY-F19", "SY-F26"}
    assert refusal(path, bytes(range(256)) * 40) == "SY-F14"


OPEN = [
    ('A,"Open,X,\n', "at the start of a cell, nothing quoted follows"),
    ('A,"Open,X,\n"B","Two","X",\n', "everything after it is quoted"),
    ('A,B,X,"\n', "a lone quote"),
    ('"A,Open,X,\n', "the first cell"),
]


@pytest.mark.parametrize(("bad", "why"), OPEN, ids=[why for _, why in OPEN])
def test_a_quote_that_never_closes_costs_its_line_only(path: Path, bad: str, why: str) -> None:
    good = "Anna,Weber,Y,anna@weber.example\n"
    for before, after in ((0, 0), (0, 3), (3, 0), (7, 9)):
        seen = Seen(path, HEADER + good * before + bad + good * after, chunk=4)
        assert seen.refused == [(before + 2, "SY-L02")], why
        assert len(seen.lines) == before + after + bad.count("\n") - 1
        assert seen.lines == sorted(set(seen.lines))


def test_quotes_that_never_close_on_many_lines(path: Path) -> None:
    good = 'Anna,"Weber, ""AW""",Y,anna@weber.example\nJan,"Two\nlines",Z,\n'
    seen = Seen(path, HEADER + (good + 'A,"Open,X,\n' + good) * 50, chunk=16)
    assert len(seen.refused) == 50 and {code for _, code in seen.refused} == {"SY-L02"}
    assert len(seen.lines) == 200 and seen.column("last_name").count("Two\nlines") == 100


def test_many_open_quotes_take_no_more_than_their_share_of_time(path: Path) -> None:
    start = time.process_time()
    seen = Seen(path, HEADER + "".join(f'A{n},"Open,X,a{n}@x.example\n' for n in range(8_000)))
    assert len(seen.refused) == 8_000 and time.process_time() - start < 10


def test_an_open_quote_in_a_large_file(path: Path) -> None:
    good = "Anna,Weber,Y,anna@weber.example\n"
    seen = Seen(path, HEADER + 'A,"Open,X,\n' + good * 60_000)
    assert seen.refused == [(2, "SY-L02")] and len(seen.lines) == 60_000


def test_quotes_and_line_ends_inside_cells_are_kept(path: Path) -> None:
    text = HEADER + 'A,"Line one\nline two","He said ""yes"", then\r\nleft",a@x.example\n5" tube,B,"C ""D""",\n'
    seen = Seen(path, text)
    assert not seen.refused
    assert seen.column("last_name") == ["Line one\nline two", "B"]
    assert seen.column("company") == ['He said "yes", then\r\nleft', 'C "D"']
    assert seen.column("first_name")[1] == '5" tube'


def test_a_blank_cell_behind_a_cell_of_two_lines_is_no_open_quote(path: Path) -> None:
    seen = Seen(path, 'Last Name,Notes\nWeber,"one\ntwo",\nKlein,"three\nfour",\n')
    assert seen.column("description") == ["one\ntwo", "three\nfour"] and seen.refused == []


def test_cells_beyond_the_limit_cost_their_row(path: Path) -> None:
    limit = 131_072
    tall = "y\n" * limit
    text = HEADER + f'A,{"x" * limit},C,\nA,{"x" * (limit + 1)},C,\nA,"{tall}",C,\nB,Last,C,\n'
    seen = Seen(path, text, module="leads")
    assert seen.refused == [(3, "SY-L03"), (4, "SY-L03")]
    assert seen.column("last_name")[1] == "Last" and len(seen.cells[0][1]) == limit + 1
    huge = Seen(path, HEADER + f"A,{'x' * 3_000_000},C,\nB,Last,C,\n")
    assert huge.refused == [(2, "SY-L03")] and huge.column("last_name") == ["Last"]


def test_poison_costs_its_row_only(path: Path) -> None:
    text = "Last Name,Annual Revenue,No. of Employees,Email\nA,1,1,\nB,1e30,1,\nC,1,1234567890123456789012345,\n"
    text += "D,1,1,d@\n\0E,,,\nF,,,\n"
    seen = Seen(path, text)
    assert seen.column("last_name") == ["A", "F"]
    assert [code for _, code in seen.refused] == ["SY-L12", "SY-L12", "SY-L10", "SY-L04"]


def test_rows_of_other_widths(path: Path) -> None:
    seen = Seen(path, HEADER + "A,B\nA,B,C,,,,\nA,B,C,,x\n")
    assert seen.lines == [2, 3] and seen.refused == [(4, "SY-L01")]
    assert seen.column("company") == [None, "C"]


def test_a_record_needs_a_name(path: Path) -> None:
    seen = Seen(path, HEADER + "Anna,,Firma,\nAnna,,,anna.w@x.example\nAnna,,,\n,,Firma,\n")
    assert seen.column("last_name") == ["Firma", "anna.w", "Firma"] and seen.refused == [(4, "SY-L06")]


def test_what_is_doubtful_is_kept_and_flagged(path: Path) -> None:
    text = (
        "Last Name,Phone,Lead Status,City,Email,Email Opt Out\nA,12,Perhaps,"
        + "c" * 120
        + ",,maybe\nB,,,,/o=Org/cn=b,\nC,,,,c@x.example; d@x.example,\n"
    )
    seen = Seen(path, text, country="DE")
    assert seen.flags == [
        (2, "phone", "SY-L20"),
        (2, "lead_status", "SY-L21"),
        (2, "city", "SY-L22"),
        (2, "email_opt_out", "SY-L23"),
        (3, "email", "SY-L25"),
        (4, "email", "SY-L26"),
    ]
    assert seen.column("phone")[0] == "12" and seen.column("lead_status")[0] == "Perhaps"
    assert seen.column("city")[0] is None and seen.extra[0] == {"city": "c" * 120, "email_opt_out": "maybe"}
    assert seen.column("email") == [None, None, "c@x.example"] and seen.extra[2] == {"email": "d@x.example"}


def test_columns_that_no_field_takes_are_kept(path: Path) -> None:
    seen = Seen(path, 'Nom,Stand,Halle,problem,\nA,B12,"7 ""West""",old,x\nB,,,,\n')
    assert seen.extra == [{"Stand": "B12", "Halle": '7 "West"'}, {}]


def test_values_set_for_all_rows(path: Path) -> None:
    seen = Seen(path, HEADER + "A,B,C,\nA,D,C,\n", set={"lead_source": "trade show", "employees": "1 250"})
    assert seen.column("lead_source") == ["Trade Show"] * 2 and seen.column("employees") == [1250] * 2
    assert refusal(path, HEADER, set={"colour": "red"}) == "SY-F24"
    assert refusal(path, HEADER, set={"employees": "many"}) == "SY-F25"


@pytest.mark.parametrize(
    ("cells", "wishes", "expected"),
    [
        (["25/04/1971", "03/04/1980"], {}, ["1971-04-25", "1980-04-03"]),
        (["4/25/1971", "3/4/1980"], {}, ["1971-04-25", "1980-03-04"]),
        (["03/04/1980"], {"country": "FR"}, ["1980-04-03"]),
        (["03/04/1980"], {"country": "US"}, ["1980-03-04"]),
        (["03.04.1980"], {"language": "de"}, ["1980-04-03"]),
        (["03/04/1980"], {"dates": "mdy"}, ["1980-03-04"]),
        (["1980-04-03", "12 Mar 2024"], {}, ["1980-04-03", "2024-03-12"]),
    ],
)
def test_dates_by_what_the_column_proves(
    path: Path, cells: list[str], wishes: dict[str, Any], expected: list[str]
) -> None:
    text = "Last Name,Birthday\n" + "".join(f"A{place},{cell}\n" for place, cell in enumerate(cells))
    assert Seen(path, text, module="contacts", **wishes).column("date_of_birth") == expected


def test_a_date_that_can_be_read_in_two_ways_is_not_guessed(path: Path) -> None:
    seen = Seen(path, "Last Name,Birthday\nA,03/04/1980\nB,nonsense\nC,\n", module="contacts")
    assert seen.refused == [(2, "SY-L13"), (3, "SY-L11")] and seen.column("date_of_birth") == [None]


def test_the_language_of_the_header_tells_the_order_of_a_date(path: Path) -> None:
    for header in ("Nachname;Geburtsdatum", "Apellidos;Fecha de nacimiento", "Achternaam;Geboortedatum"):
        seen = Seen(path, f"{header}\nA;03/04/1980\n", module="contacts")
        assert seen.column("date_of_birth") == ["1980-04-03"], header


def test_the_proof_of_a_date_may_stand_at_the_end_of_the_file(path: Path) -> None:
    text = "Last Name,Birthday\n" + "A,03/04/1980\n" * 40 + "B,25/12/1980\n"
    assert Seen(path, text, module="contacts", chunk=5).column("date_of_birth")[0] == "1980-04-03"


def test_titles_and_suffixes_of_whole_names_are_kept(path: Path) -> None:
    text = 'Name,Name,Email\n"Prof. Dr. Anna Weber jun.",A. W.,anna@weber.example\nPaul Graf,,paul@graf.example\n'
    lead = Seen(path, text)
    assert lead.column("salutation") == ["Prof.", None]
    assert lead.column("first_name") == ["Anna", "Paul"] and lead.column("last_name") == ["Weber", "Graf"]
    assert lead.extra == [{"Name": "A. W.", "suffix": "jun."}, {}]
    contact = Seen(path, text, module="contacts")
    assert contact.column("suffix") == ["jun.", None]


def test_a_whole_name_beside_its_parts_is_kept_where_it_says_more(path: Path) -> None:
    text = 'First Name,Last Name,Display Name\nAnna,Weber,Anna (Sales)\nPaul,Graf,"Graf, Paul"\n,,Ida Ek\n'
    lead = Seen(path, text)
    assert lead.extra == [{"Display Name": "Anna (Sales)"}, {}, {}]
    assert lead.column("first_name") == ["Anna", "Paul", "Ida"]


def test_cells_kept_as_text_for_excel_are_read_bare(path: Path) -> None:
    seen = Seen(path, 'Last Name,Zip,Notes\nWeber,="01067","=""say """"hi"""" """\nGraf,="04,="x"&"y"\n')
    assert seen.column("zip") == ["01067", '="04']
    assert seen.column("description") == ['say "hi"', '="x"&"y"']


def test_text_that_was_encoded_twice_is_mended_where_the_header_proves_it(path: Path) -> None:
    twice = FRENCH.encode().decode("cp1252").encode()
    seen = Seen(path, twice)
    assert seen.opened["header"] == ["Prénom", "Nom", "Société"] and seen.opened["encoding"] == "utf-8"
    assert seen.column("first_name") == ["Hélène"] and seen.column("company") == ["Cœur & Fils"]
    mixed = twice + "Zoë;Šimůnek;Éire\n".encode()
    assert Seen(path, mixed).column("last_name") == ["Noël", "Šimůnek"]
    assert Seen(path, "Nom;Société\nÃ©;x\n").column("last_name") == ["Ã©"]


def test_a_header_that_comes_again_is_no_row(path: Path) -> None:
    seen = Seen(path, HEADER + "A,B,C,\n" + HEADER + "D,E,F,\n")
    assert seen.refused == [(3, "SY-L07")] and seen.column("last_name") == ["B", "E"]


def test_more_columns_than_any_program_has(path: Path) -> None:
    assert refusal(path, "Nom,Email" + ",x" * 1_000_000 + "\nA,a@x.example\n") == "SY-F34"


def test_a_birthday_is_not_in_the_future(path: Path) -> None:
    seen = Seen(path, "Nom,Birthday\nA,4/25/71\nB,25.12.45\nC,2/3/26\n", module="contacts", dates=None, country="DE")
    assert seen.column("date_of_birth")[-1] == "2026-03-02"
    assert seen.refused == [(2, "SY-L11")] and seen.column("date_of_birth")[0] == "1945-12-25"


def test_a_broken_header_makes_no_broken_names(path: Path) -> None:
    seen = Seen(path, "Nom,Größe,é,Q\0Z\n".encode() + b"A,1,2,3\n" + b"B\xff,1,2,3\n", encoding="utf-8")
    assert seen.extra == [{"Größe": "1", "é": "2", "Q\ufffdZ": "3"}]
    broken = Seen(path, b"Nom,Gr\xf6\xdfe\nA,1\n", encoding="utf-8")
    assert broken.extra == [{"Gr\ufffd\ufffde": "1"}] and broken.opened["header"] == ["Nom", "Gr\ufffd\ufffde"]


def test_a_text_kept_whole_does_not_hide_a_column_of_its_name(path: Path) -> None:
    seen = Seen(path, "Nom,email,email\nA,a@x.example; b@x.example,c@x.example\n")
    assert seen.column("email") == ["a@x.example"]
    assert seen.extra == [{"email": "c@x.example", "email (whole)": "b@x.example"}]
