"""`/ws/v1`: wrappers, quirks, paging, access level; keys and types as in published captures."""

from typing import Any

import pytest

from rollbook.standins import powerschool
from tests.standins.client import ACTIVE, EVERYTHING, Client

EXPANSIONS = (
    "demographics, addresses, alerts, phones, school_enrollment, ethnicity_race, contact, "
    "contact_info, initial_enrollment, schedule_setup, fees, lunch, counselors, global_id"
)
NEEDED = {
    "errorMessage": {"message": "Plugin is missing required accessLevelV1Api READ permission"}
}


def _student(client: Client, dcid: int, **query: str) -> Any:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    return client.get(f"/ws/v1/student/{dcid}?{text}").json["student"]


def test_metadata_has_page_sizes_as_numbers_and_the_rest_as_text(school: Client) -> None:
    metadata = school.get("/ws/v1/metadata").json["metadata"]
    sizes = {key for key in metadata if key.endswith("_max_page_size")}
    assert sizes == {
        "course_max_page_size",
        "school_max_page_size",
        "section_max_page_size",
        "staff_max_page_size",
        "section_enrollment_max_page_size",
        "student_max_page_size",
        "term_max_page_size",
        "schema_table_query_max_page_size",
    }
    assert all(metadata[key] == 100 for key in sizes) and metadata["plugin_id"] == 101
    assert "max_page_size" not in metadata
    text = {
        "machine_uptime",
        "powerschool_uptime",
        "powerschool_version",
        "mobile_api_version",
        "state",
        "state_reporting_version",
        "district_timezone",
        "district_uuid",
        "sso_enabled_admin",
        "sso_enabled_guardian",
        "sso_enabled_student",
        "sso_enabled_teacher",
    }
    assert text == metadata.keys() - sizes - {"plugin_id"}
    assert all(isinstance(metadata[key], str) for key in text)


@pytest.mark.parametrize(
    ("path", "wrapper", "item"),
    [
        ("district/school", "schools", "school"),
        ("district/student", "students", "student"),
        ("school/5/student", "students", "student"),
        ("school/5/staff", "staffs", "staff"),
        ("school/5/course", "courses", "course"),
        ("school/5/section", "sections", "section"),
        ("school/5/term", "terms", "term"),
    ],
)
def test_each_list_has_its_wrapper_and_a_count_that_agrees(
    school: Client, path: str, wrapper: str, item: str
) -> None:
    answer = school.get(f"/ws/v1/{path}").json
    assert answer.keys() == {wrapper} and answer[wrapper].keys() == {
        "@expansions",
        "@extensions",
        item,
    }
    count = school.get(f"/ws/v1/{path}/count?expansions=demographics&extensions=x").json
    assert count.keys() == {"resource"} and isinstance(count["resource"]["count"], int)
    assert len(answer[wrapper][item]) == min(100, count["resource"]["count"])


@pytest.mark.parametrize(
    "path",
    [
        "school/5",
        "staff/51",
        "course/31",
        "section/5000",
        "term/50",
        "student/1001",
        "section_enrollment/10",
        "district",
    ],
)
def test_each_single_record_has_a_singular_wrapper(school: Client, path: str) -> None:
    answer = school.get(f"/ws/v1/{path}")
    assert answer.status == 200 and answer.json.keys() == {path.partition("/")[0]}
    if path[-1].isdigit():
        assert answer.json[path.partition("/")[0]]["id"] == int(path.partition("/")[2])


@pytest.mark.parametrize(
    "path",
    [
        "student/5",
        "student/x",
        "school/300",
        "staff/1",
        "course/x",
        "nothing",
        "section/1",
        "district/nothing",
        "school/5/nothing",
        "section_enrollment/9",
    ],
)
def test_what_does_not_exist_is_404_with_a_message(school: Client, path: str) -> None:
    answer = school.get(f"/ws/v1/{path}")
    assert answer.status == 404 and isinstance(answer.json["errorMessage"]["message"], str)


def test_schools_leave_out_the_graduates_and_key_by_dcid(school: Client) -> None:
    schools = school.get("/ws/v1/district/school").json["schools"]["school"]
    assert [(one["id"], one["school_number"]) for one in schools] == [
        (2, 100),
        (3, 110),
        (4, 200),
        (5, 300),
    ]
    assert school.get("/ws/v1/school/9").json["school"]["school_number"] == 999999


def test_without_expansions_a_student_has_only_a_few_keys(school: Client) -> None:
    student = _student(school, 1002)
    assert student.keys() == {
        "@expansions",
        "@extensions",
        "id",
        "local_id",
        "state_province_id",
        "student_username",
        "name",
    }
    assert student["@expansions"] == EXPANSIONS
    assert student["@extensions"] == "c_studentlocator,u_students_extension,studentcorefields"
    listed = school.get("/ws/v1/district/student?pagesize=2").json["students"]
    assert listed["@expansions"] == EXPANSIONS
    assert all("@expansions" not in one for one in listed["student"])


