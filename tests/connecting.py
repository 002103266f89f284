"""Connecting a school of a test with a stand-in."""

from typing import Any

from rollbook.schools import clock
from rollbook.schools.models import School, User
from rollbook.standins.standin import StandIn
from rollbook.sync.models import CheckState, ConnectionTest, Integration
from rollbook.sync.setup import integrations, proofs


def connected(school: School, by: User | None, sis: StandIn, **more: Any) -> Integration:
    """Return PowerSchool connected to a stand-in: grades 9 to 12 and live, but for `more`."""
    usual: dict[str, Any] = {
        "source": "powerschool",
        "variant": "",
        "choices": {},
        "credentials": {
            "client_id": sis.client_id,
            "client_secret": sis.client_secret,
            "client_url": sis.url,
        },
        "grades": [9, 10, 11, 12],
        "active": True,
        "test_run": False,
        "notify_on_errors": True,
    }
    settings = integrations.ConnectionSettings(**usual | more)
    return integrations.save_connection(school, by, settings)


def proved(school: School, source: str, variant: str, **credentials: str) -> None:
    """Let these credentials have passed a connection test, without a SIS."""
    ConnectionTest.objects.create(
        school=school,
        source=source,
        variant=variant,
        connection=proofs.connection_digest(source, variant, credentials),
        state=CheckState.PASSED,
        reading=False,
        started_at=clock.now(),
        touched_at=clock.now(),
    )
