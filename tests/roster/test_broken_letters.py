"""Which spellings are a name with its letters broken, and which are another name."""

import pytest

from rollbook.roster.values.broken_letters import (
    has_broken_letters,
    is_broken_spelling,
    repaired_name,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("JosÃ©", "José"),
        ("josÃ©", "José"),
        ("JosÃƒÂ©", "José"),
        ("Jos?", "José"),
        ("Jos??", "José"),
        ("Jos�", "José"),
        ("Zoï¿½", "Zoé"),
        ("N??ez", "Núñez"),
        ("Nú?ez", "Núñez"),
        ("Ãngel", "Ángel"),
        ("Ã\x81ngel", "Ángel"),
        ("LefÃ¨vre", "Lefèvre"),
        ("√âmile", "Émile"),
        ("MŸller", "Müller"),
        ("JosÈ", "José"),
        ("Iþýk", "Işık"),
        ("Wa³êsa", "Wałęsa"),
        ("æž—", "林"),
        ("??", "晓彤"),
    ],
)
def test_a_name_with_broken_letters_is_known(text: str, name: str) -> None:
    assert is_broken_spelling(text, name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("José", "José"),
        ("José", "JosÃ©"),
        ("José", "Jos?"),
        ("Işık", "Iþýk"),
        ("Jose", "José"),
        ("Josef", "José"),
        ("Joss", "José"),
        ("Müller", "Muller"),
        ("Mueller", "Müller"),
        ("Ada", "Bob"),
        ("Zoë", "Zoé"),
        ("Núñez García", "Núñez"),
    ],
)
def test_a_name_in_another_spelling_is_not_broken(text: str, name: str) -> None:
    assert not is_broken_spelling(text, name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("JosÃ©", "José"),
        ("JosÃƒÂ©", "José"),
        ("Jos√©", "José"),
        ("JosĂ©", "José"),
        ("Jos├®", "José"),
        ("MUÃ‘OZ", "MUÑOZ"),
        ("Ãšrsula", "Úrsula"),
        ("Å aban", "Šaban"),
        ("MustafÃ", "Mustafà"),
        ("æž—", "林"),
        ("РњР°СЂРёСЏ", "Мария"),
        ("Jos%C3%A9", "José"),
        (r"Jos\u00e9", "José"),
        ("Zoï¿½", None),
        ("Zo\ufffd", None),
        ("Jos?", None),
        ("??", None),
        ("Jos\u25a1", None),
        ("Ko¼ak", None),
        (r"Jos\ud800", None),
    ],
)
def test_broken_letters_are_seen_without_the_name_and_repaired_if_they_can_be(
    text: str, name: str | None
) -> None:
    assert has_broken_letters(text)
    assert repaired_name(text) == name


@pytest.mark.parametrize(
    "name",
    [
        *("José", "JOÃO", "ROMÃ", "Erik Å", "Ðuro", "Žižek", "Kovačević", "Ángeles", "Mª José"),
        *("O’Brien", "O´Brien", "Gal·la", "Anne–Marie", "Nguyễn", "Þór", "Straße", "李", "김민준"),
        *("Лі", "Сі", "Їжак", "Мария", "محمد", "שרה", "Αλέξης", "Ștefan", "İpek", "Kealoha"),
        *("Íñigo", "KNÍŽEK", "WĘŻYK", "Ćśan", "MUÑOZ", "Lầu"),
        *("Smith Jr.", "Ada & Bob", "100%", "A\\B", "Max 😀", "Åsa", "Ærø", "Ūla", "さくら"),
    ],
)
def test_names_as_people_have_them_are_not_broken(name: str) -> None:
    assert not has_broken_letters(name) and repaired_name(name) is None
