"""How PowerSchool words its answers: errors of each family, the single-object quirk, numbers for text, JSON or XML."""

import re
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from rollbook.standins.messages import Request, Response, json_response

XML = "application/xml;charset=UTF-8"
_LARGEST = 2**63 - 1
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Refused(Exception):
    """Ends the handling of a request with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def v1_error(status: int, message: str) -> Refused:
    """The shape of `/ws/v1` errors (WR, measured for 401; the rest is our choice)."""
    return Refused(json_response({"errorMessage": {"message": message}}, status))


def schema_error(status: int, message: str, errors: Sequence[dict[str, str]] = ()) -> Refused:
    """The shape of `/ws/schema` errors (WR, measured)."""
    return Refused(
        json_response({"message": message, **({"errors": list(errors)} if errors else {})}, status)
    )


def as_number(text: str) -> Any:
    """Text that looks like a whole number becomes one (SM, MF, SW, captured).

    Leading zeros and numbers over 63 bits stay text: unknown on real servers, our choice.
    """
    if (
        text.isascii()
        and text.isdigit()
        and (text[0] != "0" or text == "0")
        and int(text) <= _LARGEST
    ):
        return int(text)
    return text


def lone(items: Sequence[Any], quirk: bool) -> Any:
    """One element is an object, several are a list (SM, LAS, SW, captured)."""
    return items[0] if quirk and len(items) == 1 else list(items)


def without_absent(fields: dict[str, Any]) -> dict[str, Any]:
    """Absent values are left out, not null (SM, captured)."""
    return {name: value for name, value in fields.items() if value not in ("", None)}


def in_wanted_form(request: Request, response: Response) -> Response:
    """JSON when `Accept` says so in any case (cars1n sends application/JSON), else XML: the believed default."""
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
    """JSON's structure as XML: `@x` keys are attributes, lists repeated elements, control characters go."""
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
