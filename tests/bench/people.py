"""People: writes lead files that look like real exports, the same for the same seed; knows no reader."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

HEADER = (
    "First Name",
    "Last Name",
    "Company",
    "Title",
    "Email",
    "Phone",
    "Mobile",
    "Street",
    "City",
    "Zip Code",
    "Country",
    "Lead Source",
    "Description",
)
GIVEN = (
    "Anna Jonas Lena Paul Mia Felix Sofia Emil Clara Moritz Camille Hugo Manon Théo Chloé Élodie Gaël Aurélie Loïc Zoé "
    "Oliver Emily Harry Grace George Amelia Jack Isla Noah Ivy Søren Åsa Jürgen Björn Márta Łukasz Dvořák Nuño"
).split()
FAMILY = (
    "Weber Keller Möller Schäfer Groß Brandt Vogel Lindner Krämer Ziegler Lefèvre Morel Girard Béranger Dupré Chauvin "
    "Rousseau Noël Lacroix Marchand Taylor Walker Hughes Bennett Murphy Ó Briain Fletcher Hayes Lindqvist Nørgaard"
).split()
FRONT = (
    "Stein Hoch Lang Neu Alt Rosen Birken Eichen Wald Berg Burg Brunn Kirch Linden Sommer Winter Gold Silber Klein "
    "Ober Beau Mont Ville Font Roche Bois Haute Belle Cham Val Ash Black Brad Crom Darl East Har Hol Mid Nor Red Stan"
).split()
BACK = (
    "berg berger mann meier hofer stein feld bach bauer brunner hausen thal wald ler rich camp court fort lieu neuf "
    "mont pierre val vert ville bury by field ford ham ley lin man shaw son stead ton well wick worth"
).split()
TRADE = "Anlagenbau Logistik Elektronik Textiles Brasserie Menuiserie Optique Foods Marine Timber Solar Keramik".split()
FORMS = ("GmbH", "AG", "GmbH & Co. KG", "SARL", "SAS", "S.A.", "Ltd", "Limited", "AB", "", "KG", "Inc.")
TITLES = (
    "Einkauf",
    "Geschäftsführer",
    "Directrice des achats",
    "Gérant",
    "Buyer",
    "Managing Director",
    "",
    "Assistant",
)
SOURCES = ("Trade Show", "Web Download", "Cold Call", "Partner", "Employee Referral", "Advertisement", "")
TOWNS = {
    "Germany": ("Hannover", "Ulm", "Köln", "Lübeck", "Saarbrücken"),
    "France": ("Strasbourg", "Nîmes", "Besançon", "Lyon", "Orléans"),
    "United Kingdom": ("Leeds", "Bristol", "Perth", "Swansea", "York"),
}
STREETS = {"Germany": "Gartenstraße {}", "France": "{}, rue de l'Église", "United Kingdom": "{} Mill Lane"}
MAILS = ("gmail.com", "gmx.de", "orange.fr", "btinternet.com")
FOLD = str.maketrans("äöüßéèêëçåøæóáíñłřôžÅÉŁÓ", "aouseeeecaoaoainlrozAELO", " '")


def write(path: Path, rows: int, *, seed: int = 1, title: str | None = None) -> Path:
    """A CSV of `rows` leads: two phones, e-mail, company, names, address. `title` fills one column with one value.

    One lead in 500 shares its e-mail with an earlier one, one in 300 has a phone that is none, one in 40 no e-mail.
    """
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        writer.writerows(_people(rows, random.Random(seed), title))
    return path


def _people(rows: int, dice: random.Random, title: str | None) -> Iterator[list[str]]:
    choice, below = dice.choice, dice.randrange
    mail = ""
    for number in range(rows):
        given = choice(GIVEN) if below(5) else f"{choice(GIVEN)}-{choice(GIVEN)}"
        family = choice(FAMILY) if below(4) == 0 else choice(FRONT) + choice(BACK)
        country = choice(("Germany", "Germany", "France", "France", "United Kingdom"))
        company = f"{family} {choice(TRADE)} {choice(FORMS)}".strip() if below(20) else ""
        plain = f"{given}.{family}{number}".lower().translate(FOLD).encode("ascii", "ignore").decode()
        host = choice(MAILS) if below(4) == 0 else f"{family.lower().translate(FOLD)}-{below(5000)}.example"
        # Drawn in any case: the people are the same whether or not a title is given.
        usual = choice(TITLES)
        mail = mail if number and below(500) == 0 else f"{plain}@{host}".encode("ascii", "ignore").decode()
        yield [
            given,
            family,
            company,
            title or usual,
            mail if below(40) else "",
            _phone(country, dice) if below(300) else "on request",
            _mobile(country, dice) if below(3) else "",
            STREETS[country].format(below(1, 200)),
            choice(TOWNS[country]),
            f"{below(10000, 99999)}" if country != "United Kingdom" else f"LS{below(1, 29)} {below(1, 9)}AB",
            country,
            choice(SOURCES),
            f'Met at stand {below(1, 400)}, asked for "{choice(TRADE)}"' if below(3) == 0 else "",
        ]


def _phone(country: str, dice: random.Random) -> str:
    number = f"{dice.randrange(10**6, 10**7)}"
    if country == "Germany":
        return dice.choice(("+49 511 {}", "+49 (0)511 {}", "0049 511/{}")).format(number)
    if country == "France":
        pairs = f"{dice.randrange(10, 80)} {number[:2]} {number[2:4]} {number[4:6]}"
        return dice.choice(("+33 3 {}", "03 {}", "+33 (0)3 {}")).format(pairs)
    return dice.choice(("+44 113 2{} {}", "+44 (0)113 2{} {}")).format(number[:2], number[2:6])


def _mobile(country: str, dice: random.Random) -> str:
    number = f"{dice.randrange(10**7, 10**8)}"
    if country == "Germany":
        return f"+49 171 {number[:7]}"
    if country == "France":
        return f"06 1{number[0]} {number[2:4]} {number[4:6]} {number[6:8]}"
    return f"+44 7400 {number[:6]}"
