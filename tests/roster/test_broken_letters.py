"""Which spellings are a name with its letters broken, and which are another name."""

import pytest

from rollbook.roster.values.broken_letters import is_broken_spelling


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
