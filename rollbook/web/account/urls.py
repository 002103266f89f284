"""Addresses of signing in and of a person's own security. The names with mfa_ are allauth's."""

from django.urls import path

from rollbook.web import step_up
from rollbook.web.account import reset, security
from rollbook.web.account.sign_in import sign_in, sign_out

of_signing_in = [
    path("sign-in/", sign_in, name="sign-in"),
    path("sign-in/", sign_in, name="account_login"),
    path("sign-in/second-factor/", security.second_factor_code, name="mfa_authenticate"),
    path("sign-in/passkey/", security.passkey_sign_in, name="mfa_login_webauthn"),
    path("sign-out/", sign_out, name="sign-out"),
    path("forgot/", reset.forgot_password, name="forgot"),
    path("reset/done/", reset.reset_done, name="reset-done"),
    path("reset/<str:uidb64>/<str:token>/", reset.reset_password, name="reset"),
    path("confirm/", security.confirm_password, name="account_reauthenticate"),
    path("confirm/code/", security.confirm_code, name="mfa_reauthenticate"),
    path("confirm/passkey/", security.confirm_passkey, name="mfa_reauthenticate_webauthn"),
    path("confirm/go-on/", step_up.go_on, name="go-on"),
    path("security/", security.security, name="mfa_index"),
    path("security/", security.security, name="mfa_list_webauthn"),
    path("security/", security.security, name="security"),
    path("security/sessions/end/", security.end_sessions, name="end-sessions"),
    path("security/app/", security.totp_add, name="mfa_activate_totp"),
    path("security/app/remove/", security.totp_remove, name="mfa_deactivate_totp"),
    path("security/passkeys/add/", security.passkey_add, name="mfa_add_webauthn"),
    path("security/passkeys/<int:pk>/remove/", security.passkey_remove, name="mfa_remove_webauthn"),
    path("security/codes/", security.recovery_codes, name="mfa_view_recovery_codes"),
    path("security/codes/new/", security.recovery_codes_new, name="mfa_generate_recovery_codes"),
]
