"""The commands, as in tests of the command line, and a browser, as in tests of the screens."""

from tests.cli.conftest import inside
from tests.web.conftest import admin, static_root

__all__ = ["admin", "inside", "static_root"]
