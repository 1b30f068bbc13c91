"""Code pages that differ in a few letters: ISO's and Windows', told apart by the words of the languages written in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from importers import vocabulary
from importers.readers.reader import Reader

POLISH = "Dąbrowska Zając Wąs Łukasz Wiśniewski Małgorzata Łódź Wójcik Świętosław Żółkiewski Źródło Ćwikła Książek"
CZECH = "Jiří Dvořák Tomáš Aleš Lukáš Růžička Božena Žižka Škoda Plzeň Děčín Ťapka Zdeněk Říha Šťastný"
SLOVAK = "Ľubomír Kráľ Ružena Žilina Košice Štefan Trenčín Tóth Ďurica Ťažký Vŕba Hlôška Poľana"
HUNGARIAN = "Győző Tőkés Művek Szűcs Kovács László Gödöllő Székesfehérvár Erdős Árpád Előd"
FRENCH = "Cœur François Hélène Noël Sœur Œuvre Lefèvre Étienne D'Aubigné Maître Besançon"
FINNISH = "Mäkinen Hämäläinen Škoda Järvinen Åberg Žižek Tšekki Kärkkäinen"
ESTONIAN = "Tõnu Võsu Jõgi Mägi Šipilov Žukov Õunapuu Maša Kärdla Rõuge"
EUROPEAN = "Müller Søren Señora Hélène Åsa João Simões Tõnu Forlì Weiß Þórður Muñoz Schröder"
ROMANIAN = "Bănescu Iaşi Ţepeş Ionuţ Brâncuşi Ştefan Constanţa"
TURKISH = "Çağrı Yılmaz Işık Doğan Gökşen Öztürk Ağaoğlu Kılıç"
PAGES = {
    **dict.fromkeys((POLISH, CZECH, SLOVAK, HUNGARIAN, ROMANIAN), ("cp1250", "iso8859_2")),
    **dict.fromkeys((FRENCH, FINNISH, ESTONIAN, EUROPEAN), ("cp1252", "iso8859_15")),
    TURKISH: ("cp1254",),
}
HEADERS = {
    "Last Name;City": tuple(PAGES),
    "Nazwisko;Miasto": (POLISH,),
    "Příjmení;Město": (CZECH, SLOVAK),
    "Vezetéknév;Város": (HUNGARIAN,),
    "Nom;Ville": (FRENCH,),
}


def names(path: Path, header: str, cells: list[str], page: str) -> list[str]:
    """What is read of a file with these cells below a header."""
    path.write_bytes("\r\n".join([header, *(f"{cell};Bonn" for cell in cells), ""]).encode(page))
    reader = Reader(str(path), vocabulary.order("leads"))
    try:
        return [name for batch in reader for name in batch["columns"]["last_name"]]
    finally:
        reader.close()


@pytest.mark.parametrize(
    ("header", "page", "words"),
    [(header, page, words) for header, lists in HEADERS.items() for words in lists for page in PAGES[words]],
)
def test_names_come_as_they_were_written(tmp_path: Path, header: str, page: str, words: str) -> None:
    assert names(tmp_path / "names.csv", header, words.split(), page) == words.split()


@pytest.mark.parametrize("page", ["cp1250", "iso8859_2"])
@pytest.mark.parametrize("words", ["Dąbrowska Zając Wąs Bąk", "Novák Tomáš Lukáš Růžena", "Kráľ Poľana Tóth Vŕba"])
def test_few_words_are_enough_where_only_one_page_has_them(tmp_path: Path, page: str, words: str) -> None:
    read = names(tmp_path / "names.csv", "Last Name;City", words.split(), page)
    assert read == words.split()


@pytest.mark.parametrize(
    ("page", "cells"),
    [
        ("iso8859_15", ["1.200 €", "ab 5 €", "Müller"]),
        ("cp1252", ["1.200 €", "Müller"]),
        ("cp1252", ["1½ Liter", "¼ Pfund", "«Müller»", "Gård®", "5 µm", "l´été", "D´Aubigné", "§ 5"]),
        ("cp1252", ["½tägig", "Straße", "Größe"]),
        ("cp1250", ["«Dąbrowska»", "Zając®", "§ 5", "10 µm", "Łódź"]),
    ],
)
def test_signs_are_signs_and_no_letters(tmp_path: Path, page: str, cells: list[str]) -> None:
    assert names(tmp_path / "names.csv", "Last Name;City", cells, page) == cells


def test_a_letter_of_windows_behind_the_first_64_kilobytes_counts(tmp_path: Path) -> None:
    cells = ["Aleš", "Tomáš", "Růžena"] * 9000
    assert names(tmp_path / "names.csv", "Last Name;City", cells, "cp1250") == cells
    cells = ["Dąbrowska"] * 9000 + ["Wiśniewski"]
    assert names(tmp_path / "names.csv", "Last Name;City", cells, "cp1250") == cells


def test_a_file_of_another_page_is_not_taken_for_japanese(tmp_path: Path) -> None:
    cells = ["Kučera", "Kněžmost", "Božena", "Šťastný", "Přerov", "Tomáš"]
    assert names(tmp_path / "names.csv", "Last Name;City", cells, "cp1250") == cells
