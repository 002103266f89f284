"""The faults that only Veracross has, and its form of the common ones.

Failures have rate headers too.
"""

import time
from math import ceil
from typing import Any

from rollbook.standins.fault_kinds import COMMON
from rollbook.standins.faults import Fault, Kind, Scene
from rollbook.standins.messages import Request, Response
from rollbook.standins.rows import drop_field, rows_of
from rollbook.standins.veracross.answers import TOO_MANY, Window, problem, with_headers

PAGE = (
    b"<!DOCTYPE html><html><head><title>Veracross</title></head>"
    b"<body><h1>We'll be right back</h1><p>Veracross is down for maintenance.</p></body></html>"
)


def _with_rate_headers(response: Response, fault: Fault, request: Request, left: int) -> Response:
    """Return the answer with rate headers in the unit of the version.

    The reset is `seconds` (180) away.
    """
    window = Window(300, left, ceil(time.time()) + (fault.seconds or 180))
    retry = (("Retry-After", fault.retry_after),) if fault.retry_after else ()
    return with_headers(
        response._replace(headers=retry), window, unix_time="/v2/" not in request.path
    )


def _status(fault: Fault, request: Request, scene: Scene) -> Response:
    return _with_rate_headers(
        problem(fault.status or 503, "An unknown error has occurred"), fault, request, 200
    )


def _rate_limit(fault: Fault, request: Request, scene: Scene) -> Response:
    return _with_rate_headers(problem(429, TOO_MANY), fault, request, 0)


def _html(fault: Fault, request: Request, scene: Scene) -> Response:
    return Response(fault.status or 200, PAGE, "text/html; charset=utf-8")


def _shape(fault: Fault, request: Request, scene: Scene) -> Response:
    return problem(200, "Something else")


def _unauthorized(text: str) -> Any:
    def answer(fault: Fault, request: Request, scene: Scene) -> Response:
        scene.revoke_tokens()
        return _with_rate_headers(problem(401, text), fault, request, 200)

    return answer


def _missing_scope(fault: Fault, request: Request, scene: Scene) -> Response:
    text = (
        f"The provided access token is missing a required scope: {fault.field or 'students:list'}"
    )
    return _with_rate_headers(problem(401, text), fault, request, 200)


def _invalid_client(fault: Fault, request: Request, scene: Scene) -> Response:
    return problem(
        401,
        "invalid_client",
        error_description="Client authentication failed due to unknown client.",
    )


def _forbidden(fault: Fault, request: Request, scene: Scene) -> Response:
    return _with_rate_headers(problem(403, "Forbidden"), fault, request, 200)


def _small_pages(fault: Fault, request: Request) -> Request:
    most = fault.size or 10
    if "x-page-number" not in request.headers:
        return request.asking(count=min(int(request.query.get("count", "100")), most))
    asked = int(request.headers.get("x-page-size", "100"))
    return request._replace(headers={**request.headers, "x-page-size": str(min(asked, most))})


def _with_total(response: Response, change: Any) -> Response:
    headers = (
        (name, str(change(int(value))) if name == "X-Total-Count" else value)
        for name, value in response.headers
    )
    return response._replace(headers=tuple(headers))


def _empty(fault: Fault, request: Request, response: Response, scene: Scene) -> Response:
    document = response.document()
    rows_of(document).replace([])
    return _with_total(response.holding(document), lambda total: 0)


def _count_off(fault: Fault, request: Request, response: Response, scene: Scene) -> Response:
    return _with_total(response, lambda total: max(0, total + (fault.size or -1)))


def _each_row(change: Any) -> Any:
    def rewrite(fault: Fault, request: Request, response: Response, scene: Scene) -> Response:
        document = response.document()
        for row in rows_of(document):
            change(fault, row)
        return response.holding(document)

    return rewrite


def _null(fault: Fault, row: dict[str, Any]) -> None:
    row[fault.field or "email_1"] = None


def _drop(fault: Fault, row: dict[str, Any]) -> None:
    drop_field(row, [fault.field or "email_1"])


def _unknown_code(fault: Fault, row: dict[str, Any]) -> None:
    """Send a number without an item in v3, an unknown label in v2."""
    field = fault.field or "grade_level"
    label = {"grade_level": "current_grade"}.get(field, field)
    row.update({field: 999} if "person_pk" not in row else {label: "Something new"})


def _string_ids(fault: Fault, request: Request, response: Response, scene: Scene) -> Response:
    document = response.document()
    for each in document.get("value_lists", []) if isinstance(document, dict) else []:
        for item in each["items"]:
            item["id"] = str(item["id"])
    return response.holding(document)


def _no_value_lists(fault: Fault, request: Request, response: Response, scene: Scene) -> Response:
    document = response.document()
    if isinstance(document, dict):
        document.pop("value_lists", None)
    return response.holding(document)


TOKEN = "*/oauth/token"
KINDS: dict[str, Kind] = COMMON | {
    "status": Kind("answer `status` (503), with `retry_after` if given", answer=_status),
    "rate_limit": Kind(
        "429; the reset is `seconds` (180) away; Retry-After only if `retry_after` is given",
        answer=_rate_limit,
    ),
    "html": Kind("answer an HTML page with `status` (200)", answer=_html),
    "list_shape": Kind("answer 200 with an object of another shape", answer=_shape),
    "token_revoked": Kind(
        "revoke all tokens and say so; `after` so many requests",
        answer=_unauthorized("The provided access token has been revoked"),
    ),
    "token_expired": Kind(
        "the same, worded as expired", answer=_unauthorized("The provided access token has expired")
    ),
    "token_unknown": Kind(
        "the same, worded as unknown", answer=_unauthorized("The provided access token is unknown")
    ),
    "missing_scope": Kind(
        "401 that names the scope in `field` (students:list)", answer=_missing_scope
    ),
    "invalid_client": Kind("401 invalid_client for any secret", path=TOKEN, answer=_invalid_client),
    "token_rate_limit": Kind("429 from the token endpoint", path=TOKEN, answer=_rate_limit),
    "forbidden": Kind("403, our guess at a v2 user without the right", answer=_forbidden),
    "small_pages": Kind("never more than `size` (10) rows a page", ask=_small_pages),
    "empty": Kind("no rows, total 0", rewrite=_empty),
    "count_off": Kind("X-Total-Count (v2) is off by `size` (-1)", rewrite=_count_off),
    "total_changes": Kind("count_off from the second list on", after=1, rewrite=_count_off),
    "null_field": Kind("every row has null for `field` (email_1)", rewrite=_each_row(_null)),
    "drop_field": Kind("every row lacks `field` (email_1)", rewrite=_each_row(_drop)),
    "unknown_code": Kind(
        "`field` (grade_level) is 999 in every row, or a new label in v2",
        rewrite=_each_row(_unknown_code),
    ),
    "string_ids": Kind("ids in value lists are text (v3)", rewrite=_string_ids),
    "no_value_lists": Kind("value lists are left out (v3)", rewrite=_no_value_lists),
}
