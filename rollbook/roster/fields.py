"""STUDENT_FIELDS: the one list of the fields that an account can receive.

A new field is its entry here, a column of `StudentAccount` with its migration, and a row in the
mapping of each source that has it. Records, SQL, template, guesses, reports, files and pages follow
from it.
"""

from typing import Final, NamedTuple

from rollbook.roster.translation import gettext_noop as _


class Field(NamedTuple):
    """One field of an account.

    `key` is the column of the account and the attribute of a record; `kind` names the parser in
    `roster.parsers`; `limit` is the longest text in characters. The template for uploads shows
    `example` and `meaning`. `headings` are names by which a spreadsheet's column is recognised, as
    `columns.heading_key` leaves them; where two columns could fill the field, the name further to
    the front wins. The key and the label are always recognised as they are written here.
    """

    key: str
    label: str
    kind: str
    limit: int = 0
    example: str = ""
    meaning: str = ""
    headings: str = ""


STUDENT_FIELDS: Final[dict[str, Field]] = {
    field.key: field
    for field in (
        Field(
            "sis_id",
            _("SIS ID"),
            "identifier",
            200,
            example="000123",
            meaning=_(
                "The permanent ID in your SIS. We look for an existing account by this first. "
                "Leading zeros are kept."
            ),
            headings="sisid sisuserid sisstudentid studentid studentsid pupilid learnerid "
            "externalid sourcedid sourceid personpk personid studentdcid dcid "
            "powerschoolid veracrossid userid uniqueid id",
        ),
        Field(
            "student_number",
            _("Student number"),
            "identifier",
            200,
            example="20418",
            meaning=_(
                "The number your school gives. "
                "We look for an existing account by this if there is no SIS ID."
            ),
            headings="studentnumber studentno studentnum studentnr pupilnumber localid "
            "localstudentid localstudentnumber admissionnumber admissionno "
            "rollnumber rollno schoolnumber adno personnumber stateid statestudentid "
            "upn number idnumber matricula numerodematricula 学籍号 学号 學號",
        ),
        Field(
            "email",
            _("E-mail"),
            "email",
            320,
            example="ada.example@rollbook.example",
            meaning=_(
                "The address the student signs in with; no two students have the same. "
                "We look for an existing account by this if there is neither ID nor number."
            ),
            headings="studentemail studentsemail studentemailaddress schoolemail "
            "schoolemailaddress email emailaddress mail mailaddress email1 primaryemail "
            "signinemail loginemail username login useremail "
            "correo correoelectronico courriel adresseemail emailadresse "
            "メールアドレス 이메일 邮箱 电子邮箱 电子邮件 邮件地址 電子郵件",
        ),
        Field(
            "first_name",
            _("First name"),
            "name",
            300,
            example="Ada",
            meaning=_("As on official papers."),
            headings="firstname givenname givennames forename forenames first given "
            "studentfirstname fname legalfirstname christianname prenom vorname "
            "nombre nombres 名 名字",
        ),
        Field(
            "last_name",
            _("Last name"),
            "name",
            300,
            example="Example",
            meaning=_("As on official papers."),
            headings="lastname surname familyname last family studentlastname lname "
            "legallastname nachname nom apellido apellidos 姓 姓氏",
        ),
        Field(
            "middle_name",
            _("Middle name"),
            "name",
            300,
            example="Grace",
            meaning=_("All middle names."),
            headings="middlename middlenames secondname middle middleinitial mi mname "
            "studentmiddlename",
        ),
        Field(
            "preferred_name",
            _("Preferred name"),
            "name",
            300,
            example="Addie",
            meaning=_("What the student is called."),
            headings="preferredname preferredfirstname nickname goesby knownas calledname "
            "callname chosenname preferred",
        ),
        Field(
            "personal_email",
            _("Personal e-mail"),
            "email",
            320,
            example="addie@home.example",
            meaning=_("An address besides the one for signing in."),
            headings="personalemail personalemailaddress privateemail homeemail otheremail "
            "email2 secondaryemail alternateemail altemail",
        ),
        Field(
            "graduation_year",
            _("Graduation year"),
            "graduation_year",
            example="2030",
            meaning=_("Four digits."),
            headings="graduationyear gradyear gradyr classof graduatingyear graduationclass "
            "gradclass yearofgraduation projectedgraduationyear "
            "expectedgraduationyear classyear cohort cohortyear class graduation yog "
            "schedyearofgraduation graduationdate anodegraduacion 毕业年份 毕业年 畢業年份",
        ),
        Field(
            "grade_level",
            _("Current grade"),
            "text",
            100,
            example="9",
            meaning=_("K, 1 to 12, or a name such as Grade 9."),
            headings="grade grades gradelevel currentgrade yearlevel yeargroup studentgrade "
            "gradelevelname form gr grado 年级 年級",
        ),
        Field(
            # No other headings: a column "Homeroom" may be the name of a teacher or a group.
            "home_room",
            _("Home room"),
            "text",
            100,
            example="B12",
            meaning=_("The room where the student's class meets."),
        ),
        Field(
            "birth_date",
            _("Date of birth"),
            "date",
            example="2012-05-03",
            meaning=_("Year-month-day is always understood; for other orders you say which one."),
            headings="birthdate dateofbirth birthday dob birth borndate bornon studentdob "
            "dateborn geburtsdatum fechadenacimiento datedenaissance datadenascimento "
            "datadinascita geboortedatum fodelsedatum dogumtarihi dataurodzenia датарождения "
            "出生日期 生日 生年月日 생년월일",
        ),
        Field(
            "gender",
            _("Gender"),
            "gender",
            100,
            example="Female",
            meaning=_("Any word; the usual ones are Female, Male, Non-binary."),
            headings="gender sex legalsex studentgender genderidentity geschlecht "
            "sexo genero 性别 性別",
        ),
    )
}

# What an account can't do without; a record that lacks one of them is not pulled in.
REQUIRED_FIELDS: Final = ("sis_id", "email", "first_name", "last_name", "graduation_year")

# The one column of a spreadsheet that fills no field: it opens and closes accounts.
ACTIVE: Final = "active"