@pytest.fixture(scope="module")
def one(school: Client) -> Any:
    """A student with something in every expansion."""
    for student in school.students(ACTIVE, EVERYTHING):
        if all(student.get(name) for name in ("alerts", "phones", "counselors", "contact")):
            return student
    raise AssertionError("no such student")


def test_every_expansion_is_sent(one: Any) -> None:
    assert set(one) >= set(EVERYTHING.split(","))


def test_expansions_about_the_person_have_the_captured_keys_and_types(one: Any) -> None:
    assert one["demographics"].keys() == {
        "gender",
        "birth_date",
        "district_entry_date",
        "projected_graduation_year",
    }
    assert one["addresses"].keys() == {"physical", "mailing"}
    assert one["addresses"]["physical"].keys() == {
        "street",
        "city",
        "state_province",
        "postal_code",
    }
    assert one["contact"].keys() == {
        "guardian_email",
        "mother",
        "father",
        "emergency_contact_name1",
        "emergency_phone1",
    }
    assert one["contact_info"].keys() == {"email"}
    assert one["ethnicity_race"].keys() == {
        "scheduling_reporting_ethnicity",
        "federal_ethnicity",
        "races",
    }


def test_expansions_about_enrollment_have_the_captured_keys_and_types(one: Any) -> None:
    assert one["school_enrollment"].keys() >= {
        "enroll_status",
        "enroll_status_description",
        "enroll_status_code",
        "grade_level",
        "entry_date",
        "exit_date",
        "school_number",
        "school_id",
        "entry_code",
        "entry_comment",
        "district_of_residence",
        "full_time_equivalency",
    }
    assert one["school_enrollment"]["full_time_equivalency"] == {"fteid": 101, "name": "Full Time"}
    assert one["initial_enrollment"].keys() == {
        "district_entry_date",
        "district_entry_grade_level",
        "school_entry_date",
        "school_entry_grade_level",
    }
    assert one["schedule_setup"].keys() == {"home_room", "next_school", "sched_next_year_grade"}
    assert one["fees"] == "" and one["lunch"]["balance_1"] == "0.00"
    assert isinstance(one["lunch"]["lunch_id"], int)
    assert one["counselors"]["counselor"][0].keys() == {
        "id",
        "userDcid",
        "firstName",
        "lastName",
        "isPrimary",
    }


def test_empty_expansions_are_empty_text_but_contact_vanishes(school: Client) -> None:
    students = school.students("", EVERYTHING)
    assert any(one["alerts"] == "" for one in students) and any(
        one["addresses"] == "" for one in students
    )
    assert any("contact" not in one for one in students)
    assert any("middle_name" not in one["name"] for one in students)
    assert any(one["addresses"] and one["addresses"]["mailing"]["street"] == "" for one in students)


def test_contact_info_vanishes_without_an_email_and_an_unset_graduation_year_is_zero(
    own: Client,
) -> None:
    own.standin.edit(1003, email="", graduation_year=0)
    student = _student(own, 1003, expansions="contact_info,demographics")
    assert (
        "contact_info" not in student and student["demographics"]["projected_graduation_year"] == 0
    )


def test_text_that_looks_like_a_number_comes_as_one(own: Client) -> None:
    own.standin.edit(1003, local_id="00123", username="20418", last_name="1984")
    student = _student(own, 1003, expansions=EVERYTHING)
    assert student["local_id"] == "00123"  # our choice: the sources leave leading zeros open
    assert student["student_username"] == 20418 and student["name"]["last_name"] == 1984
    assert isinstance(student["state_province_id"], int) and isinstance(
        student["demographics"]["birth_date"], str
    )
    codes = {
        type(one["addresses"]["physical"]["postal_code"])
        for one in own.students("", "addresses")
        if one["addresses"]
    }
    assert codes == {int, str}


def test_one_race_is_an_object_and_two_are_a_list(school: Client) -> None:
    races = [one["ethnicity_race"]["races"] for one in school.students("", "ethnicity_race")]
    assert {type(one) for one in races} == {dict, list}


def test_one_student_is_an_object_and_none_is_no_key(school: Client) -> None:
    one = school.get("/ws/v1/district/student?q=local_id==20007").json["students"]
    assert one["student"]["local_id"] == 20007
    none = school.get("/ws/v1/district/student?q=local_id==1").json["students"]
    assert none.keys() == {"@expansions", "@extensions"}


