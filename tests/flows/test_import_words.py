"""What is said about the rows of a file: whole in one language, the profile's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.program import Program

ROWS = ("Nachname;E-Mail;Anrede", "Berg;keine-adresse;", "Dahl;dahl@firm.example;Graf von")


@pytest.mark.parametrize(
    ("language", "refused", "doubtful"),
    [
        ("de", ("Zeile 2 wurde abgelehnt.", "keine E-Mail-Adresse", "legen Sie"), ("zweifelhaft", "Liste", "behalten")),
        ("fr", ("La ligne 2 a été refusée.", "adresse e-mail", "redéposez"), ("douteux", "liste", "gardée")),
        ("en", ("Row 2 was refused.", "no e-mail address", "drop that back"), ("doubtful", "list", "was kept")),
    ],
)
def test_a_row_is_told_in_the_language_of_its_profile(
    tmp_path: Path, sqlite: str, language: str, refused: tuple[str, ...], doubtful: tuple[str, ...]
) -> None:
    syncd = Program(tmp_path, sqlite, extra=f'[profiles.fair]\nlanguage = "{language}"\n')
    run = syncd.json("import", syncd.file("fair.csv", *ROWS), "--profile", "fair", code=1)["runs"][0]
    assert [problem["code"] for problem in run["problems"]] == ["SY-L10", "SY-L21"]
    for problem, words in zip(run["problems"], (refused, doubtful), strict=True):
        for part, word in zip(("what", "why", "do"), words, strict=True):
            assert word in problem[part], problem


def test_what_is_doubtful_is_told_in_the_language_of_the_settings(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite, '[locale]\nlanguage = "fr"\n')
    contacts = syncd.file("contacts.csv", "Nom;Société;E-mail", "Morel;BDR SAS;claire@bdr.example")
    found = syncd.json("import", contacts, "--module", "contacts")["runs"][0]["problems"]
    assert [(p["code"], p["what"]) for p in found] == [("SY-L30", "Ligne 2 : account est douteux.")]
    found = syncd.json("import", contacts)["runs"][0]["problems"]
    assert found[0]["code"] == "SY-L31" and "C'est le contact 1, Morel." in found[0]["why"]
    wrong = syncd.json("import", contacts, "--map", "Nom=nome", code=1)["error"]
    assert wrong["what"] == "leads n'a pas de champ nommé nome."
