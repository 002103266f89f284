"""What all tests share: the environment, one hypothesis profile, and Django where it is needed.

`tests/roster` and `tests/sources` run without Django. For other tests importing this module sets
Django up: the conftest of a folder is imported after this one, so it may import models.
"""

import os
import sys

import hypothesis
import pytest

from tests import environment

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "15"))  # of each law; `make laws` plays many
MADE_FOLDER = environment.prepare(sys.argv[1:])

hypothesis.settings.register_profile(
    "rollbook",
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    # A time limit in disguise: it fails where other work keeps the machine busy.
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("rollbook")

if environment.uses_django():
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "rollbook.settings"
    django.setup()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return the processes of `-n auto`: half as many again as cores.

    Many tests wait for a worker, a server or a browser, and leave a core idle meanwhile.
    """
    return (os.cpu_count() or 2) * 3 // 2


def pytest_configure(config: pytest.Config) -> None:
    sys.addaudithook(environment.refuse_other_machines)
    if environment.uses_django():
        config.pluginmanager.import_plugin("tests.fixtures")


def pytest_unconfigure(config: pytest.Config) -> None:
    if MADE_FOLDER:
        environment.remove()
