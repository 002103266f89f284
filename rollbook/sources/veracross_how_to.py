"""How a school gets its credentials at Veracross: the steps of the how-to pages of both APIs."""

from typing import Final

from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.base import HowToStep

_ROUTE_TEXT: Final = _(
    "It is the short name of your school: the first part of the path in the address of Axiom. At "
    "axiom.veracross.com/acs it is acs. You can also paste the whole address."
)

V2_STEPS: Final = (
    HowToStep(
        _("Ask Veracross for an API user"),
        _(
            "Your school files a support case with Veracross. Name Rollbook in it, and ask for an "
            "API user that may read students."
        ),
        "veracross-case",
    ),
    HowToStep(
        _("Copy the User Name and the Password"),
        _("Veracross sends you both. The user name mostly begins with api."),
        "veracross-user",
    ),
    HowToStep(_("Find the Client"), _ROUTE_TEXT, "veracross-client"),
)

V3_STEPS: Final = (
    HowToStep(
        _("Make an OAuth application"),
        _(
            "It needs somebody with the role OAuth_App_Admin. A system administrator doesn't have "
            "this role by default. Make one for Rollbook alone: Veracross keeps only ten sign-ins "
            "of an application at a time."
        ),
        "veracross-application",
    ),
    HowToStep(
        _("Switch on two scopes"),
        _(
            "students:list lets Rollbook read the list of students. With students:read it can ask "
            "for one student who is missing in the list. It needs no other scope."
        ),
        "veracross-scopes",
    ),
    HowToStep(
        _("Copy the Client ID and the Client Secret"),
        _("The OAuth application shows both. They work for your school only."),
        "veracross-keys",
    ),
    HowToStep(_("Find the School Route"), _ROUTE_TEXT, "veracross-route"),
)
