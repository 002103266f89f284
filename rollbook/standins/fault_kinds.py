"""The kinds of fault that any SIS can have. A vendor's stand-in adds its own."""

import gzip
import re
import zlib
from typing import Any

import msgspec

from rollbook.standins.faults import Fault, Kind, Scene
from rollbook.standins.hostile_bodies import BODIES, FULL
from rollbook.standins.messages import Request, Response, json_response, write_response
from rollbook.standins.rows import drop_field, renumber, rows_of, set_last_name
from rollbook.standins.server import Wire

LONG = 3600.0
MAINTENANCE = (
    b"<!DOCTYPE html><html><head><title>PowerSchool page unavailable</title></head>"
    b"<body><h1>PowerSchool page unavailable</h1>"
    b"<p>The server is down for maintenance.</p></body></html>"
)


def html_page(status: int = 200) -> Response:
    """Return the maintenance page that a SIS shows instead of JSON."""
    return Response(status, MAINTENANCE, "text/html;charset=UTF-8")


# Faults that delay the answer


def _latency(fault: Fault, scene: Scene, wire: Wire) -> bool:
    return wire.wait(fault.seconds)


def _silent(fault: Fault, scene: Scene, wire: Wire) -> bool:
    wire.wait(fault.seconds or LONG)
    return False


def _hold(fault: Fault, scene: Scene, wire: Wire) -> bool:
    released = scene.release_event(fault.release)
    while not released.is_set():
        if not wire.wait(0.05):
            return False
    return True


# Faults that change the request


def _same_page(fault: Fault, request: Request) -> Request:
    return request.at(fault.size or 1) if request.paged else request


def _small_pages(fault: Fault, request: Request) -> Request:
    asked, most = request.query.get("pagesize", "0"), fault.size or 10
    return request.asking(pagesize=min(int(asked) or most, most) if asked.isdecimal() else most)


# Faults that replace the answer


def _status(fault: Fault, request: Request, scene: Scene) -> Response:
    headers = (("Retry-After", fault.retry_after),) if fault.retry_after else ()
    status = fault.status or 503
    return json_response({"message": f"Made-up failure {status}"}, status)._replace(headers=headers)


def _rate_limit(fault: Fault, request: Request, scene: Scene) -> Response:
    headers = (("Retry-After", fault.retry_after),) if fault.retry_after else ()
    return json_response({"message": "Too many requests"}, fault.status or 429)._replace(
        headers=headers
    )


def _html(fault: Fault, request: Request, scene: Scene) -> Response:
    return html_page(fault.status or 200)


def _redirect(fault: Fault, request: Request, scene: Scene) -> Response:
    host = request.headers.get("host", "127.0.0.1")
    location = (fault.location or "http://{host}/maintenance?server={host}").replace("{host}", host)
    return Response(fault.status or 302, headers=(("Location", location),))


def _list_shape(fault: Fault, request: Request, scene: Scene) -> Response:
    return json_response([{"id": 1}, {"id": 2}])


# Faults that change the answer


def _rewrite_document(fault: Fault, request: Request, response: Response, scene: Scene) -> Response:
    """Apply the kind's change to the decoded JSON; what is no JSON stays as it is."""
    try:
        document = response.document()
    except msgspec.DecodeError:
        return response
    return response.holding(CHANGES[fault.kind](fault, request, document, scene))


def _drop_field(fault: Fault, request: Request, document: Any, scene: Scene) -> Any:
    for row in rows_of(document):
        drop_field(row, (fault.field or "contact_info").split("."))
    return document


def _extra_fields(fault: Fault, request: Request, document: Any, scene: Scene) -> Any:
    for row in rows_of(document):
        row |= {"new_in_this_release": {"deep": [1, {"x": None}]}, "medical_note": "Private"}
    return document


def _empty(fault: Fault, request: Request, document: Any, scene: Scene) -> Any:
    if "count" in document:
        return {**document, "count": 0}
    if "resource" in document:
        return {"resource": {"count": 0}}
    rows_of(document).replace([])
    return document


def _count_off(fault: Fault, request: Request, document: Any, scene: Scene) -> Any:
    for holder in (document, document.get("resource")):
        if isinstance(holder, dict) and isinstance(holder.get("count"), int):
            holder["count"] += fault.size or -1
    return document


