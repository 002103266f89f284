"""`/ws/schema/table`: shapes, and errors word for word as measured on a live server."""

from collections.abc import Iterator

import pytest

from rollbook.standins import powerschool
from tests.standins.client import Client

TABLE = "/ws/schema/table"
CLOSED = {"message": "GET, POST and PUT are not allowed on table"}
EXTENSIONS = "c_studentlocator,u_students_extension,studentcorefields"
TABLES = [
    "students",
    "schools",
    "users",
    "sections",
    "cc",
    "courses",
    "terms",
    "person",
    "personemailaddressassoc",
    "emailaddress",
    "gen",
    "log",
    "studentcorefields",
    "u_students_extension",
]


@pytest.fixture(scope="module")
def limited() -> Iterator[Client]:
    """A plugin that was granted little."""
    grants = "students.dcid,students.first_name,students.entrydate,log.dcid,log.logtypeid"
    with powerschool.serve(students=100, grants=grants) as standin:
        yield Client(standin)


def test_a_record_has_a_numeric_id_and_text_columns_in_lower_case(school: Client) -> None:
    answer = school.get(
        f"{TABLE}/Students?projection=DCID,Id,Last_Name,dob,Grade_Level&pagesize=3"
    ).json
    assert answer.keys() == {"name", "record", "@extensions"} and answer["name"] == "Students"
    assert answer["@extensions"] == EXTENSIONS and len(answer["record"]) == 3
    record = answer["record"][0]
    assert (
        record["id"] == 1001
        and record["name"] == "Students"
        and record["tables"].keys() == {"students"}
    )
    columns = record["tables"]["students"]
    assert (
        columns.keys() == {"dcid", "id", "last_name", "dob", "grade_level"}
        and columns["dcid"] == "1001"
    )
    assert columns["id"] != columns["dcid"] and all(
        isinstance(value, str) for value in columns.values()
    )


@pytest.mark.parametrize("table", TABLES)
def test_every_table_lists_counts_and_gives_single_records(school: Client, table: str) -> None:
    count = school.get(f"{TABLE}/{table}/count").json
    assert count.keys() == {"count"} and count["count"] > 0
    answer = school.get(f"{TABLE}/{table}?projection=*&pagesize=100").json
    assert len(answer["record"]) == min(100, count["count"])
    first = answer["record"][0]
    assert school.get(f"{TABLE}/{table}/{first['id']}?projection=*").json == first
    metadata = school.get(f"{TABLE}/{table}/metadata?expansions=access").json
    known = {column["name"].lower() for column in metadata["columns"]}
    assert set(first["tables"][table]) <= known and metadata["primaryKey"].lower() in known


def test_the_join_from_student_to_email_works(school: Client) -> None:
    person = school.get(f"{TABLE}/students/1005?projection=person_id").json["tables"]["students"][
        "person_id"
    ]
    link = school.get(
        f"{TABLE}/personemailaddressassoc?projection=*&q=personid=={person};isprimaryemailaddress==1"
    ).json
    address = link["record"][0]["tables"]["personemailaddressassoc"]["emailaddressid"]
    email = school.get(
        f"{TABLE}/emailaddress?projection=emailaddress&q=emailaddressid=={address}"
    ).json
    truth = next(one.email for one in school.standin.roster() if one.dcid == 1005)
    assert [one["tables"]["emailaddress"]["emailaddress"] for one in email["record"]] == [truth]


def test_q_sort_and_paging(school: Client) -> None:
    q = "enroll_status==0;schoolid==300;last_name==*e*"
    target = f"{TABLE}/students?projection=dcid,last_name&q={q}&sort=Last_Name"
    expected = sorted(
        (one.last_name, one.dcid)
        for one in school.standin.roster()
        if one.enroll_status == 0 and one.school_number == 300 and "e" in one.last_name
    )
    assert school.get(f"{TABLE}/students/count?q={q}").json == {"count": len(expected)}
    names: list[str] = []
    for page in (1, 2, 3, 4, 5, 6, 7, 8):
        records = school.get(f"{target}&pagesize=5&page={page}").json.get("record", [])
        names += [record["tables"]["students"]["last_name"] for record in records]
    assert names == [name for name, _ in expected]
    last_first = school.get(f"{target}&sortdescending=true&pagesize=1").json["record"]
    assert last_first[0]["tables"]["students"]["last_name"] == expected[-1][0]
    assert len(school.get(f"{TABLE}/students?projection=dcid&pagesize=9999").json["record"]) == 100


def test_numbers_sort_as_numbers_and_a_single_record_stays_a_list(school: Client) -> None:
    grades = [
        int(record["tables"]["students"]["grade_level"])
        for record in school.get(f"{TABLE}/students?projection=grade_level&sort=grade_level").json[
            "record"
        ]
    ]
    assert grades == sorted(grades) and grades[0] == -1
    assert isinstance(
        school.get(f"{TABLE}/students?projection=dcid&q=dcid==1001").json["record"], list
    )
    assert school.get(f"{TABLE}/students?projection=dcid&q=dcid==1").json["record"] == []


def test_null_columns_are_empty_text(own: Client) -> None:
    own.standin.edit(1003, middle_name="")
    record = own.get(f"{TABLE}/students/1003?projection=middle_name,last_name").json
    assert record["tables"]["students"]["middle_name"] == ""


