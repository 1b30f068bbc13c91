"""Companies: name and legal form, by the table that is shipped."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import cleanco.clean
import pytest

from importers import normalise
from importers.normalise import Forms, company, company_keys
from importers.normalise.companies import _plain

CONFIG = Path(__file__).parents[2] / "config" / "companies.toml"
DATA = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
FORMS = Forms.of(DATA)


@pytest.mark.parametrize(
    ("name", "base", "form"),
    [
        ("Norrvik AB", "norrvik", "ab"),
        ("NORRVIK", "norrvik", ""),
        ("Norrvik AB (publ)", "norrvik", "ab"),
        ("AB Norrvik", "norrvik", "ab"),
        ("Dupont SAS", "dupont", "sas"),
        ("Dupont S.A.S.", "dupont", "sas"),
        ("Dupont S. A. S.", "dupont", "sas"),
        ("Dupont, S.A.S", "dupont", "sas"),
        ("SAS Dupont", "dupont", "sas"),
        ("S.A.R.L. Dupont", "dupont", "sarl"),
        ("Dupont Société anonyme", "dupont", "sa"),
        ("Dupont S.A.", "dupont", "sa"),
        ("Dupont S.à r.l.", "dupont", "sarl"),
        ("Müller GmbH", "muller", "gmbh"),
        ("Müller G.m.b.H.", "muller", "gmbh"),
        ("Müller Gesellschaft mit beschränkter Haftung", "muller", "gmbh"),
        ("Müller GmbH & Co KG", "muller", "gmbhcokg"),
        ("Müller GmbH & Co. KG", "muller", "gmbhcokg"),
        ("Müller GmbH und Co. KG", "muller", "gmbhcokg"),
        ("Müller GmbH u. Co. KG", "muller", "gmbhcokg"),
        ("Müller GmbH + Co.KG", "muller", "gmbhcokg"),
        ("Müller Aktiengesellschaft", "muller", "ag"),
        ("Müller UG (haftungsbeschränkt)", "muller", "ug"),
        ("Firma Müller", "muller", ""),
        ("Fa. Müller GmbH", "muller", "gmbh"),
        ("The Acme Company", "acme", "co"),
        ("Acme Limited", "acme", "ltd"),
        ("Acme Ltd.", "acme", "ltd"),
        ("Acme Co., Ltd.", "acme", "ltd"),
        ("ACME (UK) Ltd", "acme uk", "ltd"),
        ("Acme Incorporated", "acme", "inc"),
        ("Acme Company, Inc.", "acme", "inc"),
        ("Company X, LLC", "company x", "llc"),
        ("Company X LLC", "company x", "llc"),
        ("Acme Pty Ltd", "acme", "ptyltd"),
        ("Novo A/S", "novo", "as"),
        ("Kowalski Sp. z o.o.", "kowalski", "spzoo"),
        ("Grupo S.A. de C.V.", "grupo", "sacv"),
        ("Max Muster e.U.", "max muster", "eu"),
        ("Verein Licht e.V.", "verein licht", "ev"),
        ("ООО Ромашка", "ромашка", "ooo"),
        ("株式会社山田", "山田", "kk"),
        ("㈱山田", "山田", "kk"),
        ("深圳华为有限公司", "深圳华为", "cnltd"),
    ],
)
def test_name_and_form(name: str, base: str, form: str) -> None:
    assert company(name, FORMS) == (base, form)


@pytest.mark.parametrize(
    "name",
    [
        "AG",
        "Coop",
        "GmbH",
        "GmbH & Co. KG",
        "S.A.",
        "Ltd",
        "SARL",
        "SAS Institute",
        "AS Roma",
        "Grand Hotel & Spa",
        "Solar EU",
        "What It Is",
    ],
)
def test_a_name_that_is_or_looks_like_a_form_stays(name: str) -> None:
    base, form = company(name, FORMS)
    assert (base.replace(" and ", " ").split(), form) == (name.replace("&", " ").replace(".", "").lower().split(), "")


def test_and_in_three_languages_is_one() -> None:
    names = [
        "Müller & Söhne GmbH",
        "Müller und Söhne GmbH",
        "MULLER ET SOHNE GMBH",
        "Muller and Sohne",
        "Müller + Söhne",
    ]
    assert company_keys(names, FORMS) == ["muller and sohne"] * 5
    assert [company(name, FORMS)[1] for name in names] == ["gmbh", "gmbh", "gmbh", "", ""]


def test_initials_are_one_word_and_take_no_form_with_them() -> None:
    names = ["J.P. Morgan", "JP Morgan", "J. P. Morgan Ltd", "Plan B S.A.", "Plan B S. A.", "Plan B SA"]
    assert company_keys(names, FORMS) == ["jp morgan"] * 3 + ["plan b"] * 3


def test_blank_companies_have_no_key() -> None:
    assert company_keys([None, "", "...", "Norrvik AB"], FORMS) == [None, None, None, "norrvik"]


def test_the_form_is_compared_by_its_canonical_name_and_no_base_has_blanks_at_its_ends() -> None:
    for country, forms in DATA["forms"].items():
        for form, spellings in forms.items():
            for spelling in spellings:
                if len(spelling) < 2 or spelling in DATA["glued"]["words"]:
                    continue
                base, found = company(f"Norrvik Werke {spelling}", FORMS)
                assert base == "norrvik werke", (country, form, spelling)
                assert found == form or found in forms or any(found in others for others in DATA["forms"].values())


def test_every_leading_form_leads() -> None:
    for spelling in DATA["leading"]["words"]:
        assert company(f"{spelling} Norrvik", FORMS)[0] == "norrvik", spelling


def test_a_table_without_sections_knows_cleancos_forms_only() -> None:
    bare = Forms.of({})
    assert company("Norrvik GmbH", bare) == ("norrvik", "gmbh")
    assert company("Norrvik S.A.S.", bare) == ("norrvik", "sas")


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"forms": {"germany": {"gmbh": "GmbH"}}}, r"\[forms.germany\] gmbh is a list of texts, but 'GmbH'"),
        ({"forms": {"germany": ["GmbH"]}}, r"\[forms.germany\] is a section"),
        ({"forms": {"germany": {"gmbh": [1]}}}, r"\[forms.germany\] gmbh .* \[1\]"),
        ({"frms": {"germany": {}}}, r"\[frms\] is no section here"),
    ],
)
def test_a_faulty_table_is_refused_by_name(data: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Forms.of(data)


def test_what_is_ignored_of_cleanco_is_in_cleanco() -> None:
    terms = set(map(_plain, cleanco.clean.get_unique_terms()))
    assert [term for term in DATA["cleanco"]["ignore"] if _plain(term) not in terms] == []


def test_no_spelling_stands_for_two_forms() -> None:
    seen: dict[tuple[str, ...], str] = {}
    for forms in DATA["forms"].values():
        for form, spellings in forms.items():
            for spelling in spellings:
                assert seen.setdefault(_plain(spelling), form) == form, spelling


def test_an_umlaut_has_two_spellings_and_its_letters_have_one() -> None:
    found = {
        name: normalise.spellings(name, FORMS)
        for name in ("Müller GmbH", "MU\u0308LLER", "Mueller", "Muller AG", "Ærø", "Noël")
    }
    assert found == {
        "Müller GmbH": ("muller", "mueller"),
        "MU\u0308LLER": ("muller", "mueller"),
        "Mueller": ("mueller",),
        "Muller AG": ("muller",),
        "Ærø": ("aero", "aeroe"),
        "Noël": ("noel",),
    }
