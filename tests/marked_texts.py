"""Reading modules, instead of running them, for texts that should be marked for translation."""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

SEVERAL_WORDS = re.compile(r"[A-Za-z]{2,}[,;:]? [A-Za-z]{2,}")
ANNOTATION = re.compile(r"[\w.]+\[.*\]")


@lru_cache(maxsize=100)
def nodes(path: Path) -> list[tuple[ast.AST, ast.AST | None]]:
    """All nodes of a module, each with its parent."""
    pairs: list[tuple[ast.AST, ast.AST | None]] = [(ast.parse(path.read_text()), None)]
    for node, _parent in pairs:
        pairs += [(child, node) for child in ast.iter_child_nodes(node)]
    return pairs


def calls(path: Path) -> list[ast.Call]:
    return [node for node, _parent in nodes(path) if isinstance(node, ast.Call)]


def name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def is_call(node: ast.AST | None, name: str) -> bool:
    return isinstance(node, ast.Call) and name_of(node.func) == name


def literals(path: Path) -> Iterator[tuple[ast.expr, str]]:
    """Yield each string of a module that is no docstring, with its text.

    `f"{x} y"` counts as " y".
    """
    for node, parent in nodes(path):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
            yield node, "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            is_part = isinstance(parent, ast.JoinedStr | ast.Expr) or is_call(parent, "_")
            if not is_part and not ANNOTATION.fullmatch(node.value):
                yield node, node.value


def marked_texts(path: Path) -> Iterator[str]:
    """Yield the texts that `makemessages` finds in a module: the strings given to `_`."""
    for call in calls(path):
        if is_call(call, "_"):
            yield str(ast.literal_eval(call.args[0]))