def _duplicate(fault: Fault, request: Request, document: Any, scene: Scene) -> Any:
    """Repeat the first row of page 1 on later pages (or on `page`).

    With `differs` the copy has another last name.
    """
    rows = rows_of(document)
    if request.page() == 1 or not rows:
        return document
    again = rows_of(scene.handle(request.at(1)).document())[:1]
    if fault.differs:
        set_last_name(again, "Otherwise")
    rows.replace([*rows, *again])
    return document


def _moved(fault: Fault, request: Request, document: Any, scene: Scene) -> Any:
    """Move a student across the edge of two pages: on neither, or with `differs` on both."""
    rows = rows_of(document)
    if request.page() == 1 or not rows:
        return document
    if fault.differs:
        before = rows_of(scene.handle(request.at(request.page() - 1)).document())
        rows.replace([*before[-1:], *rows])
    else:
        rows.replace(rows[1:])
    return document


def _endless(fault: Fault, request: Request, document: Any, scene: Scene) -> Any:
    """Send the first page again past the last one; with `differs` under new ids."""
    if rows_of(document) or request.page() == 1 or not request.paged:
        return document
    first = scene.handle(request.at(1)).document()
    if fault.differs:
        renumber(rows_of(first), request.page() * 10_000_000)
    return first


CHANGES = {
    "drop_field": _drop_field,
    "extra_fields": _extra_fields,
    "empty": _empty,
    "count_off": _count_off,
    "total_changes": _count_off,
    "duplicate": _duplicate,
    "moved": _moved,
    "endless": _endless,
}


