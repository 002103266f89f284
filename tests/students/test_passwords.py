"""Which passwords are refused, without a database."""

from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError

from rollbook.schools import passwords

ADA = SimpleNamespace(
    name="Ada Admin",
    email="ada.admin@lincoln.example",
    school=SimpleNamespace(name="Lincoln High School"),
)


def refusal(password: str) -> str:
    """Return the code of the refusal, or nothing."""
    try:
        passwords.PasswordRule().validate(password, ADA)
    except ValidationError as error:
        return str(error.code)
    return ""


@pytest.mark.parametrize(
    "password",
    [
        *("aaaaaaaaaaaaaaa", "123456789012345", "098765432109876", "112233445566778899"),
        *("passwordpassword", "Password12345678", "P4ssw0rd-P4ssw0rd!", "drowssapdrowssap"),
        *("rollbook12345678", "R0llb00k!2026!!", "rollbookrollbook", "Koobllor-Koobllor1"),
        *("qwertyuiopasdfgh", "1qaz2wsx3edc4rfv", "asdfghjkl-asdfghjkl", "q1w2e3r4t5y6u7i8"),
        *("abcabcabcabcabcabc", "a1b2c3d4e5f6g7h8", "Xk7Xk7Xk7Xk7Xk7Xk7", "31415926535897932"),
        *(
            "LincolnHighSchool1",
            "lincoln-high-2026!",
            "ada.admin@lincoln.example",
            "AdminAdaAdminAda",
        ),
        *("correct horse battery staple", "TheQuickBrownFox1!", "ToBeOrNotToBe123"),
        *("iloveyouiloveyou", "thisismypassword", "welcome-to-school-1", "Summer2026Summer"),
    ],
)
def test_what_a_guesser_tries_first_is_refused(password: str) -> None:
    assert refusal(password) == "password_too_common"


@pytest.mark.parametrize(
    "password",
    [
        *("purple elephant dancing kites", "violin maple ocean brick", "kq7#tt91bc4!x02"),
        *("my dog eats seven blue lamps", "Ada's lantern hums at noon", "pešo leti prek gozda"),
    ],
)
def test_words_that_do_not_belong_together_are_a_password(password: str) -> None:
    assert refusal(password) == ""


@pytest.mark.parametrize(
    ("length", "code"),
    [(14, "password_too_short"), (15, ""), (128, ""), (129, "password_too_long")],
)
def test_a_password_has_15_to_128_characters(length: int, code: str) -> None:
    letters = "vq3kz8wm1xj6ht0rb5ndyg2pf7sc4laeuo9i"
    assert refusal(letters.ljust(length, "#")[:length]) == code
