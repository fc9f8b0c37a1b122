"""Where the people of the demo workspace live: places, languages, names, and telephone numbers kept for fiction."""

# ruff: noqa: RUF001  # names are written in their own letters

import unicodedata
from collections.abc import Iterator
from itertools import product
from random import Random

import msgspec

_PLAIN_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "ł": "l", "ı": "i", "đ": "d"})


class Home(msgspec.Struct, frozen=True):
    """A country. Names are written `given family`, or the other way round; each may carry its Latin form after `|`.

    The phone pattern has one `#` for each digit that may be anything; countries without numbers reserved for
    fiction have none.
    """

    country: str
    country_code: str
    continent_code: str
    language: str
    places: tuple[tuple[str, str], ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    family_first: bool = False
    phone: str | None = None


class Name(msgspec.Struct, frozen=True):
    """A person's name, and what stands before the @ of their e-mail address."""

    full: str
    mailbox: str


class Names:
    """Draws names and telephone numbers, none of them twice."""

    def __init__(self, draw: Random) -> None:
        self._names = {code: _shuffled(home, draw) for code, home in HOMES.items()}
        self._numbers = dict.fromkeys(HOMES, 0)

    def name(self, code: str) -> Name:
        """A name that is usual in this country."""
        return next(self._names[code])

    def phone(self, code: str) -> str | None:
        """A number that rings nowhere, if the country keeps some."""
        pattern = HOMES[code].phone
        if pattern is None:
            return None
        self._numbers[code] += 1
        width = pattern.count("#")
        return pattern.rstrip("#") + f"{self._numbers[code]:0{width}}"


def _shuffled(home: Home, draw: Random) -> Iterator[Name]:
    names = [_name(home, given, family) for given, family in product(home.given, home.family)]
    draw.shuffle(names)
    return iter(names)


def _name(home: Home, given: str, family: str) -> Name:
    given, _, latin_given = given.partition("|")
    family, _, latin_family = family.partition("|")
    full = f"{family} {given}" if home.family_first else f"{given} {family}"
    return Name(full, f"{latin(latin_given or given)}.{latin(latin_family or family)}")


def latin(text: str) -> str:
    """The text in lower case without accents, spaces and signs."""
    folded = unicodedata.normalize("NFKD", text.lower().translate(_PLAIN_LETTERS))
    return "".join(letter for letter in folded if letter.isascii() and letter.isalnum())


_ENGLISH_GIVEN = (
    *("Amelia", "Ben", "Charlotte", "Daniel", "Ella", "Finn", "Grace", "Harry", "Isla", "Jack"),
    *("Keira", "Liam", "Megan", "Noah", "Olivia", "Patrick", "Rosie", "Sam", "Tara", "Will"),
)
_ENGLISH_FAMILY = (
    *("Ashworth", "Barlow", "Carter", "Doyle", "Ellison", "Fletcher", "Gallagher", "Hartley", "Ingram", "Kavanagh"),
    *("Lawson", "Murphy", "Nolan", "O'Connor", "Pritchard", "Quinn", "Sutton", "Thornton", "Walsh", "Whitfield"),
)

HOMES: dict[str, Home] = {
    "GB": Home(
        *("United Kingdom", "GB", "EU", "en"),
        places=(("Leeds", "England"), ("Leicester", "England"), ("London", "England"), ("Glasgow", "Scotland")),
        given=_ENGLISH_GIVEN,
        family=_ENGLISH_FAMILY,
        phone="+44113496####",
    ),
    "IE": Home(
        *("Ireland", "IE", "EU", "en"),
        places=(("Dublin", "Leinster"), ("Cork", "Munster"), ("Galway", "Connacht")),
        given=("Aisling", "Ciarán", "Deirdre", "Eoin", "Gráinne", "Oisín", "Róisín", "Seán", "Sinéad", "Tadhg"),
        family=("Byrne", "Ó Briain", "Fitzgerald", "Keane", "MacCarthy", "Ní Dhomhnaill", "O'Sullivan", "Power"),
    ),
    "US": Home(
        *("United States", "US", "NA", "en"),
        places=(("Portland", "Oregon"), ("Minneapolis", "Minnesota"), ("Austin", "Texas")),
        given=("Aaliyah", "Brandon", "Carmen", "DeShawn", "Emily", "Hannah", "Jordan", "Luis", "Madison", "Tyler"),
        family=("Anderson", "Brooks", "Coleman", "Delgado", "Hayes", "Jefferson", "Larson", "Nguyen", "Reyes", "Wu"),
        phone="+150355501##",
    ),
    "CA": Home(
        *("Canada", "CA", "NA", "en"),
        places=(("Toronto", "Ontario"), ("Montréal", "Québec")),
        given=("Chloé", "Étienne", "Harpreet", "Mei", "Nathan", "Priya", "Sophie", "Zoë"),
        family=("Bouchard", "Chen", "Gill", "Lévesque", "MacDonald", "Singh", "Tremblay"),
        phone="+141655501##",
    ),
    "AU": Home(
        *("Australia", "AU", "OC", "en"),
        places=(("Melbourne", "Victoria"), ("Geelong", "Victoria")),
        given=("Bronte", "Callum", "Darcy", "Imogen", "Lachlan", "Matilda", "Ruby", "Xavier"),
        family=("Baxter", "Costa", "Drummond", "Kelly", "Papadakis", "Robertson", "Tran", "Wheeler"),
        phone="+613555000##",
    ),
    "DE": Home(
        *("Germany", "DE", "EU", "de"),
        places=(("Hamburg", "Hamburg"), ("Freiburg", "Baden-Württemberg"), ("Leipzig", "Sachsen")),
        given=("Anke", "Björn", "Carla", "Fabian", "Greta", "Jörg", "Katharina", "Lukas", "Mürvet", "Svenja"),
        family=("Bauer", "Groß", "Hoffmann", "Jäger", "Köhler", "Lehmann", "Öztürk", "Schröder", "Vogt", "Weiß"),
        phone="+493023125###",
    ),
    "AT": Home(
        *("Austria", "AT", "EU", "de"),
        places=(("Wien", "Wien"), ("Graz", "Steiermark")),
        given=("Christoph", "Elisabeth", "Johanna", "Maximilian", "Theresa"),
        family=("Gruber", "Haselböck", "Moser", "Pichler", "Steiner"),
    ),
    "CH": Home(
        *("Switzerland", "CH", "EU", "fr"),
        places=(("Genève", "Genève"), ("Lausanne", "Vaud")),
        given=("Arnaud", "Céline", "Didier", "Hélène", "Luc", "Noémie", "Reto", "Valérie"),
        family=("Aebischer", "Bonvin", "Favre", "Jaquet", "Monnier", "Rochat", "Zbinden"),
    ),
    "FR": Home(
        *("France", "FR", "EU", "fr"),
        places=(("Lyon", "Auvergne-Rhône-Alpes"), ("Nantes", "Pays de la Loire")),
        given=("Adèle", "Baptiste", "Camille", "Dorothée", "François", "Inès", "Jérôme", "Maëlle"),
        family=("Bertrand", "Chevalier", "Dubois", "Fournier", "Girard", "Lefèvre", "Perrin", "Rousseau"),
        phone="+3319900####",
    ),
    "ES": Home(
        *("Spain", "ES", "EU", "es"),
        places=(("Valencia", "Comunitat Valenciana"), ("Sevilla", "Andalucía")),
        given=("Alba", "Begoña", "Iñaki", "Javier", "Lucía", "Martín", "Nerea", "Raúl"),
        family=("Alonso", "Domínguez", "Fernández", "Ibáñez", "Muñoz", "Peña", "Serrano", "Vázquez"),
    ),
    "IT": Home(
        *("Italy", "IT", "EU", "it"),
        places=(("Bologna", "Emilia-Romagna"), ("Torino", "Piemonte")),
        given=("Alessia", "Davide", "Federica", "Giosuè", "Lorenzo", "Martina", "Niccolò", "Silvia"),
        family=("Bianchi", "Conti", "D'Amico", "Esposito", "Ferrari", "Marchetti", "Ricci"),
    ),
    "NL": Home(
        *("Netherlands", "NL", "EU", "nl"),
        places=(("Utrecht", "Utrecht"), ("Groningen", "Groningen")),
        given=("Bram", "Daan", "Femke", "Jasmijn", "Lotte", "Maarten", "Sanne", "Youssef"),
        family=("Bakker", "de Vries", "El Amrani", "Jansen", "Mulder", "van den Berg", "Visser"),
    ),
    "NO": Home(
        *("Norway", "NO", "EU", "no"),
        places=(("Tromsø", "Troms"), ("Bergen", "Vestland")),
        given=("Bjørn", "Eirik", "Ingrid", "Kjersti", "Magnus", "Sigrid", "Tor", "Åse"),
        family=("Berg", "Dahl", "Haugen", "Johansen", "Lunde", "Mikkelsen", "Sørensen"),
    ),
    "SE": Home(
        *("Sweden", "SE", "EU", "sv"),
        places=(("Lund", "Skåne"), ("Uppsala", "Uppsala")),
        given=("Agnes", "Elin", "Göran", "Johan", "Maja", "Nils", "Sofia", "Åke"),
        family=("Åkesson", "Bergström", "Ekdahl", "Hedlund", "Lindgren", "Nyström", "Wallin"),
        phone="+468465004##",
    ),
    "PL": Home(
        *("Poland", "PL", "EU", "pl"),
        places=(("Kraków", "Małopolskie"), ("Gdańsk", "Pomorskie")),
        given=("Agnieszka", "Bartosz", "Grażyna", "Jakub", "Łukasz", "Małgorzata", "Paweł", "Zofia"),
        family=("Dąbek", "Kaczmarek", "Mazur", "Nowak", "Pająk", "Sikora", "Wójcik", "Żuk"),
    ),
    "TR": Home(
        *("Türkiye", "TR", "AS", "tr"),
        places=(("İzmir", "İzmir"), ("Bursa", "Bursa")),
        given=("Ayşe", "Burak", "Çağla", "Emre", "Gökhan", "İpek", "Selin", "Yiğit"),
        family=("Aydın", "Çelik", "Demir", "Kılıç", "Özdemir", "Şahin", "Yıldırım"),
    ),
    "JP": Home(
        *("Japan", "JP", "AS", "ja"),
        places=(("Kanazawa", "Ishikawa"), ("Sapporo", "Hokkaido")),
        given=("葵|aoi", "健太|kenta", "美咲|misaki", "直樹|naoki", "陽子|yoko"),
        family=("伊藤|ito", "小林|kobayashi", "佐藤|sato", "高橋|takahashi", "渡辺|watanabe"),
        family_first=True,
    ),
    "VN": Home(
        *("Vietnam", "VN", "AS", "vi"),
        places=(("Hanoi", "Hanoi"), ("Da Nang", "Da Nang")),
        given=("Anh", "Đức", "Hương", "Linh", "Minh", "Quỳnh"),
        family=("Đặng", "Lê", "Nguyễn", "Phạm", "Trần", "Vũ"),
        family_first=True,
    ),
    "IN": Home(
        *("India", "IN", "AS", "en"),
        places=(("Pune", "Maharashtra"), ("Kochi", "Kerala")),
        given=("Aditya", "Ananya", "Farhan", "Kavya", "Meera", "Rohan", "Shruti", "Vikram"),
        family=("Deshpande", "Iyer", "Joshi", "Khan", "Kulkarni", "Menon", "Patil", "Thomas"),
    ),
    "NG": Home(
        *("Nigeria", "NG", "AF", "en"),
        places=(("Lagos", "Lagos"), ("Ibadan", "Oyo")),
        given=("Adaeze", "Babatunde", "Chidi", "Folasade", "Ifeoma", "Kẹ́hìndé", "Ngozi", "Tọ́pẹ́"),
        family=("Adebayo", "Balogun", "Eze", "Nwosu", "Okafor", "Ọládélé", "Umeh"),
    ),
    "BR": Home(
        *("Brazil", "BR", "SA", "pt"),
        places=(("Porto Alegre", "Rio Grande do Sul"), ("Recife", "Pernambuco")),
        given=("Beatriz", "Caio", "Fabrício", "João", "Letícia", "Mariângela", "Renato", "Thaís"),
        family=("Araújo", "Barbosa", "Conceição", "Gonçalves", "Moraes", "Nascimento", "Pereira"),
    ),
    "GR": Home(
        *("Greece", "GR", "EU", "el"),
        places=(("Athens", "Attica"), ("Thessaloniki", "Central Macedonia")),
        given=("Γιώργος|giorgos", "Νίκος|nikos", "Σταύρος|stavros"),
        family=("Παπαδόπουλος|papadopoulos", "Οικονόμου|oikonomou", "Γεωργίου|georgiou"),
    ),
    "UA": Home(
        *("Ukraine", "UA", "EU", "uk"),
        places=(("Lviv", "Lviv Oblast"), ("Kyiv", "Kyiv")),
        given=("Олена|olena", "Андрій|andrii", "Соломія|solomiia", "Тарас|taras"),
        family=("Бондаренко|bondarenko", "Коваленко|kovalenko", "Шевченко|shevchenko"),
    ),
    "LB": Home(
        *("Lebanon", "LB", "AS", "ar"),
        places=(("Beirut", "Beirut"),),
        given=("ليلى|layla", "كريم|karim", "رنا|rana"),
        family=("حداد|haddad", "خوري|khoury", "منصور|mansour"),
    ),
}