def _truncated(fault: Fault, request: Request, response: Response, scene: Scene) -> Response:
    return response._replace(body=response.body[: fault.size or len(response.body) // 2])


def _huge(fault: Fault, request: Request, response: Response, scene: Scene) -> Response:
    padding = b'{"padding":"' + b"x" * ((fault.size or 50) * 1_000_000) + b'",'
    return response._replace(body=padding + response.body.lstrip(b"{"))


def _gzip_bomb(fault: Fault, request: Request, response: Response, scene: Scene) -> Response:
    """Put `size` megabytes of blanks before the JSON, packed about a thousandfold.

    It is sent even to a client that does not accept gzip.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    body = b"".join(packer.compress(b" " * 1_000_000) for _ in range(fault.size or 1000))
    body += packer.compress(response.body) + packer.flush()
    return response._replace(body=body, headers=(*response.headers, ("Content-Encoding", "gzip")))


def _bad_gzip(fault: Fault, request: Request, response: Response, scene: Scene) -> Response:
    body = gzip.compress(response.body)[: fault.size or -20]
    return response._replace(body=body, headers=(*response.headers, ("Content-Encoding", "gzip")))


def _doubled_key(fault: Fault, request: Request, response: Response, scene: Scene) -> Response:
    """Give the first row a field twice, the second time with another value."""
    return _first_value(fault, response, rb'\g<0>,\g<1>"Otherwise"')


def _no_json(fault: Fault, request: Request, response: Response, scene: Scene) -> Response:
    """Give the first row a value that is no JSON, such as NaN."""
    return _first_value(fault, response, rb"\g<1>" + (fault.location or "NaN").encode())


def _first_value(fault: Fault, response: Response, replacement: bytes) -> Response:
    key = re.escape((fault.field or "first_name").encode())
    value = rb'("%b"\s*:\s*)("[^"]*"|[^\s",{}\[\]]+)' % key
    return response._replace(body=re.sub(value, replacement, response.body, count=1))


# Faults of the connection


def _reset(fault: Fault, request: Request, response: Response, wire: Wire) -> None:
    if fault.size:
        head, body = write_response(response, request)
        wire.send_bytes((head + body)[: fault.size])
    wire.reset()


def _cut(fault: Fault, request: Request, response: Response, wire: Wire) -> None:
    head, body = write_response(response, request)
    wire.send_bytes(head + body[: fault.size or len(body) // 2])
    wire.hang_up()


def _hostile_body(fault: Fault, request: Request, scene: Scene) -> Response:
    body = BODIES[fault.field or "199,000 tiny records"](request.page())
    return Response(200, body=body, content_type="application/json")


def _deliver_hostile(fault: Fault, request: Request, response: Response, wire: Wire) -> None:
    head, body = write_response(response, request, zip_bodies=False)
    status_line, _, headers = head.partition(b"\r\n")
    match fault.field:
        case "tiny chunks":
            wire.send_bytes(status_line + b"\r\nTransfer-Encoding: chunked\r\n\r\n")
            chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
            wire.send_bytes(chunks + b"0\r\n\r\n")
        case "100,000 headers":
            many = b"".join(b"X-%d: x\r\n" % number for number in range(100_000))
            wire.send_bytes(status_line + b"\r\n" + many + headers + body)
        case "a header of 20 MB":
            wire.send_bytes(status_line + b"\r\nX: " + b"x" * FULL + b"\r\n" + headers + body)
        case _:
            wire.send(response, request)


def _drip(fault: Fault, request: Request, response: Response, wire: Wire) -> None:
    head, body = write_response(response, request)
    wire.send_bytes(head)
    for at in range(len(body)):
        wire.send_bytes(body[at : at + 1])
        if not wire.wait(fault.seconds or 1.0):
            break
    else:
        return
    wire.hang_up()


COMMON: dict[str, Kind] = {
    "status": Kind("answer `status` (503), with `retry_after` if given", answer=_status),
    "rate_limit": Kind(
        "answer 429, with a Retry-After header if `retry_after` is given", answer=_rate_limit
    ),
    "html": Kind("answer an HTML page with `status` (200)", answer=_html),
    "redirect": Kind(
        "answer `status` (302) to `location` with {host} replaced (/maintenance)", answer=_redirect
    ),
    "list_shape": Kind("answer a JSON list instead of an object", answer=_list_shape),
    "latency": Kind("wait `seconds` before answering", pause=_latency),
    "silent": Kind("accept and never answer; hang up after `seconds` (3600)", pause=_silent),
    "hold": Kind("wait until released by the name in `release`", pause=_hold),
    "same_page": Kind("answer page `size` (1) whatever page is asked", ask=_same_page),
    "small_pages": Kind("never more than `size` (10) rows a page", ask=_small_pages),
    "endless": Kind(
        "never an empty page; with `differs` always new ids", rewrite=_rewrite_document
    ),
    "drop_field": Kind("every row lacks `field` (contact_info; dotted)", rewrite=_rewrite_document),
    "extra_fields": Kind("every row has unknown fields", rewrite=_rewrite_document),
    "empty": Kind("no rows, count 0", rewrite=_rewrite_document),
    "count_off": Kind("counts are off by `size` (-1)", path="*/count", rewrite=_rewrite_document),
    "total_changes": Kind(
        "count_off from the second count on", path="*/count", after=1, rewrite=_rewrite_document
    ),
    "duplicate": Kind(
        "page 1's first row again on later pages; with `differs` changed", rewrite=_rewrite_document
    ),
    "moved": Kind(
        "a row lost at the page edge; with `differs` seen twice", rewrite=_rewrite_document
    ),
    "truncated": Kind(
        "JSON ends after `size` bytes (half), Content-Length agrees", rewrite=_truncated
    ),
    "huge": Kind("`size` (50) million bytes of padding in the JSON", rewrite=_huge),
    "gzip_bomb": Kind("gzip that unpacks to `size` (1000) million bytes", rewrite=_gzip_bomb),
    "bad_gzip": Kind("gzip that ends early", rewrite=_bad_gzip),
    "hostile_body": Kind(
        "a PowerSchool page that would take much memory, by its name in `field`",
        answer=_hostile_body,
        deliver=_deliver_hostile,
    ),
    "doubled_key": Kind("the first row has `field` (first_name) twice", rewrite=_doubled_key),
    "no_json": Kind(
        "the first row has `location` (NaN) for `field` (first_name)", rewrite=_no_json
    ),
    "reset": Kind("RST after `size` (0) bytes", deliver=_reset),
    "cut": Kind(
        "Content-Length says more than the `size` (half) body bytes that come", deliver=_cut
    ),
    "drip": Kind("one body byte each `seconds` (1)", deliver=_drip),
}
