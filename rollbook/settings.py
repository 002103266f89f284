"""Django's settings, all derived from `rollbook.config`."""

from pathlib import Path

from csp.constants import NONE, SELF

from rollbook import database, production
from rollbook.config import config, mail_server

production.refuse_unsafe(config)
production.name_unknown_variables()

HERE = Path(__file__).parent

DEBUG = False
SECRET_KEY = config.django_secret_key
ALLOWED_HOSTS = config.allowed_hosts
ROOT_URLCONF = "rollbook.urls"
WSGI_APPLICATION = "rollbook.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "procrastinate.contrib.django",
    "rollbook.schools",
    "rollbook.students",
    "rollbook.sync",
    "rollbook.web",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

MIDDLEWARE = [
    # These four come first, so that every answer has their headers, whoever gives it.
    "rollbook.web.operations.no_store.NoStore",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "rollbook.web.operations.body_bound.BodyBound",
    "rollbook.web.operations.closed_scope.ClosedScope",
    "rollbook.web.operations.healthz.Health",
    "rollbook.web.operations.metrics.Metrics",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "rollbook.web.account.session_ends.SessionEnds",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "rollbook.web.private_search.PrivateSearch",
    "allauth.account.middleware.AccountMiddleware",
    "rollbook.web.account.second_factor.SecondFactorRequired",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

FILE_UPLOAD_HANDLERS = ["rollbook.web.imports.upload_limit.LimitedUpload"]

if config.database_url is None:
    from rollbook.embedded import server

    EMBEDDED_URL = server.url_of(config.data_dir)
    DATABASES = database.connections(config, EMBEDDED_URL)
else:
    DATABASES = database.connections(config)
DATABASE_ROUTERS: list[str] = []
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "schools.User"
AUTH_PASSWORD_VALIDATORS = [{"NAME": "rollbook.schools.passwords.PasswordRule"}]
PASSWORD_RESET_TIMEOUT = 3600
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"

# allauth leads through the steps of a sign-in and keeps the second factors. Its own limits are off:
# `schools.slow_down` counts tries. People come by invitation only.
ACCOUNT_ADAPTER = "rollbook.web.account.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_FORMS = {"reauthenticate": "rollbook.web.account.second_factor_forms.ConfirmPasswordForm"}
MFA_ADAPTER = "rollbook.web.account.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an invitation has proved the address
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds that a phone's clock may be off
MFA_FORMS = {
    "authenticate": "rollbook.web.account.second_factor_forms.CodeForm",
    "reauthenticate": "rollbook.web.account.second_factor_forms.ConfirmCodeForm",
    "activate_totp": "rollbook.web.account.second_factor_forms.NewTotpForm",
    "add_webauthn": "rollbook.web.account.passkey_forms.NewPasskeyForm",
    "authenticate_webauthn": "rollbook.web.account.passkey_forms.UsePasskeyForm",
    "login_webauthn": "rollbook.web.account.passkey_forms.PasskeySignInForm",
    "reauthenticate_webauthn": "rollbook.web.account.passkey_forms.ConfirmPasskeyForm",
}

LANGUAGE_CODE = "en"
# The languages whose translations are complete. Without this list Django offers all of its own, and
# a German browser gets German dates on an English page.
LANGUAGES = [("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = config.data_dir / "static"
if not config.production:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns about a missing folder
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if config.production
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not config.production

SESSION_COOKIE_AGE = (
    12 * 3600
)  # of the cookie; rollbook.web.account.session_ends counts from the sign-in
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = config.public_url.startswith("https://")
# Browsers take a cookie with this prefix from this very host only, over https and for all paths: a
# page on another host of the school's domain can't plant one. `app.js` knows the name too.
COOKIE_PREFIX = "__Host-" if SESSION_COOKIE_SECURE else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
MESSAGE_STORAGE = "rollbook.web.message_cookie.Messages"
CSRF_TRUSTED_ORIGINS = [config.public_url]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000 if config.production else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

EMAIL_BACKEND, _smtp = mail_server(config.email_url)
globals().update(_smtp)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = config.email_from
EMAIL_TIMEOUT = 20

# The job queue is a set of wake-up calls; its tables live in the same database.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = None
PROCRASTINATE_IMPORT_PATHS = ["rollbook.sync.worker.tasks"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"text": {"()": "rollbook.logs.Text"}, "json": {"()": "rollbook.logs.Json"}},
    "filters": {"bad_requests": {"()": "rollbook.logs.BadRequestsInOneLine"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": config.log_format,
            "filters": ["bad_requests"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "rollbook": {"level": "INFO"},
        # Django's own handlers would mail or print exceptions with their messages.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
    },
}
