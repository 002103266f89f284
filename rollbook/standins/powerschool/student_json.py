"""One student as `/ws/v1` sends it: base keys, 14 expansions and the extensions.

The quirks are those of captured answers; the letters in brackets are explained in `__init__.py`.
"""

from collections.abc import Callable
from typing import Any

from rollbook.standins.people import FIRST_DCID, GRADUATED, Student, household
from rollbook.standins.powerschool.answers import as_number, lone, without_absent
from rollbook.standins.powerschool.district import District

STATUS = {
    -1: ("P", "Pre-registered"),
    0: ("A", "Active"),
    1: ("I", "Inactive"),
    2: ("T", "Transferred Out"),
    3: ("G", "Graduated"),
    4: ("H", "Imported as Historical"),
}
GONE = object()
"""Marks an expansion that is left out when empty: contact and contact_info (SM, captured)."""
_RACES = (
    ("AS", "Asian"),
    ("BL", "Black or African American"),
    ("HI", "Pacific Islander"),
    ("IN", "American Indian"),
    ("WH", "White"),
)


def _demographics(who: Student, district: District) -> Any:
    """Return the demographics; an unset graduation year is 0, not absent (SM, captured)."""
    day, _ = _entered(who)
    shown = without_absent(
        {"gender": who.gender, "birth_date": who.birth_date, "district_entry_date": day}
    )
    return {**shown, "projected_graduation_year": district.homes.year_in("sched", who)}


def _addresses(who: Student, district: District) -> Any:
    """Return the addresses; a partly filled one has an empty street (SM, captured)."""
    home = household(who)
    place = {
        "city": home["city"],
        "state_province": home["state_province"],
        "postal_code": as_number(home["postal_code"]),
    }
    if who.number % 50 == 7:
        return ""
    mailing_street = "" if who.number % 3 == 0 else f"Box {who.number}"
    return {
        "physical": {"street": home["street"], **place},
        "mailing": {"street": mailing_street, **place},
    }


def _alerts(who: Student, district: District) -> Any:
    if who.dice[3] % 12:
        return ""
    return {"medical": {"description": "Made-up allergy", "expires_date": "2027-06-30"}}


def _phones(who: Student, district: District) -> Any:
    return "" if who.dice[7] % 20 == 0 else {"main": {"number": as_number(household(who)["phone"])}}


def _school_enrollment(who: Student, district: District) -> Any:
    letter, description = STATUS.get(who.enroll_status, ("I", "Inactive"))
    school = district.school_by_number.get(who.school_number)
    return without_absent(
        {
            "enroll_status": letter,
            "enroll_status_description": description,
            "enroll_status_code": who.enroll_status,
            "grade_level": who.grade_level,
            "entry_date": who.entry_date,
            "exit_date": who.exit_date,
            "school_number": who.school_number,
            "school_id": school.dcid if school else None,
            "entry_code": 100 if who.dice[4] % 4 else "NONE",
            "entry_comment": "Promote Same School",
            "exit_code": "G1" if who.enroll_status == GRADUATED else "",
            "district_of_residence": 100,
            "track": "A" if who.number % 2 else "",
            "full_time_equivalency": {"fteid": 101, "name": "Full Time"},
        }
    )


def _ethnicity_race(who: Student, district: District) -> Any:
    chosen = [_RACES[who.dice[2] % 5]] + (
        [_RACES[who.dice[2] % 4]] if who.dice[1] % 10 == 0 else []
    )
    races = [
        {
            "district_race_code": code,
            "district_race_code_description": name,
            "federal_race_code_category": name,
        }
        for code, name in dict.fromkeys(chosen)
    ]
    code = chosen[0][0][:1]
    shown = lone(races, district.single_object)
    return {"scheduling_reporting_ethnicity": code, "federal_ethnicity": "NO", "races": shown}


def _contact(who: Student, district: District) -> Any:
    if who.number % 25 == 3:
        return GONE
    home = household(who)
    return {
        "guardian_email": home["guardian_email"],
        "mother": home["mother"],
        "father": home["father"],
        "emergency_contact_name1": home["mother"],
        "emergency_phone1": as_number(home["phone"]),
    }


def _contact_info(who: Student, district: District) -> Any:
    """Return the e-mail; without one "" (EP, captured) or nothing at all (SM, captured)."""
    if email := district.homes.email_in("contact_info", who):
        return {"email": email}
    return GONE if who.number % 2 else ""


def _initial_enrollment(who: Student, district: District) -> Any:
    day, grade = _entered(who)
    return {
        "district_entry_date": day,
        "district_entry_grade_level": grade,
        "school_entry_date": who.entry_date,
        "school_entry_grade_level": min(who.grade_level, 12),
    }


def _entered(who: Student) -> tuple[str, int]:
    """Return the day and grade in which the student came to the district."""
    grade = min(who.grade_level, 12)
    years = min(who.number % 6, grade + 1)
    return f"{2026 - years}-09-04", grade - years


def _schedule_setup(who: Student, district: District) -> Any:
    """Return the schedule setup; `next_school` 999999 means graduated (LAS, dictionary)."""
    last_grade = who.grade_level >= 12
    return without_absent(
        {
            "home_room": who.home_room,
            "next_school": 999999 if last_grade else who.school_number,
            "sched_next_year_grade": 99 if last_grade else who.grade_level + 1,
        }
    )


