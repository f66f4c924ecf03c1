"""The only settings file. `DATABASE_URL` unset means development on embedded servers; set, production."""

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
from config.embedded import AT_ONCE, Servers, forget_foreign_settings
from config.logs import logging_of_the_environment

BASE_DIR = env.CHECKOUT
DATA_DIR = (BASE_DIR / env.text("DATA_DIR", ".data")).resolve()
DEVELOPMENT = not env.text("DATABASE_URL")
SERVERS = Servers(DATA_DIR)
if DEVELOPMENT:
    forget_foreign_settings()
METRICS_DIR = DATA_DIR / "metrics"
EMBEDDED = {"postgres": DEVELOPMENT, "valkey": not env.text("REDIS_URL")}


def development_key() -> str:
    """A key made once and kept in the data folder, so that sessions survive a restart."""
    path = DATA_DIR / "secret-key"
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=DATA_DIR) as draft:  # whole before it has its name
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
    *(["config.database_away.answer_503"] if DEBUG else []),
    "interactions.statement_timeouts.StatementTimeoutMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.request_checks.CheckRequest",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.cache_headers.store_nowhere",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
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
            ]
        },
    }
]


# In seconds but the last, which is in milliseconds: a machine or a network that is gone is noticed. DATABASE_URL may name
# others; over a Unix socket they have no effect. That of a new connection is in `config/postgresql/base.py`.
NETWORK_LIMITS = {
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
DB_POOLER = env.flag("DB_POOLER", False)


def database() -> dict:
    """Django's DATABASES entry: the embedded server's, or that of DATABASE_URL."""
    entry = (
        SERVERS.database
        if DEVELOPMENT
        else environ.Env.db_url_config(env.url("DATABASE_URL", "", ("postgres", "postgresql")))
    )
    entry["OPTIONS"] = NETWORK_LIMITS | entry.get("OPTIONS", {})
    entry |= {"ENGINE": "config.postgresql"}
    entry |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "DISABLE_SERVER_SIDE_CURSORS": DB_POOLER}
    if DB_POOLER:
        entry["OPTIONS"] |= {"prepare_threshold": None}
    return entry


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.url("REDIS_URL", SERVERS.redis_url, ("redis", "rediss", "redis+socket", "unix"))


def client_url(url: str) -> str:
    """The broker's URL as redis-py spells it, where Celery spells otherwise: a socket's scheme and database, TLS options.

    Raises ImproperlyConfigured for options that redis-py does not know.
    """
    spelled = re.sub(
        r"(?<=ssl_cert_reqs=)CERT_\w+",
        lambda word: word[0].removeprefix("CERT_").lower(),
        re.sub("(?<=[?&])virtual_host=", "db=", url.replace("redis+socket://", "unix://")),
    )
    try:
        ConnectionPool.from_url(spelled).make_connection()  # which connects to nothing yet
    except (TypeError, ValueError, RedisError) as error:
        raise ImproperlyConfigured(f"REDIS_URL has a part or an option that is unknown: {error}") from error
    return spelled


REDIS_CLIENT_URL = client_url(REDIS_URL)
REDIS_CLIENT_OPTIONS = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5, "retry": AT_ONCE}

# Nothing needs Django's cache. It would unpickle what it reads, so it is kept out of Redis: who can write there would run
# code here.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
] + [{"NAME": "accounts.passwords.EndTokensOnPasswordChange"}]
CSRF_FAILURE_VIEW = "accounts.decorators.csrf_failure"
MESSAGE_STORAGE = (
    "django.contrib.messages.storage.session.SessionStorage"  # ends with the session, unlike a cookie
)
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "/"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = True  # collectstatic is welcome, not needed
warnings.filterwarnings("ignore", "No directory at", UserWarning)
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024  # above every limit of config.request_limits, which answers 413

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "ALLOWED_VERSIONS": ["1"],  # whatever else the schema is asked for would go into a header as it comes
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    # JSON is what the API speaks; the other two let a POST without a body come as any client sends it.
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
        "enable": "60/min",  # of one user's demo, and so on below
        "generate": "60/min",
        "scenario": "60/min",
        "advance": "20/min",
        "reset": "60/min",
        "switch": "120/min",  # disable, pause, resume and changes of settings
    },
    "NUM_PROXIES": env.number("TRUSTED_PROXIES", 0, least=0, most=10),
    "EXCEPTION_HANDLER": "interactions.problems.problem_handler",
}
TOKEN_DAYS = env.number("TOKEN_DAYS", 30, least=1, most=3650) if env.text("TOKEN_DAYS") else None
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Token",
    "TOKEN_TTL": TOKEN_DAYS and timedelta(days=TOKEN_DAYS),
    "AUTO_REFRESH": False,  # a token that has leaked ends, however much it is used
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Perennial",
    "DESCRIPTION": "A social-engagement inbox with a demo mode that never goes stale.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {"PlatformEnum": "accounts.models.Platform"},
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
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # however long the broker is away
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # what it refuses, such as a write to a full disk, ends no worker
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # whoever can write to the broker could stop the workers
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 3,
    "socket_timeout": 30,
}
# Of a web process, which only sends: a thread is worth more than a message, for which the sweep makes up.
WEB_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 1, "max_retries": 0}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = 2
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BEAT_SCHEDULER = "config.beat:Scheduler"
CELERY_BEAT_CRON_STARTING_DEADLINE = 600
CELERY_BEAT_SYNC_EVERY = 1
CELERY_BEAT_MAX_LOOP_INTERVAL = 5

DEMO_DELIVERY = env.choice("DEMO_DELIVERY", "direct", "http")
DEMO_ALLOWED = env.choice("DEMO_ALLOWED", "all", "staff", "none")
DEMO_MAX_ROWS = env.number("DEMO_MAX_ROWS", 50_000, least=1_000, most=100_000_000)
WEB_THREADS = request_limits.WEB_THREADS
MAIN_APP_URL = env.url("MAIN_APP_URL", f"http://127.0.0.1:{PORT}", ("http", "https"))
METRICS_TOKEN = env.text("METRICS_TOKEN")
LETTER_DAYS = env.number("LETTER_DAYS", 90, least=1, most=3650)

LOGGING = logging_of_the_environment()
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG  # the line at the end says it all
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
DJANGO_STRUCTLOG_CELERY_ENABLED = True

# Everything a page needs is served from here; the browser refuses the rest.
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
    # Programs, load balancers and delivery inside a cluster: by the time it is redirected, a token has been sent in clear.
    SECURE_REDIRECT_EXEMPT = [r"^api/", r"^healthz", r"^readyz", r"^metrics"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    # Whether the domain's other hosts speak HTTPS is not ours to promise.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
