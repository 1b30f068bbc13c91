"""Invented people, firms and places by language, to fill sample mailboxes with; knows no mailbox and no wire."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Land:
    """One language's stock. `phones` and `mobiles` are from ranges kept for films where there are
    such, # stands for a digit.

    `forms` are legal forms with the other spellings that people use for them.
    """

    name: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    towns: tuple[tuple[str, str], ...]
    streets: tuple[str, ...]
    phones: tuple[str, ...]
    mobiles: tuple[str, ...]
    trades: tuple[str, ...]
    forms: tuple[tuple[str, str], ...]
    jobs: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|" if "|" in text else " "))


GERMANY = Land(
    "Deutschland",
    _words("Anna Bernd Clara Dieter Eva Frank Greta Heike Ingo Jana Karl Lena Markus Nina Oskar Petra Ralf Sabine Till "
          "Ute Volker Wiebke Jürgen Käthe Björn Dörte Matthias Sven Katrin Lukas"),
    _words("Weber Schäfer Brandt Hoffmann Köhler Lorenz Möller Neumann Ostermann Pfeiffer Reuter Sommer Thiele Vogt "
          "Winkler Ziegler Albers Busch Claußen Dreyer Engel Fröhlich Grünwald Hartwig Jansen Krüger Lindner Maurer "
          "Niemann Ohlsen Petersen Rieger Scholz Trautmann Uhlig Voss Wagner Zöllner Behrens Conrad"),
    (("Hamburg", "20095"), ("Berlin", "10115"), ("Köln", "50667"), ("München", "80331"), ("Lübeck", "23552"),
     ("Görlitz", "02826")),
    ("Hafenstraße", "Lindenallee", "Am Markt", "Industriestr.", "Schillerstraße", "Deichweg"),
    ("+49 30 23125 ###", "030 23125###", "+49 (0)40 66969-###", "0049 69 90009 ###", "089/99998###"),
    ("+49 171 39200##", "0171-39200##", "+49 (171) 39 200 ##"),
    ("Maschinenbau", "Verpackungen", "Logistik", "Elektrotechnik", "Papiergroßhandel", "Holzbau", "Werkzeuge",
     "Kunststoffe", "Messtechnik", "Druckerei", "Gartenbau", "Stahlhandel"),
    (("GmbH", "G.m.b.H."), ("GmbH & Co. KG", "GmbH & Co KG"), ("AG", "Aktiengesellschaft"), ("KG", "K.G.")),
    ("Einkäufer", "Geschäftsführerin", "Vertriebsleiter", "Disponentin", "Projektleiter", "Buchhaltung"),
)  # fmt: skip

FRANCE = Land(
    "France",
    _words("Amélie Benoît Camille Denis Élodie François Gaëlle Hugo Inès Julien Karine Léa Mathieu Noémie Olivier "
          "Pauline Quentin Romain Solène Thierry Valérie Yann Zoé Jean-Luc Marie-Claude Anne-Sophie Cédric "
          "Hélène Loïc Stéphane"),
    _words("Lefèvre Moreau Dubois Garnier Roussel Chevalier Perrin Gauthier Marchand Blanchard Colin Fontaine Lemaire "
          "Renard Barbier Carpentier Delattre Évrard Ferrand Gillet Humbert Jacquet Lacroix Mallet Noël Pasquier "
          "Rivière Serre Tessier Vasseur Aubert Bonnet Charpentier D'Hérouville Étienne Guérin Leclerc Meunier"),
    (("Lyon", "69002"), ("Nantes", "44000"), ("Lille", "59000"), ("Bordeaux", "33000"), ("Saint-Étienne", "42000")),
    ("rue de la République", "avenue des Tilleuls", "quai du Port", "place de l'Église", "chemin des Vignes"),
    ("+33 1 99 00 ## ##", "04 65 71 ## ##", "02.61.91.##.##", "+33 (0)5 36 49 ## ##"),
    ("+33 1 99 00 ## ##", "01.99.00.##.##"),
    ("Transports", "Emballages", "Menuiserie", "Électricité", "Imprimerie", "Matériaux", "Vins", "Outillage",
     "Plastiques", "Mécanique", "Papeterie", "& Fils"),
    (("SAS", "S.A.S."), ("SARL", "S.A.R.L."), ("SA", "S.A."), ("EURL", "E.U.R.L.")),
    ("Acheteuse", "Directeur commercial", "Responsable logistique", "Gérante", "Comptable", "Chef de projet"),
)  # fmt: skip

BRITAIN = Land(
    "United Kingdom",
    _words("Alice Brian Charlotte Derek Emma Fiona George Hannah Ian Jessica Kevin Laura Megan Nigel Olivia Paul "
          "Rachel Stephen Tara Victoria William Zara Andrew Bethan Callum Eleanor"),
    _words("Archer Bennett Carlisle Dawson Ellison Fletcher Granger Holloway Ingham Jennings Kirkby Lawson Mercer "
          "Norwood O'Neill Pemberton Radcliffe Sheffield Thornton Underhill Vickers Whitaker Yardley Ashworth "
          "Blackwood Crawford Dunmore Everett McAllister Fairbank"),
    (("London", "EC1A 1BB"), ("Leeds", "LS1 4DY"), ("Bristol", "BS1 5TR"), ("Newcastle", "NE1 7RU")),
    ("High Street", "Station Road", "Mill Lane", "Queen's Terrace"),
    ("+44 20 7946 0###", "020 7946 0###", "+44 (0)113 496 0###"),
    ("+44 (0)20 7946 0###", "020 7946 0###"),
    ("Packaging", "Timber", "Freight", "Printing", "Tools", "Polymers", "Engineering", "Paper", "Electrical"),
    (("Ltd", "Limited"), ("plc", "PLC"), ("LLP", "L.L.P.")),
    ("Buyer", "Sales Director", "Operations Manager", "Accounts", "Managing Director", "Project Manager"),
)  # fmt: skip

SWEDEN = Land(
    "Sverige",
    _words("Astrid Björn Cecilia David Elsa Fredrik Göran Helena Ingrid Johan Kerstin Lars Maja Nils Oskar Pernilla "
          "Rut Sven Tove Ulf Viktor Ylva Åke Örjan Anders Britta"),
    _words("Lindqvist Bergström Dahl Ekman Forsberg Grönlund Hedlund Isaksson Johansson Karlsson Lundgren Moberg "
          "Nyström Öberg Palm Rosén Sandberg Törnqvist Ulfsson Viklund Wallin Åkesson Sjögren Holmgren Norberg "
          "Fransson Blom Engström Hallberg Lövgren"),
    (("Umeå", "903 26"), ("Göteborg", "411 06"), ("Malmö", "211 22"), ("Östersund", "831 30")),
    ("Kajen", "Storgatan", "Skolvägen", "Hamnplan"),
    ("+46 8 465 004 ##", "08-465 004 ##", "031-390 06 ##", "+46 (0)40 628 04 ##"),
    ("+46 70 174 06 ##", "070-174 06 ##"),
    ("Papper", "Trävaror", "Transport", "Verkstad", "Förpackning", "El", "Plast", "Tryckeri", "Bygg"),
    (("AB", "Aktiebolag"), ("HB", "H.B."), ("KB", "K.B.")),
    ("Inköpare", "Säljchef", "Verkställande direktör", "Projektledare", "Ekonomi"),
)  # fmt: skip

NETHERLANDS = Land(
    "Nederland",
    _words("Anneke Bram Carlijn Daan Esther Floris Gerda Hendrik Ilse Joost Karin Lotte Maarten Nienke Pieter Ruud "
          "Saskia Teun Wouter Femke"),
    _words("de Vries|van den Berg|Bakker|Visser|Smit|Mulder|Bos|Dekker|van Dijk|Hoekstra|Kuiper|van der Meer|Postma|"
          "Schouten|Timmer|Verhoeven|Wolters|Zijlstra|ter Braak|Noordhoek"),
    (("Utrecht", "3511 AB"), ("Groningen", "9711 LM"), ("Rotterdam", "3011 AA")),
    ("Kerkstraat", "Havenweg", "Molenlaan"),
    ("+31 30 234 5###", "030-234 5###"),
    ("+31 6 1234 5###", "06-1234 5###"),
    ("Verpakkingen", "Techniek", "Transport", "Papier", "Houthandel", "Gereedschap"),
    (("B.V.", "BV"), ("N.V.", "NV")),
    ("Inkoper", "Directeur", "Planner", "Boekhouding"),
)  # fmt: skip

LANDS = (GERMANY, FRANCE, BRITAIN, SWEDEN, NETHERLANDS)
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "å": "a", "æ": "ae", "ä": "ae", "ö": "oe", "ü": "ue"})


def slug(text: str) -> str:
    """Lower-case ASCII letters, digits and hyphens, as in a domain or the local part of an e-mail address."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    words = "".join(letter if letter.isalnum() else "-" for letter in plain.replace("'", "").replace(".", ""))
    return "-".join(filter(None, words.split("-")))
