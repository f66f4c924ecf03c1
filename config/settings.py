"""The only settings file. `DATABASE_URL` unset: development, on embedded servers. Set: production."""

import contextlib
import logging
import os
import re
import secrets
import tempfile
import warnings
from datetime import timedelta

import environ
from csp import constants as csp
from django.core.exceptions import ImproperlyConfigured
from redis import ConnectionPool, RedisError

from config import environment as env
from config import request_limits
from config.embedded import NO_RETRY, Servers, remove_postgres_variables
from config.logs import logging_from_environment
from demo.engine.transports import TRANSPORTS

BASE_DIR = env.BASE_DIR
DATA_DIR = (BASE_DIR / env.text("DATA_DIR", ".data")).resolve()
DEVELOPMENT = not env.text("DATABASE_URL")
SERVERS = Servers(DATA_DIR)
if DEVELOPMENT:
    remove_postgres_variables()
METRICS_DIR = DATA_DIR / "metrics"
EMBEDDED = {"postgres": DEVELOPMENT, "valkey": not env.text("REDIS_URL")}


def development_key() -> str:
    """A random key, stored in the data folder so that sessions survive a restart."""
    path = DATA_DIR / "secret-key"
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=DATA_DIR) as draft:  # linked below, once complete
            draft.write(secrets.token_urlsafe(50))
            draft.flush()
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text()


DEBUG = env.flag("DEBUG", DEVELOPMENT)
SECRET_KEY = env.text("SECRET_KEY") or (
    development_key() if DEVELOPMENT else env.required("SECRET_KEY", "$(openssl rand -base64 48)")
)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if DEVELOPMENT else "")
if not ALLOWED_HOSTS:
    env.required("ALLOWED_HOSTS", "inbox.example.com")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
PORT = env.port("PORT", 8000)

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "demo",
    "interactions",
    "accounts",
    "config.apps.OperationsConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_htmx",
    "csp",
    "django_structlog",
]
MIDDLEWARE = [
    *(["config.database_unavailable.answer_503"] if DEBUG else []),
    "interactions.statement_timeouts.StatementTimeoutMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.request_checks.CheckRequest",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.cache_headers.forbid_storing",
    "interactions.pages.idle_polls.answer_idle_polls",
    "config.sessionless.ignore_session",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "accounts.time_zones.ActivateTimeZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "demo.dashboard.banner.demo_banner",
            ]
        },
    }
]


# Detect a database host or network that is down. In seconds, the last in milliseconds. DATABASE_URL may override them;
# Unix sockets ignore them. `config/postgresql/base.py` has the timeout of new connections.
KEEPALIVES = {
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
DB_POOLER = env.flag("DB_POOLER", False)


def database() -> dict:
    """Django's DATABASES entry, for DATABASE_URL or the embedded server."""
    entry = (
        SERVERS.database
        if DEVELOPMENT
        else environ.Env.db_url_config(env.url("DATABASE_URL", "", ("postgres", "postgresql")))
    )
    entry["OPTIONS"] = KEEPALIVES | entry.get("OPTIONS", {})
    entry |= {"ENGINE": "config.postgresql"}
    entry |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "DISABLE_SERVER_SIDE_CURSORS": DB_POOLER}
    if DB_POOLER:
        entry["OPTIONS"] |= {"prepare_threshold": None}
    return entry


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.url("REDIS_URL", SERVERS.redis_url, ("redis", "rediss", "redis+socket", "unix"))


def client_url(url: str) -> str:
    """REDIS_URL translated from Celery's syntax to redis-py's: scheme and database of a socket, TLS options.

    Raises ImproperlyConfigured for options that redis-py does not know.
    """
    translated = re.sub(
        r"(?<=ssl_cert_reqs=)CERT_\w+",
        lambda match: match[0].removeprefix("CERT_").lower(),
        re.sub("(?<=[?&])virtual_host=", "db=", url.replace("redis+socket://", "unix://")),
    )
    try:
        ConnectionPool.from_url(translated).make_connection()  # does not connect yet
    except (TypeError, ValueError, RedisError) as error:
        raise ImproperlyConfigured(f"REDIS_URL has an unknown part or option: {error}") from error
    return translated


REDIS_CLIENT_URL = client_url(REDIS_URL)
REDIS_CLIENT_OPTIONS = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5, "retry": NO_RETRY}

