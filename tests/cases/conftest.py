"""The commands, as in tests of the command line."""

from tests.cli.conftest import inside

__all__ = ["inside"]