@pytest.mark.parametrize(
    ("target", "status", "document"),
    [
        ("nothing?projection=dcid", 404, {"message": "Resource not found"}),
        ("nothing/count", 404, {"message": "Resource not found"}),
        ("teachers?projection=dcid", 405, CLOSED),
        ("teachers/count", 405, CLOSED),
        (
            "students?projection=dcid,X",
            400,
            {"message": "Invalid field specified: X is not valid column for table: Students"},
        ),
        ("students?projection=dcid&q=X==1", 400, {"message": "Invalid field X"}),
        (
            "schools/count?q=transaction_date=ge=2026-01-01",
            400,
            {"message": "Invalid field transaction_date"},
        ),
        (
            "log/count?q=logtypeid==x",
            400,
            {"message": "Invalid number 'x' passed for comparison to number field LogTypeID"},
        ),
        (
            "log/count?q=entry==x",
            400,
            {"message": "Querying not supported against clob or blob field types"},
        ),
    ],
)
def test_errors_are_worded_as_measured(
    school: Client, target: str, status: int, document: object
) -> None:
    answer = school.get(f"{TABLE}/{target}")
    assert (answer.status, answer.json) == (status, document)


@pytest.mark.parametrize(
    "target",
    [
        "students",
        "students?pagesize=5",
        "students?projection=dcid&sort=nothing",
        "students?projection=dcid&page=x",
    ],
)
def test_a_request_without_projection_or_with_nonsense_is_400(school: Client, target: str) -> None:
    answer = school.get(f"{TABLE}/{target}")
    assert answer.status == 400 and isinstance(answer.json["message"], str)


def _no_access(field: str, resource: str) -> dict[str, object]:
    return {
        "message": "At least one column lacks sufficient permission",
        "errors": [{"code": "NoAccess", "field": field, "resource": resource}],
    }


def test_a_column_that_is_not_granted_is_403_and_named(limited: Client) -> None:
    answer = limited.get(f"{TABLE}/log?projection=dcid,SchoolID")
    assert (answer.status, answer.json) == (403, _no_access("SchoolID", "Log"))
    echoed = limited.get(f"{TABLE}/log?projection=dcid,schoolid")
    assert echoed.json == _no_access("schoolid", "Log")  # projections echo the request's case
    answer = limited.get(f"{TABLE}/log/count?q=schoolid==300")
    assert (answer.status, answer.json) == (
        403,
        _no_access("SchoolID", "Log"),
    )  # q has the canonical case
    assert limited.get(f"{TABLE}/cc/count").status == 200  # unfiltered counts need no grant at all
    assert limited.get(f"{TABLE}/students/1001?projection=last_name").status == 403


def test_a_column_is_checked_before_its_type_and_its_type_before_permission(
    limited: Client,
) -> None:
    assert limited.get(f"{TABLE}/log?projection=SchoolID,Nothing").status == 400
    assert limited.get(f"{TABLE}/log?projection=SchoolID&q=nothing==1").status == 400
    assert limited.get(f"{TABLE}/log/count?q=schoolid==x").status == 400
    assert limited.get(f"{TABLE}/log/count?q=schoolid==1").status == 403
    assert limited.get(f"{TABLE}/nothing?projection=x").status == 404


def test_a_star_shows_what_is_granted_and_metadata_says_what_is_not(limited: Client) -> None:
    record = limited.get(f"{TABLE}/students?projection=*&pagesize=1").json["record"][0]
    assert record["tables"]["students"].keys() == {"dcid", "first_name", "entrydate"}
    same = limited.get(f"{TABLE}/students?projection=students.*&pagesize=1").json["record"][0]
    assert same == record
    columns = limited.get(f"{TABLE}/students/metadata?expansions=access").json["columns"]
    assert {column["name"] for column in columns if column["access"] == "ViewOnly"} == {
        "DCID",
        "First_Name",
        "EntryDate",
    }
    assert {column["access"] for column in columns} == {"ViewOnly", "NoAccess", "BlackListNoAccess"}


def test_a_blacklisted_column_is_closed_whatever_is_granted(school: Client) -> None:
    assert school.get(f"{TABLE}/students?projection=dcid,ssn").json == _no_access("ssn", "Students")
    columns = school.get(f"{TABLE}/students/metadata?expansions=access").json["columns"]
    assert [column["name"] for column in columns if column["access"] != "ViewOnly"] == ["SSN"]


def test_one_column_can_be_denied() -> None:
    with powerschool.serve(students=40, grants="all,-students.dob") as standin:
        client = Client(standin)
        assert client.get(f"{TABLE}/students?projection=dob").json == _no_access("dob", "Students")
        assert client.get(f"{TABLE}/students?projection=last_name").status == 200


def test_writes_to_extension_rows_name_the_other_verb(school: Client) -> None:
    put = school.send("PUT", f"{TABLE}/studentcorefields/1", school.headers(), b"{}")
    assert put.status == 404 and "POST" in put.json["message"]
    post = school.post(f"{TABLE}/u_students_extension/1001", {})
    assert post.status == 404 and "PUT" in post.json["message"]
    assert school.post(f"{TABLE}/students", {}).status == 405


def test_not_equal_is_understood(school: Client) -> None:
    everybody = school.get(f"{TABLE}/students/count").json["count"]
    some = school.get(f"{TABLE}/students/count?q=enroll_status==0").json["count"]
    others = school.get(f"{TABLE}/students/count?q=enroll_status!=0").json["count"]
    assert others and some + others == everybody
