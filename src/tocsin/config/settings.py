"""Django's settings, all from :class:`tocsin.config.env.Env`."""

import secrets
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict

from tocsin.config.env import Env, oidc_origins
from tocsin.core.crypto.files import write_once

ENV = Env.load()


def _secret(path: Path) -> str:
    """A secret made once and kept in a file only we can read."""
    if path.exists():
        return path.read_text()
    return write_once(path, secrets.token_urlsafe(48).encode()).decode()


def _database(url: str) -> dict[str, object]:
    parts = conninfo_to_dict(url)
    known = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    options = {key: value for key, value in parts.items() if key not in known}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{setting: str(parts[key]) for key, setting in known.items() if parts.get(key)},
        "OPTIONS": options,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


TOCSIN_HOME = str(ENV.home)
TOCSIN_KEYS = ENV.keys
#: A demonstration on this machine: one-click sign-in for every role, from this machine only.
TOCSIN_DEMO = ENV.demo
TOCSIN_EVIDENCE_URL = ENV.evidence_url
TOCSIN_PUBLIC_URL = ENV.public_url
TOCSIN_LIVE_URL = ENV.live_url
TOCSIN_DECIDE_URL = ENV.decide_url
TOCSIN_OUTBOUND_ALLOW = ENV.outbound_allow
TOCSIN_SMTP_URL = ENV.smtp_url
TOCSIN_TSA_URL = ENV.tsa_url
TOCSIN_LINE_CARRIERS = ENV.line_carriers
TOCSIN_LINE_ARCHIVES = ENV.line_archives
TOCSIN_CLAMD = ENV.clamd
#: Where the marketplace is at home: the law, the emergency number and the hours that hold when nothing says
#: better.
TOCSIN_REGION = ENV.region
TOCSIN_ZONE = ENV.zone
TOCSIN_BRAND = ENV.brand
#: Where the button "leave this page quickly" of the help centre leads: somewhere nobody asks about.
TOCSIN_QUICK_EXIT_URL = ENV.quick_exit_url
#: How many reverse proxies of ours stand in front; see ``client_address.py``.
TOCSIN_PROXIES = ENV.proxies
TOCSIN_RULES_DIR = str(ENV.rules_dir)
TOCSIN_DECIDE_LOG = str(ENV.home / "decide")
#: Personal data is masked and caps apply; these are numbers an operator may change without a code change.
TOCSIN_EXPORT_CAP = 200
TOCSIN_REVIEW_CAPACITY = ENV.review_capacity
TOCSIN_EVIDENCE_MAX_BYTES = 25 * 1024 * 1024

SECRET_KEY = _secret(ENV.home / "keys" / "django-secret")
DEBUG = ENV.debug
ALLOWED_HOSTS = ["*"] if ENV.debug else ENV.allowed_hosts
CSRF_TRUSTED_ORIGINS = [ENV.public_url]
DATABASES = {"default": _database(ENV.database_url_for_role)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "pghistory",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "django_htmx",
    "tocsin.core",
    "tocsin.domains.people",
    "tocsin.domains.staff",
    "tocsin.domains.policies",
    "tocsin.domains.reports",
    "tocsin.domains.detection",
    "tocsin.domains.scores",
    "tocsin.domains.lists",
    "tocsin.domains.rules",
    "tocsin.domains.detectors",
    "tocsin.domains.indicators",
    "tocsin.domains.verification",
    "tocsin.domains.cases",
    "tocsin.domains.questions",
    "tocsin.domains.line",
    "tocsin.domains.enforcement",
    "tocsin.surfaces.ui",
    "tocsin.surfaces.help",
    "tocsin.surfaces.api",
    "tocsin.surfaces.console",
]

MIDDLEWARE = [
    "tocsin.config.client_address.ClientAddressMiddleware",
    "tocsin.surfaces.ui.middleware.ServerTimingMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tocsin.surfaces.ui.middleware.DomainErrorMiddleware",
]

ROOT_URLCONF = "tocsin.config.urls"
WSGI_APPLICATION = "tocsin.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parents[1] / "surfaces" / "ui" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "tocsin.surfaces.ui.context.chrome",
                "tocsin.surfaces.console.context.console",
            ],
        },
    }
]

# Who gets in: password plus a second factor, or a passkey; OIDC when the operator configures it.
AUTH_USER_MODEL = "staff.Staff"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/console/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_ADAPTER = "tocsin.surfaces.console.accounts.StaffAdapter"
SOCIALACCOUNT_ADAPTER = "tocsin.surfaces.console.accounts.StaffSocialAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = ENV.debug or ENV.public_url.startswith("http://")
MFA_TOTP_ISSUER = "Tocsin"
MFA_TOTP_TOLERANCE = 1  # a code that ran out while it was typed still counts (RFC 6238, 5.2)
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": ENV.oidc_apps}} if ENV.oidc_apps else {}

SESSION_COOKIE_AGE = 9 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.public_url.startswith("https://")
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "tocsin.surfaces.ui.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 400
DATA_UPLOAD_MAX_NUMBER_FILES = 10

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "media-src": [SELF],
        "connect-src": [SELF, ENV.live_url],
        # single sign-on: the form posts here, and the answer leads on to the identity provider
        "form-action": [SELF, *(origin for app in ENV.oidc_apps for origin in oidc_origins(app))],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [Path(__file__).parents[1] / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = ENV.home / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = ENV.debug

PGHISTORY_INSTALL_CONTEXT_FUNC_ON_MIGRATE = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "tocsin.core.faults.Line",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"django.request": {"level": "ERROR"}, "httpx": {"level": "WARNING"}},
}
