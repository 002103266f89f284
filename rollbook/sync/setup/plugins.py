"""The plugin of ours that a school installs in its SIS, where the SIS has plugins."""

from rollbook.schools import clock
from rollbook.sources.base import Source
from rollbook.sync.models import Integration


def plugin_zip(source: Source, integration: Integration | None = None) -> bytes | None:
    """Return the zip to install; None where the SIS has no plugins.

    It reads the fields of the integration's mapping, and those of the usual one where there is no
    integration yet.
    """
    if source.plugin is None:
        return None
    fields: set[str] = set()
    if integration is not None:
        fields = {source_field for source_field, _field in integration.mapping}
        fields |= {source.grade_field, source.school_field}
    return source.plugin(frozenset(fields), clock.now())
