"""Some things are done in one place only; a second place would soon differ from the first."""

from pathlib import Path

import pytest

import rollbook

PRODUCT = Path(rollbook.__file__).parent
# What is searched for, and the only module that may have it ("" for none).
ONLY_IN = {
    "number_format(": "sync/words/text.py",
    "csv.writer(": "sync/report/csv_file.py",
    "enumerate(Severity)": "sync/words/severities.py",
    "FORMULA_SIGNS": "roster/values/formulas.py",
    "icontains": "",
    # Moments come from the database's clock: `schools.clock.now`.
    "timezone.now(": "",
    # Django's own: they take the machine's clock. `schools.moments` has fields that don't.
    "auto_now": "",
}


@pytest.mark.parametrize("text", ONLY_IN)
def test_it_stands_in_one_module(text: str) -> None:
    modules = [
        file.relative_to(PRODUCT).as_posix()
        for file in PRODUCT.rglob("*.py")
        if not {"standins", "migrations"} & {*file.parts}
        and text in file.read_text(encoding="utf-8")
    ]
    assert modules == [ONLY_IN[text]] if ONLY_IN[text] else not modules
