"""The second factor of staff: who needs one, and that nothing else opens without it."""

from collections.abc import Callable
from typing import Any, Final, cast

from allauth.account.signals import authentication_step_completed
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_used
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django_htmx.http import HttpResponseClientRedirect

from rollbook.config import config
from rollbook.schools import staff_sessions
from rollbook.schools.models import User
from rollbook.web import freshness
from rollbook.web.account import browsers
from rollbook.web.session_keys import SECOND_FACTOR

LAST_STEP: Final = "last_step"  # in an app's data: the last step of 30 seconds that was used

# The pages that open before the second factor is set up. Everything else leads to `security`.
OPEN: Final = frozenset(
    {
        *("mfa_index", "sign-in", "sign-out", "mfa_activate_totp", "mfa_add_webauthn"),
        "staff-invitation",  # opens no school; whoever accepts still needs a second factor
        *("mfa_view_recovery_codes", "account_reauthenticate", "mfa_reauthenticate"),
        *("mfa_reauthenticate_webauthn", "mfa_authenticate", "mfa_login_webauthn"),
    }
)


class SecondFactorRequired:
    """Lets a person without a second factor open nothing but the pages that set one up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        _connect()  # here, because only the web needs it

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, arguments: Any, options: Any
    ) -> HttpResponse | None:
        """Return a redirect to the set-up, or None to go on."""
        page = request.resolver_match.url_name if request.resolver_match else ""
        if page in OPEN or not is_missing(request):
            return None
        if request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(resolve_url("security"))
        return redirect("security")


def _connect() -> None:
    """Let each use of a second factor be noted in the session."""
    authenticator_used.connect(_note_use, dispatch_uid="rollbook.second_factor.used")
    authenticator_added.connect(_note_use, dispatch_uid="rollbook.second_factor.added")
    user_logged_in.connect(_note_session, dispatch_uid="rollbook.second_factor.session")
    authentication_step_completed.connect(
        _note_step, dispatch_uid="rollbook.second_factor.confirmed"
    )


def is_missing(request: HttpRequest) -> bool:
    """Whether staff are signed in who need a second factor and have not used one."""
    if not config.needs_second_factor or not request.user.is_authenticated:
        return False
    return bool(request.session.get(SECOND_FACTOR) != str(request.user.pk))


def note_new_app(request: HttpRequest) -> None:
    """Note that a person has set up an authenticator app, whose first code signs nobody in."""
    user = cast(User, request.user)
    row = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    row.data[LAST_STEP] = max(list(yield_hotp_counters_from_time())[:-1])
    row.save(update_fields=["data"])
    request.session[SECOND_FACTOR] = str(user.pk)


def may_remove(authenticator: Authenticator) -> bool:
    """Whether a second factor may go: another is left, or none is needed."""
    if not config.needs_second_factor:
        return True
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        return True
    return bool(_usable(authenticator.user_id).exclude(pk=authenticator.pk).exists())


def _usable(user_id: Any) -> Any:
    factors = Authenticator.objects.filter(user_id=user_id)
    return factors.exclude(type=Authenticator.Type.RECOVERY_CODES)


def _note_session(sender: Any, request: HttpRequest, user: User, **options: Any) -> None:
    if not request.session.session_key:
        request.session.create()
    staff_sessions.begin(str(request.session.session_key), user, browsers.words_of(request))


def _note_use(sender: Any, request: HttpRequest, user: User, **options: Any) -> None:
    request.session[SECOND_FACTOR] = str(user.pk)


def _note_step(sender: Any, request: HttpRequest, **options: Any) -> None:
    if options.get("reauthenticated"):
        freshness.note_proof(request)
