"""Header words: what a column is judged to be by its header alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from importers import headers, vocabulary

WORDS = vocabulary.headers()


def mapped(header: list[str], module: str = "leads", **wishes: object) -> dict[str, str | None]:
    order = vocabulary.order(module, **wishes)
    targets, _ = headers.match(header, WORDS, order)
    return dict(zip(header, headers.shown(targets, order), strict=True))


def family(header: list[str], module: str = "leads") -> str:
    return headers.match(header, WORDS, vocabulary.order(module))[1]


def test_headers_are_compared_without_case_accents_and_punctuation() -> None:
    for name in ("E-Mail", "email", "E_MAIL", " e mail ", "E-mail:", "E-Mail *", "e-mail"):
        assert mapped([name, "Nachname"])[name] == "email", name
    assert headers.squash("Straße geschäftlich") == headers.squash("STRASSE GESCHAFTLICH")
    assert headers.squash("Œuvre n° 3") == "oeuvren3"


def test_french_outlook_writes_titre_twice() -> None:
    header = ["Titre", "Prénom", "Nom", "Titre", "Société"]
    targets, _ = headers.match(header, WORDS, vocabulary.order("contacts"))
    assert targets == ["salutation", "first_name", "last_name", "title", "account"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (["Title", "First Name", "Last Name", "Company", "Job Title"], "salutation"),
        (["First Name", "Last Name", "Title", "Company", "Job Title", "E-mail Address"], "salutation"),
        (["Salutation", "First Name", "Last Name", "Title"], "title"),
        (["First Name", "Last Name", "Title", "Company"], "title"),
        (["Title", "First Name", "Last Name"], "salutation"),
        (["Name", "Title", "Company"], "title"),
        (["Anrede", "Titel", "Vorname", "Nachname", "Position"], None),
    ],
)
def test_title_is_a_salutation_or_a_job(header: list[str], expected: str | None) -> None:
    found = mapped(header)["Titel" if "Titel" in header else "Title"]
    assert found == expected if expected else str(found).startswith("extra.")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (["Kunde", "Ansprechpartner", "E-Mail"], {"Kunde": "company", "Ansprechpartner": "last_name"}),
        (["Customer Name", "First Name", "Last Name"], {"Customer Name": "company", "Last Name": "last_name"}),
        (["Nom du client", "Société", "Interlocuteur"], {"Nom du client": "last_name", "Société": "company"}),
        (["Kunde", "Telefon"], {"Kunde": "last_name"}),
        (["Kunde", "Firma"], {"Kunde": "last_name", "Firma": "company"}),
    ],
)
def test_a_customer_is_the_company_where_the_person_has_a_column(
    header: list[str], expected: dict[str, str | None]
) -> None:
    assert expected.items() <= mapped(header).items()


def test_a_word_means_what_its_own_program_means_by_it() -> None:
    outlook = ["Anrede", "Vorname", "Nachname", "Firma", "Ort geschäftlich", "E-Mail 2: Adresse", "Ort", "Privat"]
    assert mapped(outlook)["Ort"] == "extra.Ort"
    assert mapped(["Vorname", "Nachname", "PLZ", "Ort"])["Ort"] == "city"
    assert family(outlook) == "outlook-de"


def test_families_that_share_most_words_are_told_apart() -> None:
    desktop = [
        "First Name",
        "Last Name",
        "E-mail Address",
        "E-mail Type",
        "Directory Server",
        "Business Country/Region",
    ]
    web = ["First Name", "Last Name", "E-mail Address", "Given Yomi", "Surname Yomi", "IMAddress", "Schools"]
    google = ["First Name", "Business Country", "Internet Free Busy", "Home Address", "Other Address", "Home Country"]
    assert family(desktop, "contacts") == "outlook-en"
    assert family(web, "contacts") == "outlook-com"
    assert family(google, "contacts") == "google-outlook"
    assert (
        family(["First Name", "Last Name", "URL", "Email Address", "Company", "Position", "Connected On"]) == "linkedin"
    )
    assert family(["Name", "Email", "Phone"]) == "plain"


def test_our_own_names_map_to_themselves() -> None:
    for module in ("leads", "contacts", "accounts"):
        names = [item.name for item in vocabulary.fields(module)]
        assert mapped(names, module) == {name: name for name in names}
        assert family(names, module) == "syncd"
    ours = ["id", "version", "first_name", "last_name", "extra.Stand", "problem"]
    found = mapped(ours)
    assert found["id"] is None and found["version"] is None and found["problem"] is None
    assert found["extra.Stand"] == "extra.Stand"


def test_an_order_wins_over_all() -> None:
    found = mapped(["Email", "Courriel pro", "Nom"], map={"COURRIEL PRO": "email", "Nom": "company"})
    assert found == {"Email": "extra.Email", "Courriel pro": "email", "Nom": "company"}
    assert mapped(["Nom", "Code"], map={"Code": ""})["Code"] is None
    assert mapped(["Nom", "Code"], map={"Code": "extra.Ref"})["Code"] == "extra.Ref"


def test_of_two_columns_for_one_field_the_first_wins_and_the_other_is_kept() -> None:
    order = vocabulary.order("leads")
    targets, _ = headers.match(["Name", "Email", "Mail", "Email"], WORDS, order)
    assert headers.shown(targets, order) == ["last_name", "email", "extra.Mail", "extra.Email"]
    targets, _ = headers.match(["Nom", "Stand", "Stand"], WORDS, order)
    assert targets == ["last_name", "extra.Stand", "extra.Stand 2"]


def test_further_lines_of_a_street_belong_to_it() -> None:
    found = mapped(["Last Name", "Business Street", "Business Street 2", "Business Street 3"], "contacts")
    assert [found[f"Business Street{end}"] for end in ("", " 2", " 3")] == ["mailing_street"] * 3


def test_blank_headers_are_left_out() -> None:
    targets, _ = headers.match(["", "Nom", "  "], WORDS, vocabulary.order("leads"))
    assert targets == [None, "last_name", None]


def test_business_addresses_go_where_the_module_has_them() -> None:
    header = ["Name", "Business Street", "Business City", "Business Postal Code", "Home City"]
    assert mapped(header)["Business City"] == "city"
    assert mapped(header)["Home City"] == "extra.Home City"
    assert mapped(header, "contacts")["Business Postal Code"] == "mailing_zip"
    assert mapped(header, "contacts")["Home City"] == "home_city"
    assert mapped(header, "accounts")["Business Postal Code"] == "billing_code"
    assert mapped(header, "accounts")["Name"] == "name"


def plain() -> Iterator[tuple[str, str, str]]:
    words = {
        "first_name": ["First Name", "given name", "Prénom", "Vorname", "Etunimi", "Voornaam", "Förnamn", "Imię"],
        "last_name": ["Surname", "Nom de famille", "Nachname", "Apellidos", "Cognome", "Achternaam", "Efternamn"],
        "company": [
            "Company Name",
            "Société",
            "Raison sociale",
            "Firma",
            "Unternehmen",
            "Empresa",
            "Azienda",
            "Bedrijf",
        ],
        "email": ["E-mail", "Courriel", "E-Mail-Adresse", "Correo electrónico", "Posta elettronica", "E-mailadres"],
        "phone": ["Phone Number", "Tél.", "Telefonnummer", "Teléfono", "Telefoon", "Numéro de téléphone"],
        "mobile": ["Cell phone", "Tél. portable", "Handy", "Móvil", "Cellulare", "Mobiel", "GSM"],
        "title": ["Job title", "Fonction", "Position", "Cargo", "Ruolo", "Functie", "Stanowisko"],
        "street": ["Address", "Adresse", "Straße", "Dirección", "Indirizzo", "Straat"],
        "city": ["Town", "Ville", "Ort", "Ciudad", "Città", "Woonplaats"],
        "zip": ["Postcode", "Code postal", "PLZ", "CAP", "Código postal"],
        "country": ["Country", "Pays", "Land", "País", "Paese"],
        "website": ["Web site", "Site internet", "Webseite", "Página web", "Sito web"],
        "lead_source": ["Lead Source", "Origine", "Quelle", "Origen", "Bron"],
        "description": ["Notes", "Remarques", "Bemerkungen", "Observaciones", "Opmerkingen"],
        "industry": ["Industry", "Secteur d'activité", "Branche", "Settore"],
        "employees": ["Number of employees", "Effectif", "Mitarbeiterzahl", "Dipendenti"],
        "annual_revenue": ["Annual revenue", "Chiffre d'affaires", "Jahresumsatz", "Fatturato"],
        "salutation": ["Salutation", "Civilité", "Anrede", "Aanhef"],
    }
    for field, names in words.items():
        for name in names:
            yield name, field, "leads"


@pytest.mark.parametrize(("name", "field", "module"), list(plain()))
def test_plain_words(name: str, field: str, module: str) -> None:
    other = "E-Mail" if field != "email" else "Telefon"
    assert mapped([name, other], module)[name] == field


def test_google_groups_are_recognised_however_many() -> None:
    header = ["First Name", "Last Name", "E-mail 7 - Label", "E-mail 7 - Value", "Phone 12 - Value"]
    targets, _ = headers.match(header, WORDS, vocabulary.order("leads"))
    assert targets[2:] == ["group:email:7:label", "group:email:7:value", "group:phone:12:value"]


def test_counting_header_words() -> None:
    order = vocabulary.order("leads", map={"Sonderspalte": "company"})
    assert headers.hits(["Nom", "Prénom", "", "42"], WORDS, order) == 2
    assert headers.hits(["Sonderspalte", "x"], WORDS, order) == 1
    assert headers.hits(["Jean", "Dupont", "12 rue de la Gare"], WORDS, order) == 0


def test_a_name_beside_a_first_name_is_the_last_name() -> None:
    order = vocabulary.order("leads")
    for header in (["Name", "Vorname", "Firma"], ["Vorname", "Name", "Firma"], ["Contact", "First Name"]):
        targets, _ = headers.match(header, WORDS, order)
        assert sorted(filter(None, targets))[-1] == "last_name" and "full_name" not in targets
    assert headers.match(["Name", "Firma"], WORDS, order)[0] == ["full_name", "company"]
    assert headers.match(["Name", "Vorname", "Nachname"], WORDS, order)[0] == ["full_name", "first_name", "last_name"]


@pytest.mark.parametrize(
    ("name", "surname", "company"),
    [("Nombre", "Apellidos", "Empresa"), ("Nome", "Cognome", "Azienda"), ("Jméno", "Příjmení", "Společnost")],
)
def test_a_word_for_name_is_the_given_one_beside_a_surname_else_the_whole(
    name: str, surname: str, company: str
) -> None:
    order = vocabulary.order("leads")
    assert headers.match([name, surname, company], WORDS, order)[0] == ["first_name", "last_name", "company"]
    assert headers.match([surname, name, company], WORDS, order)[0] == ["last_name", "first_name", "company"]
    assert headers.match([name, company], WORDS, order)[0] == ["full_name", "company"]
    assert mapped([name, "E-mail"], "accounts")[name] == "name"


@pytest.mark.parametrize(
    "header",
    [
        "First Name; Surname; Organisation; Job title; E-mail; Telephone; Mobile; Address; Town; Postcode; Country",
        "Prénom; Nom; Entreprise; Fonction; Courriel; Tél. fixe; Tél. portable; Adresse; Ville; Code postal; Pays",
        "Vorname; Nachname; Firma; Funktion; E-Mail; Telefon; Mobil; Straße; Ort; PLZ; Land",
        "Nombre; Apellidos; Empresa; Cargo; Correo; Teléfono; Móvil; Dirección; Ciudad; Código postal; País",
        "Nome; Cognome; Azienda; Ruolo; E-mail; Telefono; Cellulare; Indirizzo; Città; CAP; Paese",
        "Voornaam; Achternaam; Bedrijf; Functie; E-mailadres; Telefoon; Mobiel; Straat; Plaats; Postcode; Land",
        "Nome; Sobrenome; Empresa; Cargo; E-mail; Telefone; Celular; Endereço; Cidade; CEP; País",
        "Förnamn; Efternamn; Företag; Titel; E-post; Telefon; Mobil; Adress; Ort; Postnummer; Land",
        "Fornavn; Efternavn; Firma; Stilling; E-mail; Telefon; Mobil; Adresse; By; Postnr.; Land",
        "Fornavn; Etternavn; Bedrift; Tittel; E-post; Telefon; Mobil; Adresse; Poststed; Postnummer; Land",
        "Imię; Nazwisko; Firma; Stanowisko; E-mail; Telefon; Tel. kom.; Ulica; Miasto; Kod pocztowy; Kraj",
        "Etunimi; Sukunimi; Yritys; Titteli; Sähköposti; Puhelin; Matkapuhelin; Osoite; Kaupunki; Postinumero; Maa",
        "Jméno; Příjmení; Firma; Pozice; E-mail; Telefon; Mobil; Ulice; Město; PSČ; Země",
        "Keresztnév; Vezetéknév; Cég; Beosztás; E-mail; Telefon; Mobil; Cím; Város; Irányítószám; Ország",
        "Prenume; Nume; Companie; Funcție; E-mail; Telefon; Mobil; Adresă; Oraș; Cod poștal; Țară",
        "Ad; Soyad; Şirket; Unvan; E-posta; Telefon; Cep telefonu; Adres; Şehir; Posta kodu; Ülke",
    ],
)
def test_plain_lists_in_sixteen_languages(header: str) -> None:
    fields = "first_name last_name company title email phone mobile street city zip country".split()
    assert list(mapped(header.split("; ")).values()) == fields


def test_a_word_means_what_it_means_in_the_language_of_the_header() -> None:
    assert mapped(["Firma", "Ulica", "Miasto", "Kraj"])["Kraj"] == "country"
    assert mapped(["Firma", "Ulice", "Město", "Kraj"])["Kraj"] == "state"
    assert mapped(["Empresa", "Correo", "Responsable"], "contacts")["Responsable"] == "owner"
    assert mapped(["Société", "Courriel", "Responsable"], "contacts")["Responsable"] == "reports_to"


def test_a_word_before_the_word_does_not_hide_it() -> None:
    header = [
        "Contact First Name",
        "Lead Email",
        "Ansprechpartner Nachname",
        "Phone (optional)",
        "Company *",
        "Attendee Country",
    ]
    fields = ["first_name", "email", "last_name", "phone", "company", "country"]
    assert list(mapped(header).values()) == fields


def test_another_phone_goes_before_the_primary_one() -> None:
    header = [
        "Primary Phone",
        "Other Phone",
        "First Name",
        "Last Name",
        "E-mail Address",
        "Home Address",
        "Other Address",
    ]
    found = mapped(header, "contacts")
    assert (found["Primary Phone"], found["Other Phone"]) == ("extra.Primary Phone", "other_phone")
