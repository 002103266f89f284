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
from tests.marked_texts import SEVERAL_WORDS, calls, is_call, literals, name_of, nodes
from tests.sources.spreadsheets import read_here

FOLDER = Path(rollbook.sources.__file__ or "").parent
# The query and the xml of the plugin are for PowerSchool, not for people.
FILES = sorted(path for path in FOLDER.rglob("*.py") if path.name != "powerschool_plugin.py")
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
    *("future student", "not enrolled", "not returning"),  # compared with the SIS's own names
    "gzip, identity",
}


def at(node: ast.AST, path: Path, text: str) -> str:
    return f"{path.relative_to(FOLDER)}:{getattr(node, 'lineno', 0)}: {text}"


def test_every_sentence_is_marked() -> None:
    unmarked = []
    for path in FILES:
        for node, text in literals(path):
            if SEVERAL_WORDS.search(text) and text not in NOT_FOR_PEOPLE:
                unmarked.append(at(node, path, text))
    assert unmarked == []


def test_the_exceptions_are_still_there() -> None:
    texts = {text for path in FILES for _node, text in literals(path)}
    assert texts >= NOT_FOR_PEOPLE


def test_every_label_is_marked() -> None:
    """Labels may be one word long, so they are found by where they stand."""
    unmarked = []
    for path in FILES:
        for call in calls(path):
            if name_of(call.func) in DESCRIPTIONS:
                assert not call.args, at(call, path, "name the arguments")
                unmarked += [at(call, path, text) for text in unmarked_labels(call)]
    assert unmarked == []


def unmarked_labels(call: ast.Call) -> Iterator[str]:
    given = {each.arg: each.value for each in call.keywords}
    own_name = ast.literal_eval(given["source_field"]) if "source_field" in given else ""
    for argument in TEXT_ARGUMENTS & given.keys():
        for text in shown_strings(given[argument]):
            if text not in {"", own_name}:  # the SIS's own name of a field is in no language
                yield text


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
        classes = [node for node, _parent in nodes(path) if isinstance(node, ast.ClassDef)]
        names |= {node.name for node in classes}
    return names - {"TokenExpired"}  # takes a number


NUMBER_OF_TEXTS = dict.fromkeys(error_names(), 2) | {"Phrase": 1}


def test_every_error_gets_named_texts() -> None:
    """That is `_()`, a phrase, or a name or call that gives one of these."""
    wrong = []
    for path in FILES:
        for call in calls(path):
            texts = call.args[: NUMBER_OF_TEXTS.get(name_of(call.func), 0)]
            for text in texts:
                if isinstance(text, ast.Constant | ast.JoinedStr | ast.BinOp):
                    wrong.append(at(call, path, ast.unparse(text)))
    assert wrong == []


def test_every_phrase_names_the_values_of_its_template() -> None:
    """Where the template stands in the same function, or is a constant of the module."""
    checked = 0
    for path in FILES:
        constants = named_texts(nodes(path)[0][0], deep=False)
        for scope, _parent in nodes(path):
            if isinstance(scope, ast.FunctionDef):
                known = constants | named_texts(scope)
                for call in ast.walk(scope):
                    if isinstance(call, ast.Call) and is_call(call, "Phrase"):
                        checked += check_phrase(call, known)
    assert checked > 30


def check_phrase(call: ast.Call, known: dict[str, str]) -> bool:
    """Return whether the template could be found."""
    template = marked_text(call.args[0]) or known.get(name_of(call.args[0]))
    if template is not None:
        names = {each.arg for each in call.keywords}
        assert set(NAME_IN_BRACES.findall(template)) == names, template
    return template is not None


def marked_text(node: ast.expr) -> str | None:
    """Return the text of `_("…")`; None for anything else."""
    if isinstance(node, ast.Call) and is_call(node, "_"):
        return str(ast.literal_eval(node.args[0]))
    return None


def named_texts(scope: ast.AST, deep: bool = True) -> dict[str, str]:
    """Return the marked texts that a scope gives names to, but for names with several texts."""
    texts: dict[str, str] = {}
    several = set()
    for node in ast.walk(scope) if deep else ast.iter_child_nodes(scope):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            text = marked_text(node.value)
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if text is not None:
                    if name_of(target) in texts:
                        several.add(name_of(target))
                    texts[name_of(target)] = text
    return {name: text for name, text in texts.items() if name not in several}


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
