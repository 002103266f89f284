"""What a browser sends is read by forms: no view takes values out of `request.POST` itself."""

import ast
from pathlib import Path

import pytest

import rollbook.web

WEB = Path(rollbook.web.__file__).parent
ROOMS = ("runs", "students", "account", "operations")
VIEWS = [path for room in ROOMS for path in sorted((WEB / room).glob("*.py"))]


def is_post(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "POST"


@pytest.mark.parametrize("path", VIEWS, ids=lambda path: str(path.relative_to(WEB)))
def test_no_view_reads_what_was_posted_by_hand(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        by_hand = (
            (isinstance(node, ast.Attribute | ast.Subscript) and is_post(node.value))
            or (isinstance(node, ast.Compare) and any(map(is_post, node.comparators)))
            or (isinstance(node, ast.For | ast.comprehension) and is_post(node.iter))
        )
        assert not by_hand, ast.unparse(node)
