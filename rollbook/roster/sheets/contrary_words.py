"""Words in a heading that speak against a student's own e-mail, birth date, year or grade."""

from typing import Final

_PEOPLE: Final = """
    dad dads mom moms mum mums mam family household relative relatives sibling siblings brother
    sister spouse carer carers caregiver custodian tutor tutors coach mentor principal head staff
    faculty employee doctor physician nurse sponsor agent payer billing host referee recommender
    kin hod pastoral owner author invited houseparent
    madre padre apoderado acudiente responsable profesor docente pere mere eltern mutter vater
"""
_EVENTS: Final = """
    entry entries enter entered entering start starts started starting begin begins began join joins
    old former prior original next last first exit exited left leaver leavers withdrawal withdrawn
    transfer transferred modification update updated updates changed synced imported exported
    printed as expiry expires expire expiration issue issued due visa test exam vaccination
    since signed consent immunization immunisation baptism graduated leaving leave intake valid
    term acad ay doa doe locker
    interview application applied arrival arrived attended attendance seen hire hired
    ingreso inscripcion alta baja eintritt aufnahme
"""
_PLACES: Final = "zip postal postleitzahl home work office phone fax"
_SIGN_IN: Final = (
    "login logon signin signon recovery backup alternate secondary other alternative password"
)

# As words of their own. "first name" and "last name" are taken out before.
CONTRARY_WORDS: Final = frozenset(f"{_PEOPLE} {_EVENTS} {_PLACES} {_SIGN_IN}".split())

# Anywhere, as in "guardianemail". Each is long enough not to be inside of other words.
CONTRARY_STEMS: Final = (
    *("parent", "guardian", "mother", "father", "emergency", "contact", "teacher", "counsel"),
    *("advisor", "adviser", "previous", "enrol", "admission", "admit", "joined", "modified"),
    *("created", "creation", "passport", "postcode", "lastupdate", "lastlogin", "lastsign"),
    *("registration", "registered", "yearentered", "startdate", "entrydate", "exitdate"),
    *("eintritt", "emergencia", "contacto", "matricula", "creacion", "modificacion"),
    *("家长", "父", "母", "监护", "联系人", "紧急", "老师", "教师", "班主任", "辅导员"),
    *("入学", "入校", "注册", "登记", "创建", "修改", "更新", "护照", "邮编", "邮政编码", "登录"),
    *("家長", "監護", "聯絡人", "緊急", "老師", "教師", "註冊", "創建", "護照"),
)

# Words beside each other.
CONTRARY_PHRASES: Final = (
    " school year ",
    " academic year ",
    " fiscal year ",
    " p 1 ",
    " p 2 ",
    " g 1 ",
    " g 2 ",
    " sign in ",
    " sign on ",
    " log in ",
    " log on ",
)
