"""Settings from the environment (table in docs/configuration.md).

Order of precedence: the environment, `.env` beside manage.py, and the files that `make up` wrote under DATA_DIR:
`service.env` (generated secrets) and `servers.env` (addresses of its servers).
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import django_stubs_ext
import environ
from django.core.exceptions import ImproperlyConfigured

from apikeys.limits import check_rate, parse_tiers
from apikeys.secrets import parse_peppers
from core.monitoring import metric_folder
from memories.languages import parse_languages
from memproject import openapi_settings

django_stubs_ext.monkeypatch()  # allows `ModelAdmin[Tenant]` at runtime, not only for the type checker

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")
DATA_DIR = Path(env.str("DATA_DIR", ".data"))
DATA_DIR = DATA_DIR if DATA_DIR.is_absolute() else BASE_DIR / DATA_DIR
environ.Env.read_env(DATA_DIR / "service.env")
environ.Env.read_env(DATA_DIR / "servers.env")

# --- the process -----------------------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", False)
# Without them management commands run, but serving is refused (`checks.refuse_unsafe`).
SECRET_KEY = env.str("SECRET_KEY", "") or "unset"
KEY_PEPPERS = parse_peppers(env.str("KEY_PEPPERS", "") or "0:unset")
HAS_SECRETS = SECRET_KEY != "unset" and 0 not in KEY_PEPPERS  # noqa: S105  (the word for none)

API_HOST = env.str("API_HOST", "127.0.0.1")
API_PORT = env.int("API_PORT", 8080)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
WEB_PROCESSES = env.int("WEB_PROCESSES", 2)
WEB_THREADS = env.int("WEB_THREADS", 8)
PIPELINE_PROCESSES = env.int("PIPELINE_PROCESSES", 1)  # for the command line of the pipeline worker
IS_WORKER = env.bool("MEMPROJECT_WORKER", False)  # set by the worker's command line, not by operators
# A Celery process serves no pages: the admin's classes and their imports are not loaded there.
SERVES_PAGES = env.bool("MEMPROJECT_PAGES", True)  # set by the command line of a worker
IS_WEB = env.bool("MEMPROJECT_WEB", False) and not IS_WORKER  # set by memproject/gunicorn.py
BEHIND_TLS_PROXY = env.bool("BEHIND_TLS_PROXY", False)

INSTALLED_APPS = [
    "django.contrib.admin" if SERVES_PAGES else "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "memproject.apps.MemprojectConfig",
    "core.idempotency",
    "apikeys",
    "webhooks",
    "entities",
    "memories",
]
MIDDLEWARE = [
    "core.http.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # the last one: it replaces the response to a login that is locked out
]
ROOT_URLCONF = "memproject.urls"
WSGI_APPLICATION = "memproject.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "core" / "http" / "templates"],  # core/http is no app
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
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS_PROXY

# --- logins of the admin ---------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# In the database, which the admin needs anyway: a Redis that is unavailable or emptied must not unlock a login.
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = ["ip_address"]  # with a limit by user name, anybody could lock the operator out
AXES_CLIENT_IP_CALLABLE = "core.http.client_address.client_address"
AXES_LOCKOUT_CALLABLE = "core.http.lockout.locked_out"
AXES_RESET_ON_SUCCESS = True
# An attempt during a lockout writes no row, so that a flood of attempts costs one read each.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False


# --- PostgreSQL ------------------------------------------------------------------------------------------------------
PREPARED_STATEMENTS = env.bool("PREPARED_STATEMENTS", True)
STATEMENT_TIMEOUT_SECONDS = env.float("STATEMENT_TIMEOUT_SECONDS", 30.0)


def database(url: str) -> dict[str, object]:
    """DATABASE_URL in Django's form: `postgresql://user:password@host:port/name?option=value`.

    `host` may also be an option, for the folder of a Unix socket.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://")
    options: dict[str, object] = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    options["prepare_threshold"] = 2 if PREPARED_STATEMENTS else None  # uses; only for postgres/fetch.py
    if IS_WEB and STATEMENT_TIMEOUT_SECONDS:  # options of the URL come later and override these
        limit = f"-c statement_timeout={round(STATEMENT_TIMEOUT_SECONDS * 1000)}"
        options["options"] = f"{limit} {options.get('options', '')}".strip()
    host = options.pop("host", None) or unquote(parts.hostname or "")
    pool = {"min_size": 1, "max_size": WEB_THREADS + 2, "timeout": 5}
    return {
        "ENGINE": "core.postgres",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or options.pop("port", "")),
        "OPTIONS": options if IS_WORKER else {**options, "pool": pool},
        # Web processes keep connections in a pool; a worker keeps its one connection between tasks.
        "CONN_MAX_AGE": 600 if IS_WORKER else 0,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": database(env.str("DATABASE_URL", "postgresql://postgres@localhost/memproject"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis and Celery ------------------------------------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", "redis://localhost:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "SOCKET_CONNECT_TIMEOUT": 0.3,
            "SOCKET_TIMEOUT": 1,
            "REDIS_CLIENT_CLASS": "core.redis.RedisClient",
        },
    },
    # In the memory of each process: entries that save a request to Redis.
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}},
}


