"""Texts for people: marked for translation, and translated where they are shown."""

from rollbook.roster.translation import Phrase, fill, gettext_noop, translated

GERMAN = {
    "{name} is closed until {day}.": "{name} ist bis {day} geschlossen.",
    "Monday": "Montag",
    "PowerSchool": "never looked up",
}


def german(text: str) -> str:
    return GERMAN.get(text, text)


def test_a_marked_text_stays_as_it_is_until_it_is_shown() -> None:
    assert gettext_noop("Monday") == "Monday"
    assert translated("Monday", german) == "Montag"
    assert translated("", lambda text: "gettext answers the header of its file") == ""


def test_a_phrase_is_english_text_that_can_be_shown_in_another_language() -> None:
    phrase = Phrase("{name} is closed until {day}.", name="PowerSchool", day=Phrase("Monday"))
    assert phrase == "PowerSchool is closed until Monday."
    assert translated(phrase, german) == "PowerSchool ist bis Montag geschlossen."


def test_filling_never_fails_on_what_a_translator_or_a_student_wrote() -> None:
    values = {"name": "{day} {", "day": 3}
    assert (
        fill("{name} {0} {} {missing} {day!r} {{", values) == "{day} { {0} {} {missing} {day!r} {{"
    )
