"""PowerQueries: forms, paging, order, `$q`, projection, counts, arguments, errors and changes."""

from collections.abc import Iterator

import pytest

from rollbook.standins import powerschool
from tests.standins.client import Client

LIST, GROUPED = "org.rollbook.students.roster.list", "org.rollbook.students.roster.grouped"
NO_CORE, GROUPED_NO_CORE = "org.rollbook.students.email.list", "org.rollbook.students.name.grouped"
BY_SCHOOL = "org.rollbook.students.school.list"


@pytest.fixture(scope="module")
def flawed() -> Iterator[Client]:
    """With a few students without an e-mail."""
    with powerschool.serve(students=400, seed=7) as standin:
        yield Client(standin)


def test_a_flattened_row_has_text_columns_and_a_numeric_id(school: Client) -> None:
    answer = school.query(LIST, pagesize=1).json
    assert answer.keys() == {"name", "record", "@extensions"} and answer["name"] == "Students"
    [row] = answer["record"]
    assert row["_name"] == answer["name"] and row["_id"] == 1001 and row["dcid"] == "1001"
    truth = school.standin.roster()[0]
    assert (row["last_name"], row["email"], row["dob"]) == (
        truth.last_name,
        truth.email,
        truth.birth_date,
    )
    assert row["sched_yearofgraduation"] == str(truth.graduation_year)
    assert all(isinstance(value, str) for key, value in row.items() if key != "_id")


def test_without_a_core_table_rows_are_only_columns(school: Client) -> None:
    answer = school.query(NO_CORE, pagesize=2).json
    assert answer.keys() == {"record", "@extensions"}
    assert answer["record"][0].keys() == {"dcid", "email"}


def test_a_grouped_row_is_a_table_record(school: Client) -> None:
    [row] = school.query(GROUPED, pagesize=1).json["record"]
    assert row.keys() == {"id", "name", "tables"} and row["id"] == 1001
    assert row["tables"].keys() == {"students", "emailaddress"}
    assert row["tables"]["emailaddress"].keys() == {"emailaddress"}
    assert school.query(GROUPED_NO_CORE, pagesize=1).json["record"][0].keys() == {"tables"}


def test_null_columns_are_left_out_row_by_row(flawed: Client) -> None:
    rows = flawed.query(LIST, pagesize=0).json["record"]
    without = {row["_id"] for row in rows if "email" not in row}
    assert without == {one.dcid for one in flawed.standin.roster() if not one.email} != set()


def test_pages_are_a_hundred_rows_unless_asked_and_zero_is_everything(flawed: Client) -> None:
    assert len(flawed.query(LIST).json["record"]) == 100
    assert len(flawed.query(LIST, pagesize=0).json["record"]) == 400
    assert len(flawed.query(LIST, pagesize=300).json["record"]) == 300  # no maximum
    ids = [
        row["_id"]
        for page in range(1, 59)
        for row in flawed.query(LIST, pagesize=7, page=page).json["record"]
    ]
    assert len(ids) == len(set(ids)) == 400
    assert flawed.query(LIST, pagesize=7, page=59).json == {"@extensions": ""}


def test_nothing_found_has_no_record_key(school: Client) -> None:
    assert school.query(LIST, {"$q": "students.dcid==1"}).json == {"@extensions": ""}


def test_counts(school: Client) -> None:
    assert school.post(f"/ws/schema/query/{LIST}/count", {}).json == {"count": 250}
    answer = school.query(LIST, {"$q": "students.enroll_status==0"}, count="true", pagesize=1).json
    active = sum(one.enroll_status == 0 for one in school.standin.roster())
    assert answer["count"] == active and len(answer["record"]) == 1
    in_query = school.post(f"/ws/schema/query/{LIST}/count?$q=enroll_status==0", {}).json
    assert in_query == {"count": active}


def test_order_and_projection(school: Client) -> None:
    order = "students.grade_level;desc,students.last_name"
    rows = school.query(
        LIST, {"projection": "students.grade_level;students.last_name"}, order=order, pagesize=0
    ).json["record"]
    assert rows[0].keys() == {"_name", "grade_level", "last_name"}  # no _id without the key
    keys = [(-int(row["grade_level"]), row["last_name"]) for row in rows]
    assert keys == sorted(keys)


