"""The form of PowerSchool's answers: errors, single objects, numbers for text, JSON or XML."""

import re
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from rollbook.standins.messages import Request, Response, json_response

XML = "application/xml;charset=UTF-8"
_LARGEST = 2**63 - 1
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Refused(Exception):
    """Raised to end the handling of a request with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def v1_error(status: int, message: str) -> Refused:
    """Return an error of `/ws/v1` (WR, measured for 401; the rest is our choice)."""
    return Refused(json_response({"errorMessage": {"message": message}}, status))


def schema_error(status: int, message: str, errors: Sequence[dict[str, str]] = ()) -> Refused:
    """Return an error of `/ws/schema` (WR, measured)."""
    body: dict[str, Any] = {"message": message}
    if errors:
        body["errors"] = list(errors)
    return Refused(json_response(body, status))


def as_number(text: str) -> Any:
    """Return a number for text that looks like a whole number (SM, MF, SW, captured).

    Leading zeros and numbers over 63 bits stay text: unknown on real servers, our choice.
    """
    if not (text.isascii() and text.isdigit()):
        return text
    has_leading_zero = text[0] == "0" and text != "0"
    if has_leading_zero or int(text) > _LARGEST:
        return text
    return int(text)


def lone(items: Sequence[Any], quirk: bool) -> Any:
    """Return an object for one element, a list for several (SM, LAS, SW, captured)."""
    return items[0] if quirk and len(items) == 1 else list(items)


def without_absent(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields without absent ones: they are left out, not null (SM, captured)."""
    return {name: value for name, value in fields.items() if value not in ("", None)}


def in_accepted_form(request: Request, response: Response) -> Response:
    """Return the answer as JSON when `Accept` asks for it, else as XML: the believed default.

    The case does not matter: cars1n sends application/JSON.
    """
    if not response.body or "json" in request.headers.get("accept", "").lower():
        return response
    document = response.document()
    if isinstance(document, dict) and len(document) == 1:
        name, content = next(iter(document.items()))
    else:
        name, content = "response", document
    body = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{to_xml(name, content)}'
    return response._replace(body=body.encode(), content_type=XML)


def to_xml(name: str, content: Any) -> str:
    """Return a JSON document as XML.

    Keys with `@` become attributes, lists repeated elements; control characters are left out.
    """
    if isinstance(content, list):
        return "".join(to_xml(name, item) for item in content)
    if not isinstance(content, dict):
        text = str(content).lower() if isinstance(content, bool) else str(content)
        return f"<{name}>{escape(_NOT_IN_XML.sub('', text))}</{name}>"
    attributes = "".join(
        f" {key[1:]}={quoteattr(str(value))}" for key, value in content.items() if key[0] == "@"
    )
    inner = "".join(to_xml(key, value) for key, value in content.items() if key[0] != "@")
    return f"<{name}{attributes}>{inner}</{name}>"