def _fees(who: Student, district: District) -> Any:
    return ""


def _lunch(who: Student, district: District) -> Any:
    """Return the lunch balances; decimals are sent as text (SM, captured)."""
    return {
        **{f"balance_{at}": "0.00" for at in (1, 2, 3, 4)},
        "lunch_id": who.number if who.number % 2 else 0,
    }


def _counselors(who: Student, district: District) -> Any:
    person = district.staff[who.dice[5] % len(district.staff)]
    one = {
        "id": person.dcid,
        "userDcid": person.dcid,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "isPrimary": True,
    }
    return {"counselor": [one]} if who.number % 3 else ""


def _global_id(who: Student, district: District) -> Any:
    first, second, third = who.dice[:3]
    return f"{first:08x}-{second >> 16:04x}-4000-8000-{third:08x}{who.number % 65536:04x}"


Expansion = Callable[[Student, District], Any]
EXPANSIONS: dict[str, Expansion] = {
    "demographics": _demographics,
    "addresses": _addresses,
    "alerts": _alerts,
    "phones": _phones,
    "school_enrollment": _school_enrollment,
    "ethnicity_race": _ethnicity_race,
    "contact": _contact,
    "contact_info": _contact_info,
    "initial_enrollment": _initial_enrollment,
    "schedule_setup": _schedule_setup,
    "fees": _fees,
    "lunch": _lunch,
    "counselors": _counselors,
    "global_id": _global_id,
}


def core_fields(who: Student, district: District) -> dict[str, str]:
    """Return StudentCoreFields: the legal first name where it differs from the everyday one."""
    year = who.graduation_year if district.homes.year == "core" else 0
    return without_absent(
        {
            "pscore_legal_first_name": who.legal_first_name,
            "graduation_year": str(year) if year else "",
        }
    )


def own_fields(who: Student, district: District) -> dict[str, str]:
    """Return the district's custom table; numbers in it are sent as text (LAS)."""
    email = district.homes.email_in("extension", who)
    return without_absent({"student_email": email, "locker_number": str(1000 + who.number % 900)})


def locator_fields(who: Student, district: District) -> dict[str, str]:
    """Return the locator table: a room for every fifth student, else nothing."""
    return {"room": f"R{who.number % 40}"} if who.number % 5 == 0 else {}


EXTENSIONS: dict[str, Callable[[Student, District], dict[str, str]]] = {
    "c_studentlocator": locator_fields,
    "u_students_extension": own_fields,
    "studentcorefields": core_fields,
}
AVAILABLE = {"@expansions": ", ".join(EXPANSIONS), "@extensions": ",".join(EXTENSIONS)}
"""Sent with every answer. Comma and space in one, only a comma in the other (all captures)."""


def student_json(
    who: Student, expansions: tuple[str, ...], extensions: tuple[str, ...], district: District
) -> Any:
    """Return one student. Without expansions there are only the base keys (LAS, captured)."""
    name = without_absent(
        {"first_name": who.first_name, "middle_name": who.middle_name, "last_name": who.last_name}
    )
    answer: dict[str, Any] = {}
    if extensions:
        data = [_extension(who, table, district) for table in extensions]
        answer["_extension_data"] = {"_table_extension": lone(data, district.single_object)}
    answer |= without_absent(
        {
            "id": who.dcid,
            "local_id": as_number(who.local_id),
            "state_province_id": as_number(who.state_id),
            "student_username": as_number(district.homes.username(who)),
        }
    )
    answer["name"] = {key: as_number(value) for key, value in name.items()}
    for expansion in expansions:
        value = EXPANSIONS[expansion](who, district)
        if value is not GONE:
            answer[expansion] = value
    for part in (answer, *answer.values()) if who.missing else ():
        if isinstance(part, dict):
            for key in who.missing:
                part.pop(key, None)
    return answer


def _extension(who: Student, table: str, district: District) -> dict[str, Any]:
    """Return one extension. Numbers are sent as text (LAS) or as numbers (EP, captured 1858)."""
    fields = EXTENSIONS[table](who, district)
    if not fields:
        # Some servers send the fields although no record was found (EP, captured).
        empty: list[dict[str, Any]] = [{"name": "room", "type": "String", "value": ""}]
        shown = {"_field": empty} if who.number % 2 else {}
        return {"recordFound": False, **shown, "name": table}
    entries = [
        {"name": name, "type": "String", "value": as_number(value) if who.number % 2 else value}
        for name, value in fields.items()
    ]
    return {"recordFound": True, "_field": entries, "name": table}


def chosen(asked: str, known: dict[str, Any]) -> tuple[str, ...]:
    """Return the names asked for that exist, in the order of `known`.

    Others are ignored (HID for extensions; our choice for expansions).
    """
    names = {name.strip().lower() for name in asked.split(",")}
    return tuple(name for name in known if name in names)


def number_of(dcid: str) -> int:
    """Return the number of the student with this DCID of a path, or 0 if the text is no DCID."""
    return int(dcid) - FIRST_DCID + 1 if dcid.isdecimal() and len(dcid) < 12 else 0