# Nothing uses Django's cache. In Redis it would be a risk: it unpickles what it reads, so anyone who can write to Redis
# could run code here.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
] + [{"NAME": "accounts.passwords.EndTokensOnPasswordChange"}]
CSRF_FAILURE_VIEW = "accounts.decorators.csrf_failure"
MESSAGE_STORAGE = (
    "django.contrib.messages.storage.session.SessionStorage"  # deleted with the session, unlike a cookie
)
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "/"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = True  # serves static files without collectstatic
warnings.filterwarnings("ignore", "No directory at", UserWarning)
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024  # above all limits of config.request_limits, which apply first

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    # Otherwise the schema view would copy any requested version into a header.
    "ALLOWED_VERSIONS": ["1"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    # The API's format is JSON. The other two accept a POST without a body with any client's default content type.
    "DEFAULT_PARSER_CLASSES": [
        "interactions.api.parsers.StrictJSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "interactions.api.negotiation.Negotiation",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "config.schema.Schema",
    "DEFAULT_THROTTLE_RATES": {
        "log_in_failures": "10/min",  # for one user name from one address
        "address_failures": "100/min",  # for any user name from one address
        "token": "120/min",  # for one user name from one address
        "webhook_failures": "60/min",  # for one profile from one address
        "bulk": "60/min",  # changes of many threads, for one user
        "enable": "60/min",  # for one user's demo, as all below
        "generate": "60/min",
        "scenario": "60/min",
        "advance": "20/min",
        "reset": "60/min",
        "switch": "120/min",  # disable, pause, resume and changes of settings
    },
    "NUM_PROXIES": env.number("TRUSTED_PROXIES", 0, minimum=0, maximum=10),
    "EXCEPTION_HANDLER": "interactions.problems.problem_handler",
}
TOKEN_DAYS = env.number("TOKEN_DAYS", 30, minimum=1, maximum=3650) if env.text("TOKEN_DAYS") else None
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Token",
    "TOKEN_TTL": TOKEN_DAYS and timedelta(days=TOKEN_DAYS),
    "AUTO_REFRESH": False,  # so that a leaked token expires even if it is in use
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Perennial",
    "DESCRIPTION": "A social-engagement inbox with a demo mode that never goes stale.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "PlatformEnum": "accounts.models.Platform",
        "StateEnum": "demo.models.State",
        "BulkJobStateEnum": "interactions.models.bulk_jobs.BulkJobState",
        "ModerationActionEnum": "interactions.models.moderation.ModerationAction",
        "RuleActionEnum": "interactions.models.inbox_rules.RuleAction",
        "InteractionTypeEnum": "interactions.models.choices.InteractionType",
        "SentimentEnum": "interactions.models.choices.Sentiment",
        "InteractionStatusEnum": "interactions.models.ReadStatus",
        "ThreadStatusEnum": "interactions.models.ThreadStatus",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
}

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://")
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # without limit
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # also after an error reply, such as to a write on a full disk
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # would let anyone who can write to the broker stop workers
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 3,
    "socket_timeout": 30,
}
# Web processes only send, and fail fast: a lost message is made up for by the sweep, a blocked thread is not.
WEB_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 1, "max_retries": 0}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = 2
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BEAT_SCHEDULER = "config.beat:Scheduler"
CELERY_BEAT_CRON_STARTING_DEADLINE = 600
CELERY_BEAT_SYNC_EVERY = 1
CELERY_BEAT_MAX_LOOP_INTERVAL = 5

DEMO_DELIVERY = env.choice("DEMO_DELIVERY", *TRANSPORTS)
DEMO_ALLOWED = env.choice("DEMO_ALLOWED", "all", "staff", "none")
DEMO_MAX_ROWS = env.number("DEMO_MAX_ROWS", 50_000, minimum=1_000, maximum=100_000_000)
WEB_THREADS = request_limits.WEB_THREADS
MAIN_APP_URL = env.url("MAIN_APP_URL", f"http://127.0.0.1:{PORT}", ("http", "https"))
METRICS_TOKEN = env.text("METRICS_TOKEN")
LETTER_DAYS = env.number("LETTER_DAYS", 90, minimum=1, maximum=3650)

LOGGING = logging_from_environment()
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG  # the line at the end of the request suffices
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
DJANGO_STRUCTLOG_CELERY_ENABLED = True

# Pages load everything from this server; the browser blocks the rest.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp.NONE],
        "script-src": [csp.SELF],
        "style-src": [csp.SELF],
        "img-src": [csp.SELF, "data:"],
        "font-src": [csp.SELF],
        "connect-src": [csp.SELF],
        "form-action": [csp.SELF],
        "frame-ancestors": [csp.NONE],
        "base-uri": [csp.NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

HTTPS = env.flag("HTTPS", not DEBUG)
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    # For programs, load balancers and delivery inside a cluster. A redirect would not protect a token: it was already sent.
    SECURE_REDIRECT_EXEMPT = [r"^api/", r"^healthz", r"^readyz", r"^metrics"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    # These ask for HSTS on all subdomains, but it is unknown whether the domain's other hosts serve HTTPS.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
