"""The token endpoint and the check of tokens."""

import base64
import uuid

import pytest

from rollbook.standins import powerschool
from tests.standins.client import FORM, Client

HEADER = (
    'Bearer error="invalid_token",realm="PowerSchool",'
    'error_description="The access token has expired"'
)


@pytest.mark.parametrize(
    "path", ["/oauth/access_token", "/oauth/access_token/", "//oauth/access_token"]
)
@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/xml", ""])
def test_every_spelling_of_the_token_path_answers_json_whatever_is_accepted(
    school: Client, path: str, accept: str
) -> None:
    answer = school.sign_in(path, Accept=accept)
    assert (
        answer.status == 200 and answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    )
    assert set(answer.json) == {"access_token", "token_type", "expires_in"}
    assert str(uuid.UUID(answer.json["access_token"])) == answer.json["access_token"]
    assert answer.json["token_type"] == "Bearer"
    assert (
        isinstance(answer.json["expires_in"], str)
        and 2_500_000 < int(answer.json["expires_in"]) <= 2_592_000
    )


def test_asking_again_gives_the_current_token(school: Client) -> None:
    assert school.sign_in().json["access_token"] == school.sign_in().json["access_token"]


def test_a_wrong_secret_is_an_invalid_client(school: Client) -> None:
    answer = school.sign_in(secret="wrong")
    assert (answer.status, answer.json) == (401, {"error": "invalid_client"})


@pytest.mark.parametrize("header", ["", "Basic !!!", "Basic", "Bearer x", "Basic /w=="])
def test_nonsense_instead_of_basic_credentials_is_an_invalid_client(
    school: Client, header: str
) -> None:
    answer = school.send(
        "POST", "/oauth/access_token", {"Authorization": header}, b"grant_type=client_credentials"
    )
    assert (answer.status, answer.json) == (401, {"error": "invalid_client"})


def test_another_grant_type_is_refused(school: Client) -> None:
    pair = f"{school.standin.client_id}:{school.standin.client_secret}".encode()
    headers = {"Content-Type": FORM, "Authorization": "Basic " + base64.b64encode(pair).decode()}
    answer = school.send("POST", "/oauth/access_token", headers, b"grant_type=password")
    assert (answer.status, answer.json) == (400, {"error": "unsupported_grant_type"})
    assert school.send("GET", "/oauth/access_token", headers).status == 405


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer nonsense", "Basic abc"])
def test_a_bad_token_gets_the_header_and_an_empty_body(school: Client, token: str) -> None:
    answer = school.send(
        "GET", "/ws/v1/district/student", {"Authorization": token, "Accept": "application/json"}
    )
    assert (answer.status, answer.headers["WWW-Authenticate"], answer.body) == (401, HEADER, b"")


def test_metadata_needs_no_token(school: Client) -> None:
    assert school.send("GET", "/ws/v1/metadata", {"Accept": "application/json"}).status == 200


def test_a_revoked_token_is_refused_and_a_new_one_works(own: Client) -> None:
    old = own.headers()
    assert own.control("tokens/revoke", {}) == {"revoked": True}
    assert own.send("GET", "/ws/v1/district", old).status == 401
    new = own.sign_in().json["access_token"]
    assert f"Bearer {new}" != old["Authorization"]
    assert (
        own.send("GET", "/ws/v1/district", {**old, "Authorization": f"Bearer {new}"}).status == 200
    )


def test_a_token_ends_with_its_lifetime() -> None:
    with powerschool.serve(students=10, token_lifetime=0) as standin:
        client = Client(standin)
        assert client.get("/ws/v1/district").status == 401


def test_the_token_type_can_be_left_out() -> None:
    with powerschool.serve(students=10, token_type=False) as standin:
        assert set(Client(standin).sign_in().json) == {"access_token", "expires_in"}


def test_id_and_secret_are_uuids_made_from_the_seed() -> None:
    with (
        powerschool.serve(students=10, seed=5) as one,
        powerschool.serve(students=20, seed=5) as other,
    ):
        assert (one.client_id, one.client_secret) == (other.client_id, other.client_secret)
        assert uuid.UUID(one.client_id) != uuid.UUID(one.client_secret)
    with powerschool.serve(students=10, seed=6, client_id="a", client_secret="b") as standin:
        assert (standin.client_id, standin.client_secret) == ("a", "b")
        assert Client(standin).sign_in().status == 200
