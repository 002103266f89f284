"""Lists of names for made-up people: many cultures, real accents, no real students."""

import unicodedata


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIRLS = _words("""
    Ada Amélie Aisha Ana Anaïs Astrid Beatriz Bríd Camila Chiara Chloé Daniela Eilidh Elena Elif
    Emma Fatima Freya Gabriela Grace Hana Hannah Inès Ingrid Isabella Jasmine Joséphine Júlia
    Kalinda Keisha Lan Leilani Lucía Maja Małgorzata Mariam Mei Mia Naomi Ngọc Niamh Noor Olivia
    Paloma Priya Rosa Ruth Saoirse Şebnem Siobhán Sofía Tamar Thandiwe Yara Zoë Zuzana
""")
BOYS = _words("""
    Aarav Åke Ali André Arjun Björn Bram Caleb Carlos Çağlar Dániel David Dmitri Diego Elijah
    Emeka Ethan Félix François Gael Haruto Hugo Ibrahim Iñaki Isaac Jakub James Javier João José
    Jürgen Kai Kofi Łukasz Luca Malik Marek Mateo Minh Moses Nikolai Noah Oisín Omar Ömer
    Pádraig Rafael Ravi Samuel Seán Søren Tadeáš Théo Tomás Wei William Yusuf Zoltán
""")
LAST = _words("""
    Abara Abdi Açar Adeyemi Ahmed Almeida Andersson Baker Bauer Begum Béranger Bianchi
    Bjarnadóttir Brown Carter Castañeda Černý Chaudhary Chen Cohen Costa D'Angelo Dąbrowski
    Davies De-la-Cruz Diallo Díaz Dubois Eriksen Evans Fernández Fischer Flores Fontaine
    Gallagher García Gonçalves Goldberg González Green Gupta Gutiérrez Haddad Hansen Hernández
    Hoàng Hughes Ibáñez Iversen Jackson Jensen Jiménez Johnson Kaplan Khan Kim Kovács Kowalczyk
    Kumar Lefèvre Lê Lewis Li López Mac-Donald MacLeod Martin Martínez Mbeki Mehta Meyer
    Mitchell Morales Müller Muñoz Nakamura Ndiaye Nguyễn Nielsen Novák Núñez O'Brien O'Connor
    Okafor Olsen Ortiz Özdemir Papadakis Park Patel Peña Pérez Petrov Phạm Quiñones Quinn
    Ramírez Reyes Robinson Rodríguez Rossi Ruiz Sánchez Santos Sato Schäfer Schmidt Shah Silva
    Singh Smith Sørensen Strauß Suzuki Tanaka Taylor Thompson Torres Tran Turner Vargas Vásquez
    Walker Wang Washington White Williams Wilson Wójcik Yamamoto Yılmaz Young Zając Zhang
    Zieliński
""")
STREETS = _words("""
    Maple Oak Cedar Birch Elm River Hill Lake School Mill Church Park Chestnut Spruce Meadow
    Harbor
""")
TOWNS = _words("Exampleton Samplebury Testford Mockville Placeholder Fixture-on-Sea")

_NO_DECOMPOSITION = str.maketrans(
    {"ł": "l", "ø": "o", "ß": "ss", "ı": "i", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"}
)


def ascii_letters(name: str) -> str:
    """Return the name as in an e-mail address: lower-case a to z only."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_NO_DECOMPOSITION))
    return "".join(letter for letter in plain if "a" <= letter <= "z")


GIRLS_ASCII = tuple(map(ascii_letters, GIRLS))
BOYS_ASCII = tuple(map(ascii_letters, BOYS))
LAST_ASCII = tuple(map(ascii_letters, LAST))
