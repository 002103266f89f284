"""How allauth works here: its steps of a sign-in, and what it stores of second factors."""

from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rollbook.schools import audit, sealing, second_factors
from rollbook.schools.models import AccountMailKind
from rollbook.sync.mail import account
from rollbook.web import freshness
from rollbook.web.account import browsers, second_factor, tries

UNREADABLE: Final = gettext_lazy(
    "The stored secret of this second factor can't be read. Sign in with a passkey, or ask the "
    "operator to remove your second factors."
)


class AccountAdapter(DefaultAccountAdapter):
    """The steps of a sign-in of staff."""

    def get_login_stages(self) -> list[str]:
        """Return the steps between the password and the first page."""
        return ["allauth.mfa.stages.AuthenticateStage"]

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up: people come by invitation."""
        return False

    def is_reauthentication_required(self, *, app: str, **options: Any) -> bool:
        """Whether a change of somebody's second factors needs another proof first."""
        return not freshness.is_fresh(context.request)

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """Answer a passkey of somebody who may not sign in any more."""
        messages.error(request, _("This account is closed. Ask an owner of your school."))
        return redirect("sign-in")

    def add_message(self, request: HttpRequest, *arguments: Any, **options: Any) -> None:
        """Show refusals only: the pages say what has changed."""
        if text := options.get("message"):
            messages.error(request, text)

    def send_notification_mail(self, *arguments: Any, **options: Any) -> None:
        """Send no mail of allauth's."""

    def post_login(self, request: HttpRequest, user: Any, **options: Any) -> HttpResponse:
        """Note the sign-in and its device, once all steps are done."""
        response: HttpResponse = super().post_login(request, user, **options)
        if tries.remember_device(request, response, tries.STAFF, user.email):
            account.write(AccountMailKind.NEW_DEVICE, user, browsers.words_of(request))
        audit.record("signed_in", school=None, actor=user)
        return response


class SecondFactorAdapter(DefaultMFAAdapter):
    """Names and secrets of second factors."""

    def encrypt(self, text: str) -> str:
        return sealing.seal(text, second_factors.PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        """Return a stored secret. Raises ValidationError where no key opens it any more."""
        try:
            return sealing.unseal(encrypted_text, second_factors.PURPOSE)
        except sealing.Unreadable as error:
            raise ValidationError(UNREADABLE, code=second_factors.UNREADABLE) from error

    def get_totp_issuer(self) -> str:
        return "Rollbook"

    def _get_site_name(self) -> str:
        return "Rollbook"

    def build_totp_svg(self, url: str) -> str:
        """Return the picture as a part of a page, which the content security policy allows."""
        svg: str = super().build_totp_svg(url)
        return svg.partition("?>")[2] or svg

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Any) -> str:
        """Return the name that is proposed for the next passkey."""
        number = 1 + Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey %(n)d") % {"n": number}

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """Whether another second factor is left, where everybody needs one."""
        return second_factor.may_remove(authenticator)
