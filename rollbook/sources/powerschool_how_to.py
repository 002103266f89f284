"""How a school gets its credentials in PowerSchool: the steps of the how-to page."""

from typing import Final

from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.base import HowToStep

STEPS: Final = (
    HowToStep(
        _("Install the plugin"),
        _(
            "Download the plugin, rollbook-plugin.zip. In PowerSchool, open System > System "
            "Settings > Plugin Management Configuration. Install the zip there."
        ),
        "powerschool-install",
    ),
    HowToStep(
        _("Approve the fields"),
        _(
            "PowerSchool lists the fields that the plugin asks for. All of them are for viewing "
            "only. Approve them."
        ),
        "powerschool-approve",
    ),
    HowToStep(
        _("Tick Enable"),
        _(
            "Installing is not enough. Until the plugin is enabled, PowerSchool refuses its Client "
            "ID and Client Secret."
        ),
        "powerschool-enable",
    ),
    HowToStep(
        _("Copy the Client ID and the Client Secret"),
        _(
            "PowerSchool makes both when the plugin is enabled. They are on the plugin's Data "
            "Provider Configuration page. The v1 access level must be READ; an administrator may "
            "have changed it there."
        ),
        "powerschool-credentials",
    ),
    HowToStep(
        _("Copy the address"),
        _(
            "The Client URL is the address at which you open PowerSchool in the browser. Only its "
            "first part counts, up to the first single slash."
        ),
        "powerschool-address",
    ),
    HowToStep(
        _("Later: install a newer version over the old one"),
        _(
            "Client ID and Client Secret then stay the same. If you delete the plugin and install "
            "it again, PowerSchool makes new ones."
        ),
    ),
)
