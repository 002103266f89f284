"""What all tests share: the environment, one hypothesis profile, and Django where it is needed.

`tests/roster` and `tests/sources` run without Django. The first module of another folder loads it
with the fixtures of `tests.fixtures`.
"""

import os
import sys
from pathlib import Path

import hypothesis
import pytest
from pytest_django.plugin import blocking_manager_key

from tests import environment

WITHOUT_DJANGO = (Path(__file__).parent / "roster", Path(__file__).parent / "sources")
EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "15"))  # of each law; `make laws` plays many

_OWNS_FOLDER = pytest.StashKey[bool]()

hypothesis.settings.register_profile(
    "rollbook", max_examples=EXAMPLES, deadline=None, database=None
)
hypothesis.settings.load_profile("rollbook")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.stash[_OWNS_FOLDER] = environment.prepare()
    sys.addaudithook(environment.refuse_other_machines)


def pytest_unconfigure(config: pytest.Config) -> None:
    if config.stash[_OWNS_FOLDER]:
        environment.remove()


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Load Django before the first module is imported that may import a model."""
    if not isinstance(collector, pytest.Module):
        return
    if any(collector.path.is_relative_to(folder) for folder in WITHOUT_DJANGO):
        return
    plugins = collector.config.pluginmanager
    if not plugins.has_plugin("tests.fixtures"):
        os.environ["DJANGO_SETTINGS_MODULE"] = "rollbook.settings"
        plugins.import_plugin("tests.django_setup")
        plugins.import_plugin("tests.fixtures")
        collector.config.stash[blocking_manager_key].block()
