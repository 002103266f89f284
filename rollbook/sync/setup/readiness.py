"""Whether an integration can run: switched on, with readable credentials and with grades."""

from django.utils.translation import gettext as _

from rollbook.sync.models import Integration
from rollbook.sync.refusals import RunRefused
from rollbook.sync.setup import credentials
from rollbook.sync.words.text import translated


def refuse_unready(integration: Integration) -> None:
    """Raise RunRefused where this integration can't run as it is set up."""
    sis = integration.source_type.label
    if not integration.active:
        raise RunRefused(
            "inactive",
            _("Nothing was started, because Active is switched off for %(sis)s.") % {"sis": sis},
            _("Switch Active on in Step 1.1 Configure your SIS, then trigger it again."),
        )
    try:
        stored = credentials.load(integration)
    except credentials.KeyMissing as error:
        raise RunRefused(
            "key_missing",
            str(error),
            _("Enter the credentials again in Step 1.1, or bring the key back."),
        ) from error
    missing = [
        translated(field.label)
        for field in integration.variant_type.credentials
        if field.key not in stored
    ]
    if missing:
        raise RunRefused(
            "credentials_missing",
            _("Nothing was started, because these credentials are not set: %(names)s.")
            % {"names": ", ".join(missing)},
            _("Enter them in Step 1.1 Configure your SIS."),
        )
    if not integration.has_grades:
        raise RunRefused(
            "no_grades",
            _("Nothing was started, because no grade level is chosen."),
            _("Choose the grades to pull in, in Step 1.1 Configure your SIS."),
        )
