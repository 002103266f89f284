"""Veracross's accounts server: tokens, introspection, revocation, discovery."""

import re
import time
from collections.abc import Iterator
from typing import Unpack

import pytest

from rollbook.standins import veracross
from rollbook.standins.veracross import VeracrossStandIn
from tests.standins.veracross_client import VeracrossClient


@pytest.fixture
def client() -> Iterator[VeracrossClient]:
    with veracross.serve(students=20) as standin:
        yield VeracrossClient(standin)


def ask(client: VeracrossClient, **form: str) -> tuple[int, str]:
    answer = client.oauth(
        "token", client.form(grant_type="client_credentials", scope="students:list") | form
    )
    return answer.status, answer.json.get("error", "")


def test_a_token_has_exactly_the_documented_keys(client: VeracrossClient) -> None:
    answer = client.oauth(
        "token", client.form(grant_type="client_credentials", scope="students:list students:read")
    ).json
    assert answer.keys() == {"access_token", "created_at", "expires_in", "scope", "token_type"}
    assert (
        re.fullmatch("[0-9a-f]{64}", answer["access_token"])
        and abs(answer["created_at"] - time.time()) < 5
    )
    assert (answer["expires_in"], answer["scope"], answer["token_type"]) == (
        3600,
        "students:list students:read",
        "Bearer",
    )
    assert re.fullmatch("[0-9a-f]{32}", client.veracross.client_id)


def test_everything_may_stand_in_the_query_string_and_blanks_may_be_raw(
    client: VeracrossClient,
) -> None:
    form = client.form(grant_type="client_credentials")
    query = "&".join(f"{name}={value}" for name, value in form.items())
    assert client.send("POST", f"/exs/oauth/token?{query}&scope=students:list", {}).status == 200
    raw = f"{query}&scope=students:list students:read".encode()
    answer = client.send(
        "POST", "/exs/oauth/token/", {"Content-Type": "application/x-www-form-urlencoded"}, raw
    )
    assert answer.json["scope"] == "students:list students:read"


def test_basic_is_not_a_way_to_sign_in(client: VeracrossClient) -> None:
    sent = {"Authorization": "Basic eDp5", "Content-Type": "application/x-www-form-urlencoded"}
    assert (
        client.send(
            "POST", "/exs/oauth/token", sent, b"grant_type=client_credentials&scope=students%3Alist"
        ).status
        == 400
    )


@pytest.mark.parametrize("name", ["grant_type", "client_id", "client_secret"])
def test_a_missing_parameter_is_named(client: VeracrossClient, name: str) -> None:
    form = client.form(grant_type="client_credentials", scope="students:list")
    del form[name]
    answer = client.oauth("token", form)
    assert (answer.status, answer.json["error"]) == (
        400,
        "invalid_request",
    ) and name in answer.json["error_description"]


def test_a_wrong_id_secret_or_scope_is_refused(client: VeracrossClient) -> None:
    assert ask(client, client_id="nobody") == (401, "invalid_client")
    assert ask(client, client_secret="wrong") == (401, "invalid_client")
    assert ask(client, scope="students:list households:list") == (400, "invalid_scope")
    assert ask(client, grant_type="password") == (400, "unsupported_grant_type")


def test_another_content_type_is_415_and_an_empty_object(client: VeracrossClient) -> None:
    answer = client.oauth(
        "token", client.form(grant_type="client_credentials"), content_type="application/json"
    )
    assert (answer.status, answer.json) == (415, {})


def test_another_route_method_or_path_is_refused(client: VeracrossClient) -> None:
    assert client.send("POST", "/nosuch/oauth/token", {}, b"").status == 404
    assert client.send("GET", "/exs/oauth/token", {}).status == 405
    assert client.send("POST", "/exs/oauth/authorize", {}, b"").status == 404
    assert client.send("GET", "/", {}).status == 404


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ("", "An authorization header with a bearer token is required"),
        ("Basic eDp5", "An authorization header with a bearer token is required"),
        ("Bearer 123", "The provided access token is unknown"),
    ],
)
def test_without_a_token_that_is_known_there_is_nothing(
    client: VeracrossClient, header: str, error: str
) -> None:
    answer = client.send("GET", "/exs/v3/students", {"Authorization": header} if header else {})
    assert (answer.status, answer.json["error"]) == (401, error)


def test_a_missing_scope_is_a_401_that_names_it(client: VeracrossClient) -> None:
    answer = client.v3("students/1003", token=client.token("students:list"))
    assert (answer.status, answer.json["error"]) == (
        401,
        "The provided access token is missing a required scope: students:read",
    )


def test_a_token_ends_and_says_so() -> None:
    with veracross.serve(students=20, token_lifetime=0) as standin:
        client = VeracrossClient(standin)
        assert client.v3().json["error"] == "The provided access token has expired"


def test_the_eleventh_token_revokes_the_oldest(client: VeracrossClient) -> None:
    tokens = [client.token() for _ in range(11)]
    assert client.v3(token=tokens[0]).json["error"] == "The provided access token has been revoked"
    assert [client.v3(token=token).status for token in tokens[1:]] == [200] * 10


def test_a_token_can_be_looked_at_and_revoked(client: VeracrossClient) -> None:
    token = client.token()
    about = client.oauth("introspect", client.form(token=token)).json
    assert about.keys() == {"active", "scope", "client_id", "token_type", "exp", "iat"}
    assert about["active"] is True
    assert about["exp"] - about["iat"] == 3600
    for each in (token, token, "nonsense"):
        answer = client.oauth("revoke", client.form(token=each))
        assert (answer.status, answer.json) == (200, {})
    assert client.oauth("introspect", client.form(token=token)).json == {"active": False}
    assert client.v3(token=token).status == 401
    assert (
        client.oauth("introspect", client.form(token=token) | {"client_secret": "wrong"}).status
        == 401
    )


def test_discovery_says_where_everything_is(client: VeracrossClient) -> None:
    document = client.send("GET", "/exs/.well-known/openid-configuration", {}).json
    assert document["token_endpoint"] == f"{client.standin.url}/exs/oauth/token"
    assert document["token_endpoint_auth_methods_supported"] == ["client_secret_post"]


def test_all_tokens_can_be_revoked_from_outside(client: VeracrossClient) -> None:
    assert client.v3().status == 200
    assert client.control("tokens/revoke", {}) == {"revoked": True}
    assert client.v3().json["error"] == "The provided access token has been revoked"


def test_credentials_follow_from_the_seed_unless_given() -> None:
    def secrets(**options: Unpack[veracross.Options]) -> list[str]:
        with veracross.serve(**options) as standin:
            return _secrets(standin)

    assert secrets() == secrets() != secrets(client_secret="own", password="own")
    assert secrets(client_secret="own", password="other")[1:] == ["own", "other"]


def _secrets(standin: VeracrossStandIn) -> list[str]:
    return [standin.client_id, standin.client_secret, standin.password]
