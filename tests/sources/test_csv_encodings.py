"""In which encoding a csv is written: made-up names of many languages, as Excel saves them."""

import unicodedata
from typing import Any

import pytest

from rollbook.sources.spreadsheet.csv_choices import CODECS, ENCODINGS, encoding_named
from rollbook.sources.spreadsheet.rows import CellProblem, Sheet
from tests.sources.spreadsheets import read_here

NAMES = [
    ("cp1252", "Zoé Lefèvre, José Núñez, Jürgen Groß"),
    ("cp1252", "Søren Kjær, Åse Bjørn"),
    ("cp1252", "João Gonçalves, Inês Simões"),
    ("cp1252", "Þór Guðmundsson, Ásta Jónsdóttir"),
    ("cp1252", "José Müller, Åsa Søren, Zoë Lefèvre, João Ibáñez, Björn Strauß"),
    ("mac_roman", "Zoé Lefèvre, José Núñez, Jürgen Groß"),
    ("cp1250", "Jiří Dvořák, Tomáš Černý, Zdeněk Růžička"),
    ("cp1250", "Łukasz Wójcik, Małgorzata Wiśniewska"),
    ("cp1250", "Luka Šarić, Đurđa Čolić, Petar Živković"),
    ("cp1251", "Иван Иванов, Мария Петрова, Ольга Кузнецова"),
    ("cp1251", "Олександр Шевченко, Ірина Їжак"),
    ("cp1253", "Γιώργος Παπαδόπουλος, Ελένη Αντωνίου"),
    ("cp1254", "Işık Gülşen, Çağrı Yıldız, Ayşe Şimşek"),
    ("cp1255", "דוד כהן, שרה לוי, יעל מזרחי"),
    ("cp1256", "محمد أحمد, فاطمة الزهراء, علي حسن"),
    ("cp1257", "Jānis Bērziņš, Līga Ozoliņa, Kārlis Šķēle"),
    ("cp1257", "Šarūnas Žukauskas, Jonė Kazlauskaitė"),
    ("cp1258", "Nguyễn Văn Đức, Trần Thị Hương, Lê Quốc Bảo"),
    ("cp874", "สมชาย ใจดี, สุดา แสงทอง"),
    ("shift_jis", "健太 森田, 美咲 小川, ユウ ハヤシ"),
    ("gb18030", "晓彤 林, 子轩 何, 雨晴 邓"),
    ("big5", "志明 陳, 淑芬 林, 怡君 黃"),
]
# So few letters, or such letters, that more than one encoding is plausible.
UNCLEAR = [
    ("cp1252", "Iñaki Muñoz"),
    ("cp1250", "Győző Erdős, Dezső Nagy"),
    ("gb18030", "李 明"),
    ("euc_kr", "김 민준, 이 서연, 박 지훈"),
]


def as_windows_writes(text: str, encoding: str) -> bytes:
    """Encode a text. Windows-1258 has the marks of Vietnamese as letters of their own."""
    codec = CODECS.get(encoding, encoding)
    if encoding != "cp1258":
        return text.encode(codec)
    written = b""
    for letter in text:
        try:
            written += letter.encode(codec)
        except UnicodeEncodeError:
            base, *marks = list(unicodedata.normalize("NFD", letter))
            shape = [mark for mark in marks if mark in "\u0302\u0306\u031b"]
            tones = [mark for mark in marks if mark not in shape]
            whole = unicodedata.normalize("NFC", "".join([base, *shape]))
            written += "".join([whole, *tones]).encode(codec)
    return written


def read(names: str, written: str, chosen: str | None = None) -> Sheet:
    rows = [f"{number},{name}" for number, name in enumerate(names.split(", "), 1)]
    content = "\r\n".join(["ID,Name", *rows, ""])
    options: dict[str, Any] = {"encoding": chosen} if chosen else {}
    return read_here(as_windows_writes(content, written), "students.csv", **options)


def read_names(sheet: Sheet) -> str:
    return ", ".join(row.cells[1] or "" for row in sheet.rows[1:])


@pytest.mark.parametrize(("encoding", "names"), NAMES)
def test_an_encoding_is_known_by_its_names(encoding: str, names: str) -> None:
    sheet = read(names, encoding)
    assert (read_names(sheet), sheet.encodings) == (names, ())
    assert any("doesn't say how its letters are written" in note for note in sheet.notes)


@pytest.mark.parametrize(("encoding", "names"), UNCLEAR)
def test_where_several_are_plausible_all_are_shown_with_names(encoding: str, names: str) -> None:
    samples = {each.encoding: each.samples for each in read(names, encoding).encodings}
    assert len(samples) > 1
    assert samples[encoding] and set(samples[encoding]) <= set(names.split(", "))


@pytest.mark.parametrize(("encoding", "names"), NAMES + UNCLEAR)
def test_a_chosen_encoding_is_no_question(encoding: str, names: str) -> None:
    sheet = read(names, encoding, chosen=encoding)
    assert (read_names(sheet), sheet.encoding, sheet.encodings) == (names, encoding, ())


def test_every_encoding_but_unicode_is_tried() -> None:
    tried = {encoding for encoding, _names in NAMES + UNCLEAR}
    assert tried == set(ENCODINGS) - {"utf-8", "utf-16"}


def test_readings_that_are_the_same_are_no_question() -> None:
    assert read("Jörg Müller", "cp1250").encodings == ()


@pytest.mark.parametrize(
    ("names", "pasted", "encoding"),
    [
        ("Zoé Lefèvre, Íñigo Peña", "cp1252", "utf-8"),
        ("Zoé Lefèvre", "cp1252", "utf-8"),
        ("晓彤 林, 子轩 何", "cp1252", "utf-8"),
        ("Zoé Lefèvre, Íñigo Peña", "utf-8", "cp1252"),
        ("Zoé Lefèvre, Íñigo Peña", "utf-8", "mac_roman"),
        ("Jiří Dvořák, Tomáš Černý, Zdeněk Růžička", "utf-8", "cp1250"),
    ],
)
def test_a_line_in_another_encoding_is_a_problem_of_its_cells(
    names: str, pasted: str, encoding: str
) -> None:
    rows = [f"{number},{name}" for number, name in enumerate(names.split(", "), 1)]
    content = "\n".join(["ID,Name", *rows, ""]).encode(encoding) + "9,Renée".encode(pasted)
    sheet = read_here(content, "students.csv")
    assert (sheet.encoding, sheet.encodings) == (encoding, ())
    assert read_names(sheet) == f"{names}, Renée"
    assert [row.problems for row in sheet.rows[1:]] == [
        *[()] * len(rows),
        (CellProblem(1, "letters_unclear"),),
    ]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("windows-1250", "cp1250"),
        ("GBK", "gb18030"),
        ("sjis", "shift_jis"),
        ("cp949", "euc_kr"),
        ("big5", "big5"),
        ("UTF8", "utf-8"),
        ("macroman", "mac_roman"),
        ("rot13", None),
        ("klingon", None),
    ],
)
def test_an_encoding_is_known_by_its_other_names(name: str, encoding: str | None) -> None:
    assert encoding_named(name) == encoding


def test_a_file_cut_off_inside_a_letter_is_still_utf_8() -> None:
    sheet = read_here("ID,Name\n1,Renée Bérubé".encode()[:-1], "students.csv")
    assert (sheet.encoding, sheet.rows[1].problems) == (
        "utf-8",
        (CellProblem(1, "letters_unclear"),),
    )
