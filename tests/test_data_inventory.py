"""The data inventory describes every column of every table."""

import runpy
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "docs" / "write_data_inventory.py"


def test_the_inventory_is_what_the_models_have() -> None:
    """After a change of a model: describe it in docs/data_inventory.toml, run the script."""
    script = runpy.run_path(str(SCRIPT))
    assert script["PAGE"].read_text() == script["page"]()
