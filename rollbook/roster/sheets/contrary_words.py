"""Words in a heading that speak against a student's own e-mail, birth date, year or grade."""

from typing import Final

_PEOPLE: Final = """
    dad dads mom moms mum mums mam family household relative relatives sibling siblings brother
    sister spouse carer carers caregiver custodian tutor tutors coach mentor principal head staff
    faculty employee doctor physician nurse sponsor agent payer billing host referee recommender
    kin hod pastoral owner author invited houseparent
    dean hr manager supervisor nanny babysitter nok uncle aunt grandparent grandparents gran grandma
    grandpa psychologist therapist driver agency employer lawyer roommate admin administrator
    madre padre madres padres apoderado acudiente responsable profesor profesora docente docentes
    pere mere tuteur tutrice professeur enseignant enseignante famille familia familie famiglia
    eltern mutter vater lehrer lehrerin klassenlehrer klassenlehrerin betreuer vormund
    genitore genitori responsabile insegnante encarregado responsavel pai mae professor professora
    ouder ouders voogd leraar foralder foraldrar vardnadshavare larare veli anne baba ogretmen
    rodzic rodzica rodzice opiekun nauczyciel wali huynh magulang guro
"""
_EVENTS: Final = """
    entry entries enter entered entering start starts started starting begin begins began join joins
    old former prior original next last first exit exited left leaver leavers withdrawal withdrawn
    transfer transferred modification update updated updates changed synced imported exported
    printed as expiry expires expire expiration issue issued due visa test exam vaccination
    since signed consent immunization immunisation baptism graduated leaving leave intake valid
    term acad ay doa doe locker
    interview application applied arrival arrived attended attendance seen hire hired
    ingreso inscripcion alta baja eintritt aufnahme anmeldung beginn einschulung zugang
    entree arrivee rentree iscrizione ingresso iscritto admissao inschrijving aanmelding instroom
    inskrivning antagning kayit nhap masuk daftar pendaftaran przyjecia rekrutacji zapisu
"""
_PLACES: Final = "zip postal postleitzahl home work office phone fax"
_SIGN_IN: Final = (
    "login logon signin signon recovery backup alternate secondary other alternative password"
)

# Words of a heading that tell what kind of value it has, and the words beside which it is still the
# student's. With any other word, such as "Nanny email" or "Tour date", the values decide nothing.
KIND_WORDS: Final = {
    "email": frozenset(
        ("email", "emails", "mail", "mails", "correo", "courriel", "correio", "posta")
    ),
    "birth_date": frozenset(
        (
            *("date", "dates", "datum", "fecha", "data", "dato", "дата", "tarih", "tarihi"),
            *("tanggal", "ngay", "day", "dag"),
        )
    ),
}
_PLAIN: Final = """
    e student students pupil pupils learner child alumno alumna eleve schuler alunno aluno
    email mail address addresses adresse address1 addr id school google gmail microsoft ms o outlook
    new primary main official preferred institutional account user electronico electronique
    elektronische elettronica eletronico direccion indirizzo endereco of the a or and required
    optional field de del la el le di da do in name sis current column
    date dates datum fecha data birth geburt naissance nacimiento nascita nascimento
"""
PLAIN_WORDS: Final = frozenset(_PLAIN.split())
# What a compound such as Aufnahmedatum ends with. Birthdate and 出生日期 are known headings.
DATE_ENDINGS: Final = ("datum", "date", "dato", "日期", "日", "일", "날짜")
# Beside "graduation" these name another school than this one.
OTHER_SCHOOLS: Final = frozenset(
    (
        *("middle", "college", "university", "elementary", "primary", "preschool"),
        *("kindergarten", "lower", "alumni", "8"),
    )
)

# As words of their own. "first name" and "last name" are taken out before.
CONTRARY_WORDS: Final = frozenset(f"{_PEOPLE} {_EVENTS} {_PLACES} {_SIGN_IN}".split())

# Anywhere, as in "guardianemail". Each is long enough not to be inside of other words.
CONTRARY_STEMS: Final = (
    *("parent", "guardian", "mother", "father", "emergency", "contact", "teacher", "counsel"),
    *("advisor", "adviser", "previous", "enrol", "admission", "admit", "joined", "modified"),
    *("created", "creation", "passport", "postcode", "lastupdate", "lastlogin", "lastsign"),
    *("registration", "registered", "yearentered", "startdate", "entrydate", "exitdate"),
    *("aufnahme", "einschulung", "anmelde", "inscri", "iscriz", "inschrijv", "inskriv"),
    *("eintritt", "emergencia", "contacto", "matricula", "creacion", "modificacion"),
    *("家长", "父", "母", "监护", "联系人", "紧急", "老师", "教师", "班主任", "辅导员"),
    *("入学", "入校", "注册", "登记", "创建", "修改", "更新", "护照", "邮编", "邮政编码", "登录"),
    *("родител", "матери", "отца", "опекун", "учител", "зачислен", "поступлен", "регистрац"),
    *("保護者", "先生", "担任", "入園", "転入", "登録"),
    *(
        "학부모",
        "부모",
        "보호자",
        "교사",
        "선생",
        "담임",
        "입학",
        "등록",
        "전입",
        "어머니",
        "아버지",
    ),
    *("ผู้ปกครอง", "บิดา", "มารดา", "ครู", "ولي", "الأب", "الأم", "معلم", "تسجيل", "التحاق"),
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
