"""Headings of other people's values and of other days, in several languages: nothing is guessed."""

import pytest

from tests.roster.test_column_guesses import ADDRESSES, BIRTH_DATES, GRADES, YEARS, guess_one


@pytest.mark.parametrize(
    "heading",
    [
        *("Parent Email", "Guardian1_Email", "Parent1_Email", "STUDENTCOREFIELDS.guardianemail"),
        *("Contact Email", "Counselor Email", "Email (mother)", "Recovery Email", "login_id"),
        *(
            "Work Secondary Email",
            "Correo del tutor",
            "家长邮箱",
            "Family Email",
            "P1 Email",
            "Next of kin email",
        ),
        *("HR Email", "Dean Email", "Case Manager Email", "Nanny Email", "NOK email"),
        *(
            "Correo de los padres",
            "Email родителя",
            "保護者メール",
            "학부모 이메일",
            "Email genitore",
        ),
        *(
            "E-mail ouders",
            "Email phụ huynh",
            "อีเมลผู้ปกครอง",
            "Email orang tua/wali",
            "Veli e-mail",
            "E-mail rodzica",
        ),
        *("Bus company email", "Landlord E-Mail", "E-Mail Klassenlehrer", "Adresse mail du tuteur"),
    ],
)
def test_the_address_of_somebody_else_is_no_e_mail(heading: str) -> None:
    assert guess_one(heading, ADDRESSES) is None


@pytest.mark.parametrize(
    "heading",
    [
        *("Date of Admission", "Enrolled On", "Enrollment Date", "dateLastModified", "created_at"),
        *("Last Sign In [READ ONLY]", "Entry date", "STARTDATE", "Passport expiry", "Joined"),
        *(
            "Fecha de ingreso",
            "入学日期",
            "Eintrittsdatum",
            "Member since",
            "Leaving Date",
            "Mother's DOB",
            "Date of birth (father)",
        ),
        *("Tour date", "Offer Date", "Date d'entrée", "Date d'inscription", "Data di iscrizione"),
        *(
            "Aufnahmedatum",
            "Startdatum",
            "Datum inschrijving",
            "Inskrivningsdatum",
            "入園日",
            "입학일",
        ),
        *(
            "Дата зачисления",
            "Kayıt tarihi",
            "Ngày nhập học",
            "Tanggal masuk",
            "Fecha de matrícula",
        ),
        *("Anniversary date", "Laptop date", "Date of first lesson", "登録日", "Einschulung"),
    ],
)
def test_another_date_is_no_birth_date(heading: str) -> None:
    assert guess_one(heading, BIRTH_DATES) is None


@pytest.mark.parametrize(
    "heading", ["Year Joined", "Intake", "AY", "Term", "School Year", "SchoolYear", "Entry_Year"]
)
def test_another_year_is_neither_graduation_nor_grade(heading: str) -> None:
    assert guess_one(heading, YEARS) is None
    assert guess_one(heading, ["2026-2027"] * 3) is None
    assert guess_one(heading, GRADES) is None


@pytest.mark.parametrize(
    "heading", ["College Graduation Year", "Middle School Graduation", "University grad", "Alumni"]
)
def test_the_year_of_another_graduation_is_not_guessed(heading: str) -> None:
    assert guess_one(heading, YEARS) is None


@pytest.mark.parametrize("heading", ["UPN", "User ID", "Student ID", "Unique ID", "Student Number"])
def test_addresses_are_no_ids(heading: str) -> None:
    assert guess_one(heading, ADDRESSES) is None


@pytest.mark.parametrize(
    "heading",
    [
        "Google Email",
        "Email (new)",
        "Courriel",
        "Adresse e-mail",
        "E-Mail-Adresse",
        "メールアドレス",
    ],
)
def test_other_words_for_the_students_own_e_mail_are_guessed(heading: str) -> None:
    assert guess_one(heading, ADDRESSES) == "email"


@pytest.mark.parametrize(
    "heading",
    [
        *(
            "Date de naissance",
            "Data di nascita",
            "Data de nascimento",
            "Дата рождения",
            "生年月日",
        ),
        *("Geboortedatum", "Födelsedatum", "Doğum tarihi", "생년월일", "Datum", "Born"),
    ],
)
def test_other_words_for_a_birth_date_are_guessed(heading: str) -> None:
    assert guess_one(heading, BIRTH_DATES) == "birth_date"