def test_arguments_one_or_several(school: Client) -> None:
    for argument in (300, [300], "300"):
        rows = school.query(BY_SCHOOL, {"school_number": argument}, pagesize=0).json["record"]
        assert {row["schoolid"] for row in rows} == {"300"}
    rows = school.query(BY_SCHOOL, {"school_number": [300, 200]}, pagesize=0).json["record"]
    assert {row["schoolid"] for row in rows} == {"300", "200"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"school_number": "x"},
        {"school_number": []},
        {"school_number": None},
        {"school_number": "--3"},
    ],
)
def test_a_missing_or_invalid_argument_is_400(school: Client, body: object) -> None:
    answer = school.query(BY_SCHOOL, body)
    assert answer.status == 400 and answer.json["message"] == "Validation Failed"
    assert answer.json["errors"][0]["field"] == "school_number"


def test_an_unknown_query_is_404_with_its_name(school: Client) -> None:
    answer = school.query("com.example.not.installed.here")
    assert (answer.status, answer.json) == (
        404,
        {"message": "Query com.example.not.installed.here not found"},
    )


@pytest.mark.parametrize(
    "body",
    [
        {"$q": "students.dcid==(1,2)"},
        {"$q": "nothing==1"},
        {"$q": "students.last_name==A,students.last_name==B"},
        {"$q": "students.dcid==x"},
        {"projection": "students.nothing"},
        {"$dataversion": "1"},
    ],
)
def test_what_cannot_be_read_is_400_with_a_message(school: Client, body: object) -> None:
    answer = school.query(LIST, body)
    assert answer.status == 400 and isinstance(answer.json["message"], str)


def test_bodies_that_are_not_a_json_object_are_refused(school: Client) -> None:
    target, headers = (
        f"/ws/schema/query/{LIST}",
        school.headers(**{"Content-Type": "application/json"}),
    )
    assert school.send("POST", target, headers, b"{").status == 400
    assert school.send("POST", target, headers, b"[]").status == 400
    assert school.send("POST", target, headers, b"").status == 200
    assert school.send("POST", target, school.headers(), b"{}").status == 415
    assert school.get(target).status == 405


def test_a_column_that_is_not_granted_closes_the_query_and_is_named() -> None:
    with powerschool.serve(students=20, grants="all,-emailaddress.emailaddress") as standin:
        client = Client(standin)
        answer = client.query(LIST)
        assert answer.status == 403 and answer.json == {
            "message": "Validation Failed",
            "errors": [
                {
                    "resource": LIST,
                    "field": "emailaddress.emailaddress",
                    "code": "No access to the field",
                }
            ],
        }
        assert client.query(GROUPED_NO_CORE).status == 200


def test_queries_and_tables_are_listed(school: Client) -> None:
    assert LIST in {query["name"] for query in school.get("/ws/schema/query/api").json["queries"]}
    assert "Students" in {table["name"] for table in school.get("/ws/schema/table").json["tables"]}
    assert school.get("/ws/schema/area").status == 200


def test_only_what_changed_since_a_data_version(own: Client) -> None:
    body = {"$dataversion": "16323283", "$dataversion_applicationname": "rollbook"}
    now = own.query(LIST, body).json["$dataversion"]
    assert isinstance(now, str)
    own.standin.edit(1007, last_name="Changed")
    answer = own.query(LIST, body | {"$dataversion": now}).json
    assert [row["_id"] for row in answer["record"]] == [1007] and int(
        answer["$dataversion"]
    ) == int(now) + 1
    changes = own.get(f"/ws/dataversion/rollbook/{now}").json
    assert changes == {"$dataversion": answer["$dataversion"], "tables": {"students": [1007]}}
    assert own.get("/ws/dataversion/rollbook/x").status == 400


def test_transaction_date_finds_last_weeks_changes(own: Client) -> None:
    target = "/ws/schema/table/students/count?q=transaction_date=ge=2026-09-10"
    assert own.get(target).json == {"count": 0}
    own.standin.week = 2
    assert 0 < own.get(target).json["count"] < 30


def test_event_subscriptions_are_kept(own: Client) -> None:
    target, headers = (
        "/ws/v1/event_subscription",
        own.headers(**{"Content-Type": "application/json"}),
    )
    body = (
        b'{"event_subscriptions":{"key":"k","callback_url":"https://rollbook.example/hook","event_subscription":'
        b'[{"resource":"/ws/v1/student/*","event_type":"INSERT"}]}}'
    )
    assert own.send("PUT", target, headers, body).status == 201
    assert own.send("PUT", target, headers, body).status == 204
    assert own.get(target).json["event_subscriptions"]["key"] == "k"
    assert own.send("PUT", target, headers, body.replace(b"https", b"http")).status == 400
    assert own.send("PUT", target, own.headers(), body).status == 415
    assert own.send("DELETE", target, headers).status == 204