def test_the_single_object_quirk_can_be_switched_off() -> None:
    with powerschool.serve(students=20, single_object=False) as standin:
        one = (
            Client(standin)
            .get("/ws/v1/district/student?q=local_id==20007&expansions=ethnicity_race")
            .json
        )
    assert isinstance(one["students"]["student"], list)
    assert isinstance(one["students"]["student"][0]["ethnicity_race"]["races"], list)


def test_extensions_come_as_named_fields_with_text_values(school: Client) -> None:
    one = _student(school, 1002, extensions="u_students_extension,nonsense")["_extension_data"][
        "_table_extension"
    ]
    assert one["recordFound"] is True and one["name"] == "u_students_extension"
    assert one["_field"][1] == {"name": "locker_number", "type": "String", "value": "1002"}
    several = _student(
        school, 1002, extensions="u_students_extension,studentcorefields,c_studentlocator"
    )
    assert isinstance(several["_extension_data"]["_table_extension"], list)
    assert any(
        table["recordFound"] is False for table in several["_extension_data"]["_table_extension"]
    )
    assert "_extension_data" not in _student(
        school, 1002, extensions="nonsense", expansions="student_username"
    )


def test_pages_are_numbered_from_one_and_together_hold_everybody_once(school: Client) -> None:
    ids = [one["id"] for one in school.students(size=30)]
    assert len(ids) == len(set(ids)) == 250
    assert set(ids) == {one.dcid for one in school.standin.roster()}
    first = school.get("/ws/v1/district/student?pagesize=30").body
    assert first == school.get("/ws/v1/district/student?pagesize=30&page=1").body
    assert first == school.get("/ws/v1/district/student?pagesize=30&page=0").body


def test_a_page_past_the_end_is_empty_and_too_large_a_page_is_capped(school: Client) -> None:
    assert "student" not in school.get("/ws/v1/district/student?page=99").json["students"]
    assert (
        len(school.get("/ws/v1/district/student?pagesize=5000").json["students"]["student"]) == 100
    )
    assert len(school.get("/ws/v1/district/student").json["students"]["student"]) == 100
    assert school.get("/ws/v1/district/student?pagesize=many").status == 400


def test_a_schools_students_are_the_active_ones_unless_asked_otherwise(school: Client) -> None:
    high = {
        one.dcid: one.enroll_status for one in school.standin.roster() if one.school_number == 300
    }
    usual = school.get("/ws/v1/school/5/student?expansions=school_enrollment").json["students"][
        "student"
    ]
    assert {one["id"] for one in usual} == {dcid for dcid, status in high.items() if status == 0}
    assert {one["school_enrollment"]["school_id"] for one in usual} == {5}
    always_true = "school_enrollment.enroll_status_code=gt=-2147483648"
    count = school.get(f"/ws/v1/school/5/student/count?q={always_true}").json["resource"]["count"]
    assert count == len(high) > len(usual)


def test_graduates_are_at_school_999999_in_grade_99(school: Client) -> None:
    graduates = school.students("school_enrollment.enroll_status==(G)", "school_enrollment")
    assert graduates
    for one in graduates:
        enrollment = one["school_enrollment"]
        assert (enrollment["grade_level"], enrollment["school_number"]) == (99, 999999)
        assert enrollment["enroll_status_description"] == "Graduated"


@pytest.mark.parametrize(
    "path", ["district", "district/student", "student/1001", "school/5/term", "nothing"]
)
def test_without_the_access_level_all_of_v1_is_closed_but_metadata_and_tables_are_not(
    path: str,
) -> None:
    with powerschool.serve(students=20, access_level="NONE") as standin:
        client = Client(standin)
        answer = client.get(f"/ws/v1/{path}")
        assert (answer.status, answer.json, answer.headers["WWW-Authenticate"]) == (
            401,
            NEEDED,
            None,
        )
        assert client.get("/ws/v1/metadata").status == 200
        assert client.get("/ws/schema/table/students/count").json == {"count": 20}


def test_grants_do_not_apply_to_v1() -> None:
    with powerschool.serve(students=20, grants="none") as standin:
        assert len(Client(standin).students(expansions="demographics")) == 20


def test_writing_students_is_refused(school: Client) -> None:
    assert school.post("/ws/v1/student", {"students": {}}).status == 405


def test_the_truth_and_the_answers_agree(school: Client) -> None:
    answers = {
        one["id"]: one for one in school.students("", "demographics,school_enrollment,contact_info")
    }
    for one in school.standin.roster():
        student = answers[one.dcid]
        assert student["name"]["last_name"] == one.last_name
        assert student.get("contact_info", {}).get("email", "") == one.email
        assert student["demographics"]["birth_date"] == one.birth_date
        assert student["demographics"]["projected_graduation_year"] == one.graduation_year
        assert student["school_enrollment"]["grade_level"] == one.grade_level
        assert student["school_enrollment"]["enroll_status_code"] == one.enroll_status
