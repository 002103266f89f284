"""Every text of a source that people read is marked for translation.

The modules are read, not run: a text that is only shown in a rare error is checked as well.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import rollbook.sources
from rollbook.roster.translation import translated
from rollbook.sources.registry import SOURCES
from rollbook.sources.spreadsheet.errors import WrongEncoding
from rollbook.sources.spreadsheet.messages import Refusal, Text
from tests.marked_texts import SEVERAL_WORDS, is_call, literals, name_of, parsed
from tests.sources.spreadsheets import read_here

FOLDER = Path(rollbook.sources.__file__ or "").parent
FILES = sorted(FOLDER.rglob("*.py"))
NAME_IN_BRACES = re.compile(r"\{(\w+)\}")
DESCRIPTIONS = {"CredentialField", "MappingRow", "Choice", "Variant"}
TEXT_ARGUMENTS = {"label", "help", "hint", "where", "options"}

# Texts of several words that are not shown as a text of ours.
NOT_FOR_PEOPLE = {
    "the packed answer ends too early",  # caught by `http`, which has a text of its own
    "code , which is not in the list of grades",  # stands in a record, like a value of the SIS
    " No student account was changed. ",  # for logs and tests
    "try %d of %d at %s failed: %s",
    "%s %s answered %d with %d bytes",
    "expected after",  # compared with the messages of Python's csv
    "future student",  # compared with the SIS's own names
    "gzip, identity",
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_sentence_is_marked(path: Path) -> None:
    unmarked = [
        f"{path.name}:{node.lineno}: {text}"
        for node, text in literals(parsed(path))
        if SEVERAL_WORDS.search(text) and text not in NOT_FOR_PEOPLE
    ]
    assert unmarked == []


def test_the_exceptions_are_still_there() -> None:
    texts = {text for path in FILES for _node, text in literals(parsed(path))}
    assert texts >= NOT_FOR_PEOPLE


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_label_is_marked(path: Path) -> None:
    """Labels may be one word long, so they are found by where they stand."""
    unmarked = []
    for call in ast.walk(parsed(path)):
        if not isinstance(call, ast.Call) or name_of(call.func) not in DESCRIPTIONS:
            continue
        assert not call.args, f"{path.name}:{call.lineno}: name the arguments"
        given = {each.arg: each.value for each in call.keywords}
        own_name = ast.literal_eval(given["source_field"]) if "source_field" in given else ""
        for argument in TEXT_ARGUMENTS & given.keys():
            for text in shown_strings(given[argument]):
                if text not in {"", own_name}:  # the SIS's own name of a field is in no language
                    unmarked.append(f"{path.name}:{call.lineno}: {text}")
    assert unmarked == []


def shown_strings(node: ast.expr) -> Iterator[str]:
    """Yield the unmarked strings of an argument; of options only the labels."""
    if isinstance(node, ast.Tuple):
        for option in node.elts:
            assert isinstance(option, ast.Tuple)
            yield from shown_strings(option.elts[1])
    elif isinstance(node, ast.JoinedStr):
        yield ast.unparse(node)
    elif isinstance(node, ast.Constant):
        yield str(node.value)


def error_names() -> set[str]:
    names = set()
    for path in (FOLDER / "errors.py", FOLDER / "spreadsheet" / "errors.py"):
        classes = [node for node in parsed(path).body if isinstance(node, ast.ClassDef)]
        names |= {node.name for node in classes}
    return names - {"TokenExpired"}  # takes a number


ERRORS = error_names()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_error_gets_marked_texts(path: Path) -> None:
    """That is `_()`, a phrase, or a name or call that gives one of these."""
    wrong = []
    for call in ast.walk(parsed(path)):
        if not isinstance(call, ast.Call) or name_of(call.func) not in ERRORS | {"Phrase"}:
            continue
        texts = call.args[:1] if name_of(call.func) == "Phrase" else call.args[:2]
        for text in texts:
            if isinstance(text, ast.Constant | ast.JoinedStr | ast.BinOp):
                wrong.append(f"{path.name}:{call.lineno}: {ast.unparse(text)}")
    assert wrong == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_phrase_names_the_values_of_its_template(path: Path) -> None:
    """Where the template stands in the same function, or is a constant of the module."""
    tree = parsed(path)
    for scope in [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]:
        for call in ast.walk(scope):
            if isinstance(call, ast.Call) and is_call(call, "Phrase"):
                template = template_of(call.args[0], scope)
                if template is not None:
                    names = {each.arg for each in call.keywords}
                    assert set(NAME_IN_BRACES.findall(template)) == names, template


def template_of(node: ast.expr, scope: ast.AST) -> str | None:
    """Return the marked text, also where a name stands for it; None if it isn't in this scope."""
    if isinstance(node, ast.Call) and is_call(node, "_"):
        return str(ast.literal_eval(node.args[0]))
    marked = []
    if isinstance(node, ast.Name):
        for each in ast.walk(scope):
            if not isinstance(each, ast.Assign) or not is_call(each.value, "_"):
                continue
            if node.id in {name_of(target) for target in each.targets}:
                marked.append(template_of(each.value, scope))
    return marked[0] if len(marked) == 1 else None


def shout(text: str) -> str:
    """Stands in for a translation into another language; the names of values stay."""
    return "".join(
        part if part.startswith("{") else part.upper() for part in re.split(r"(\{\w+\})", text)
    )


def test_what_the_child_sends_can_be_translated() -> None:
    with pytest.raises(WrongEncoding) as refused:
        read_here("é".encode("cp1252"), "students.csv", encoding="utf-8")
    error = Refusal.of(refused.value).error()
    assert isinstance(error, WrongEncoding)
    assert str(error) == str(refused.value)
    assert translated(error.what, shout) == "THE FILE CAN'T BE READ AS UNICODE (UTF-8)."
    sheet = read_here(b"a,b\n1,2\n", "students.xlsx")
    assert translated(sheet.notes[0], shout) == (
        "THE FILE IS CALLED .xlsx, BUT HOLDS TEXT (CSV); IT WAS READ AS THAT."
    )


def test_names_that_a_phrase_can_not_have_do_no_harm() -> None:
    assert Text("{a}", {"a": "x", "cls": "y"}, {"template": "z"}).phrase() == "x"


def test_a_source_shows_nothing_that_is_empty() -> None:
    for source in SOURCES.values():
        for variant in source.variants:
            assert variant.label and variant.hint and all(row.where for row in variant.mapping)