def broker(url: str) -> str:
    """The URL of Redis in Celery's form, which differs for a Unix socket."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    return f"redis+socket://{parts.path}?virtual_host={parse_qs(parts.query).get('db', ['0'])[-1]}"


CELERY_BROKER_URL = broker(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
# A message may be lost: rows have the due times, and the sweeps enqueue them again. So messages are acknowledged when
# they are taken, without bookkeeping of the broker, and a busy worker prefetches none.
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "bulk"
CELERY_DB_REUSE_MAX = 1000
# Seconds for every task without limits of its own (memories.tasks has them). The clean-up, an erasure and the archive
# work in committed batches, and continue in their next run.
CELERY_TASK_SOFT_TIME_LIMIT = 600
CELERY_TASK_TIME_LIMIT = 660
# Publishing never blocks a request: the sweep enqueues rows whose message was lost.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 1,
    "socket_connect_timeout": 0.3,
    "max_retries": 0,
    "ack_emulation": False,
    "priority_steps": [0],
    "queue_order_strategy": "priority",  # a worker of `store,bulk` takes `bulk` when `store` is empty
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None

# --- who may call ----------------------------------------------------------------------------------------------------
API_KEY = env.str("API_KEY", "")
MASTER_KEY = env.str("MASTER_KEY", "")
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
AUTH_ENABLED = env.bool("AUTH_ENABLED", env.bool("REMEMBRA_AUTH_ENABLED", True))
DEV_KEYS = env.bool("DEV_KEYS", False)
RATE_LIMITS_ENABLED = env.bool("RATE_LIMITS_ENABLED", True)
RATE_LIMITS = {
    group: check_rate(f"RATE_LIMITS_{group.upper()}", rate)
    for group, rate in {
        "v1": env.str("RATE_LIMITS_V1", "100/m"),
        "burst": env.str("RATE_LIMITS_BURST", "20/10s"),
        "store": env.str("RATE_LIMITS_STORE", "30/m"),
        "recall": env.str("RATE_LIMITS_RECALL", "60/m"),
        "delete": env.str("RATE_LIMITS_DELETE", "10/m"),
        "other": env.str("RATE_LIMITS_OTHER", "120/m"),
    }.items()
}
RATE_LIMITS_FAILED_KEYS = check_rate("RATE_LIMITS_FAILED_KEYS", env.str("RATE_LIMITS_FAILED_KEYS", "20/m"))
RATE_LIMIT_TIERS = parse_tiers(env.str("RATE_LIMIT_TIERS", ""))

# --- what may be sent, and how long a store waits --------------------------------------------------------------------
DEFAULT_USER_ID = env.str("DEFAULT_USER_ID", "default")
MAX_MEMORY_SIZE = env.int("MAX_MEMORY_SIZE", 1_000_000)
MAX_BODY_SIZE = env.int("MAX_BODY_SIZE", 5_000_000)
MCP_ALLOWED_ORIGINS = env.list("MCP_ALLOWED_ORIGINS", default=[])  # of web pages that may call /mcp
MAX_BATCH_BODY_SIZE = env.int("MAX_BATCH_BODY_SIZE", 24_000_000)
DATA_UPLOAD_MAX_MEMORY_SIZE = max(MAX_BODY_SIZE, MAX_BATCH_BODY_SIZE)
STRICT_MODE = env.bool("STRICT_MODE", False)
ARCHIVE_DECAYED = env.bool("ARCHIVE_DECAYED", False)
SEARCH_LIMIT = env.int("SEARCH_LIMIT", 50)
STORE_WAIT_SECONDS = env.float("STORE_WAIT_SECONDS", 10.0)
LEASE_SECONDS = env.float("LEASE_SECONDS", 30.0)
# The time limit of an attempt to apply writes: writes that requests may wait for, and long ones.
STORE_TIME_LIMIT_SECONDS = env.float("STORE_TIME_LIMIT_SECONDS", 30.0)
WRITE_TIME_LIMIT_SECONDS = env.float("WRITE_TIME_LIMIT_SECONDS", 300.0)

# --- languages -------------------------------------------------------------------------------------------------------
PROJECT_LANGUAGES = parse_languages(env.str("PROJECT_LANGUAGES", ""))

# --- embedding -------------------------------------------------------------------------------------------------------
EMBEDDING_PROVIDER = env.str("EMBEDDING_PROVIDER", "local")
EMBEDDING_MODEL_DIR = env.str("EMBEDDING_MODEL_DIR", "") or str(DATA_DIR / "models")
EMBEDDING_BASE_URL = env.str("EMBEDDING_BASE_URL", "")
EMBEDDING_API_KEY = env.str("EMBEDDING_API_KEY", "")
EMBEDDING_MODEL = env.str("EMBEDDING_MODEL", "all-MiniLM-L6-v2")
EMBEDDING_DIM = env.int("EMBEDDING_DIM", 384)
EMBEDDING_THREADS = env.int("EMBEDDING_THREADS", 1)
TOKEN_EMBEDDINGS = env.bool("TOKEN_EMBEDDINGS", True)
RERANK_DEFAULT = env.bool("RERANK_DEFAULT", True)
RANKING_PROFILES = env.bool("RANKING_PROFILES", False)
QUESTION_CACHE_SIZE = env.int("QUESTION_CACHE_SIZE", 1000)
RECALL_SNAPSHOT_MB = env.int("RECALL_SNAPSHOT_MB", 128)  # of a web process; 0: every recall searches the database

# --- what a text states: the pinned English pipeline, another one of spaCy's by name or path, or "" for sentences alone
SPACY_MODEL = env.str("SPACY_MODEL", "en_core_web_sm")

# --- a language model that reads texts instead of the rules: none, openai_compatible or ollama ------------------------
LLM_PROVIDER = env.str("LLM_PROVIDER", "")
LLM_BASE_URL = env.str("LLM_BASE_URL", "")
LLM_API_KEY = env.str("LLM_API_KEY", "")
LLM_MODEL = env.str("LLM_MODEL", "")
LLM_TIMEOUT_SECONDS = env.float("LLM_TIMEOUT_SECONDS", 30.0)
LLM_INPUT_CHARACTERS = env.int("LLM_INPUT_CHARACTERS", 24_000)

# --- webhooks --------------------------------------------------------------------------------------------------------
WEBHOOK_ALLOW_PRIVATE = env.bool("WEBHOOK_ALLOW_PRIVATE", False)
WEBHOOK_TIMEOUT_SECONDS = env.float("WEBHOOK_TIMEOUT_SECONDS", 10.0)

# --- the graph: off without an address -------------------------------------------------------------------------------
NEO4J_URI = env.str("NEO4J_URI", "")
NEO4J_USER = env.str("NEO4J_USER", "neo4j")
NEO4J_PASSWORD = env.str("NEO4J_PASSWORD", "")
NEO4J_TIMEOUT_SECONDS = env.float("NEO4J_TIMEOUT_SECONDS", 2.0)

# --- the API and its documentation -----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apikeys.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["apikeys.api.permissions.NothingWithoutScope"],
    "DEFAULT_THROTTLE_CLASSES": ["apikeys.api.throttles.KeyThrottle", "apikeys.api.disk_space.DiskSpace"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.http.parsers.StrictJSONParser", "core.http.parsers.CurlJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "core.http.schema.Schema",
    "EXCEPTION_HANDLER": "core.http.exception_handler.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "COERCE_DECIMAL_TO_STRING": False,
}
SPECTACULAR_SETTINGS = openapi_settings.SETTINGS

# --- numbers: one folder for all processes (core/monitoring/multiprocess.py) -----------------------------------------
METRICS_DIR = env.str("METRICS_DIR", "") or str(metric_folder.folder_of(DATA_DIR))

# --- the disk of PostgreSQL, where it is on this machine -------------------------------------------------------------
POSTGRES_DIR = env.str("POSTGRES_DIR", "")
MIN_FREE_DISK_MB = env.int("MIN_FREE_DISK_MB", 512)

# Written by the supervisor of `make up`, which sets this variable; not a setting for operators.
SUPERVISOR_REPORT = env.str("MEMPROJECT_SUPERVISOR", "")

# --- logs: ids, routes and times; never text, queries or keys --------------------------------------------------------
LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "core.monitoring.logs.LogFormatter", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # Django's own request lines contain the path with its query; ours contain the route.
        "django.request": {"level": "CRITICAL"},
        "django.server": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},  # it logs whole URLs
        "mcp": {"level": "CRITICAL"},  # it quotes headers and messages of clients
        "neo4j": {"level": "CRITICAL"},  # it quotes statements and messages of the server
        "axes": {"level": "CRITICAL"},  # it quotes user names, which may be passwords in the wrong field
        "celery": {"level": "WARNING"},
        # It quotes exceptions; memproject.celery logs the failure of a task with its place.
        "celery.app.trace": {"level": "CRITICAL"},
    },
}

SILENCED_SYSTEM_CHECKS: list[str] = []
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
