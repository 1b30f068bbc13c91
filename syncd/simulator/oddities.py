"""Contacts as they are found in mailboxes after years: each of them has broken some sync; knows no mailbox."""

from __future__ import annotations

from typing import Any

_EX = "/o=ExchangeLabs/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=0f3a-jonas.ek"
_NOTE = "Rappeler après le salon.\r\n\r\nTarifs 2025 :\r\n\t- palettes 12 %\r\n\t- port dû\r\n« urgent » 😀"


def _mail(address: str, name: str | None = None) -> dict[str, Any]:
    return {"name": name or address, "address": address}


ODDITIES: tuple[dict[str, Any], ...] = (
    # everything that the form has
    {
        "title": "Dr.", "givenName": "Jean-Baptiste", "middleName": "Émile", "surname": "de La Tour",
        "generation": "Jr.", "nickName": "JB", "initials": "J.B.T.",
        "companyName": "De La Tour & Associés S.A.S.", "department": "Direction",
        "jobTitle": "Président", "officeLocation": "2e étage", "profession": "Ingénieur", "manager": "Solène Vasseur",
        "assistantName": "Inès Colin", "spouseName": "Marguerite", "children": ["Paul", "Léa"],
        "businessHomePage": "https://www.de-la-tour.example/fr", "imAddresses": ["sip:jb@de-la-tour.example"],
        "emailAddresses": [
            _mail("jb@de-la-tour.example", "de La Tour, Jean-Baptiste (Direction)"),
            _mail("direction@de-la-tour.example"), _mail("jb.delatour@courrier.example"),
        ],
        "businessPhones": ["+33 1 99 00 12 34", "01 99 00 12 35"], "homePhones": ["04 65 71 22 11", "04 65 71 22 12"],
        "mobilePhone": "+33 1 99 00 45 67", "birthday": "1961-02-28", "personalNotes": _NOTE,
        "categories": ["VIP", "Client"],
        "businessAddress": {"street": "12 quai du Port\r\nBâtiment C", "city": "Nantes", "state": "Pays de la Loire",
                            "postalCode": "44000", "countryOrRegion": "France"},
        "homeAddress": {"street": "3 chemin des Vignes", "city": "Clisson", "postalCode": "44190"},
        "otherAddress": {"city": "Île d'Yeu", "countryOrRegion": "France"},
    },
    # a firm alone
    {"companyName": "Taxi Umeå AB", "businessPhones": ["08-465 004 21"]},
    # no surname
    {"givenName": "Ines", "companyName": "Café am Markt", "mobilePhone": "0171-3920011"},
    # only what a telephone knew
    {"displayName": "Hausmeister Lager 2", "mobilePhone": "+49 171 3920022"},
    # a colleague, known to the directory
    {"givenName": "Marc", "surname": "Lefevre", "companyName": "Norrvik AB",
     "emailAddresses": [_mail("marc.lefevre@norrvik.example", "lefevre")]},
    # a person's own company is the person
    {"givenName": "Ylva", "surname": "Brandt", "companyName": "Ylva Brandt",
     "emailAddresses": [_mail("ylva@ylvabrandt.example")], "birthday": "1979-03-14T11:59:00Z"},
    # picked from the address list years ago: an Exchange address, not SMTP
    {"givenName": "Jonas", "surname": "Ek", "companyName": "Norrvik AB",
     "emailAddresses": [_mail(_EX, "Jonas Ek")]},
    # a bad address: Exchange keeps it as a name without address
    {"givenName": "Peter", "surname": "Albers", "companyName": "Albers Holzbau GmbH",
     "emailAddresses": [{"name": "p.albers@albers-holzbau,example", "address": "p.albers@albers-holzbau,example"}]},
    # private, with the category typed by hand
    {"givenName": "Mamie", "surname": "Lefèvre", "categories": ["Famille"], "homePhones": ["05 36 49 10 10"],
     "homeAddress": {"street": "4 place de l'Église", "city": "Saint-Étienne"}},
    {"givenName": "Oma", "surname": "Weber", "categories": [" privat "], "homePhones": ["040 66969-100"],
     "birthday": "1604-12-24T00:00:00Z"},
    # one firm in four spellings and with four people
    {"givenName": "Claire", "surname": "Moreau", "companyName": "Moreau & Fils SAS",
     "emailAddresses": [_mail("claire@moreau-fils.example")]},
    {"givenName": "Louis", "surname": "Moreau", "companyName": "MOREAU ET FILS",
     "emailAddresses": [_mail("louis@moreau-fils.example")]},
    {"givenName": "Agnès", "surname": "Petit", "companyName": "Moreau et Fils, S.A.S.",
     "emailAddresses": [_mail("agnes.petit@moreau-fils.example")]},
    {"givenName": "Tom", "surname": "Petit", "companyName": "Moreau & fils",
     "emailAddresses": [_mail("tom.petit@moreau-fils.example")]},
    # midnight somewhere else: the day before in UTC
    {"givenName": "Dörte", "surname": "Claußen", "companyName": "Claußen Verpackungen GmbH & Co. KG",
     "emailAddresses": [_mail("d.claussen@claussen-verpackungen.example")], "birthday": "1984-06-30T22:00:00Z"},
    {"givenName": "Åke", "surname": "Öberg", "companyName": "Öbergs Trävaror HB", "birthday": "4501-01-01T00:00:00Z",
     "emailAddresses": [_mail("ake@obergs-travaror.example")]},
    # other scripts
    {"givenName": "Ольга", "surname": "Петрова", "companyName": "Северный Картон",
     "emailAddresses": [_mail("o.petrova@severny-karton.example")]},
    {"givenName": "明", "surname": "王", "companyName": "华北纸业有限公司",
     "emailAddresses": [_mail("wang.ming@huabei-zhiye.example")]},
    # two people behind one address
    {"givenName": "Hanna", "surname": "Vogt", "companyName": "Vogt Messtechnik GmbH",
     "emailAddresses": [_mail("info@vogt-messtechnik.example")]},
    {"givenName": "Rolf", "surname": "Vogt", "companyName": "Vogt Messtechnik",
     "emailAddresses": [_mail("info@vogt-messtechnik.example")]},
    # as long as Outlook's form lets people type
    {"givenName": "Karl-Theodor Maximilian Friedrich Wilhelm", "surname": "von und zu " + "Hohenlindenberg-" * 4 + "Au",
     "companyName": "Verband der Papier und Pappe verarbeitenden Betriebe Norddeutschlands und Südschwedens e.V.",
     "emailAddresses": [_mail("k@verband-papier.example")], "personalNotes": "Protokoll. " * 600},
    # the surname typed in capitals, and a number with its extension
    {"givenName": "Bertrand", "surname": "DELATTRE", "companyName": "Delattre Imprimerie SARL",
     "emailAddresses": [_mail("Bertrand.DELATTRE@Delattre-Imprimerie.example")],
     "businessPhones": ["03 53 01 20 20 poste 12"]},
    # a private address and no firm
    {"givenName": "Lena", "surname": "Hoffmann", "emailAddresses": [_mail("lena.h84@freemail.example")]},
    # typed in the wrong boxes
    {"givenName": "Holloway", "surname": "Megan", "companyName": "holloway packaging ltd.",
     "emailAddresses": [_mail("megan@holloway-packaging.example")]},
)  # fmt: skip
