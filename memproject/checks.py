"""Checks that prevent a start with unsafe settings."""

from __future__ import annotations

import ipaddress
import logging
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

log = logging.getLogger(__name__)

MIN_KEY_LENGTH = 24  # characters
LLM_PROVIDERS = ("openai_compatible", "ollama")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@register
def settings_are_safe(**_: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not settings.AUTH_ENABLED and not is_loopback(settings.API_HOST):
        found.append(
            Error(
                "AUTH_ENABLED=false accepts every request, so API_HOST must be a loopback address.",
                hint="Set API_HOST=127.0.0.1, or AUTH_ENABLED=true.",
                id="memproject.E001",
            )
        )
    if settings.DEV_KEYS and not settings.DEBUG:
        found.append(
            Error("DEV_KEYS=true is for development: it needs DEBUG=true.", hint="Unset it.", id="memproject.E002")
        )
    elif settings.DEV_KEYS:
        found.append(Warning("DEV_KEYS is on: the keys in the API document are accepted.", id="memproject.W001"))
    if not 1 <= settings.EMBEDDING_DIM <= 3072:
        found.append(
            Error("EMBEDDING_DIM must be between 1 and 3072.", hint="384 for the default.", id="memproject.E003")
        )
    if settings.METRICS_TOKEN and settings.METRICS_TOKEN in (settings.MASTER_KEY, settings.API_KEY):
        found.append(
            Error(
                "METRICS_TOKEN must differ from MASTER_KEY and API_KEY: it may only read metrics.",
                hint="Set another value.",
                id="memproject.E004",
            )
        )
    return found + _keys() + _language_model()


def _keys() -> list[CheckMessage]:
    """Keys that an operator chose must be long enough; with DEBUG a warning is sufficient."""
    kind, number = (Warning, "memproject.W002") if settings.DEBUG else (Error, "memproject.E008")
    return [
        kind(
            f"{name} must have at least {MIN_KEY_LENGTH} characters.",
            hint="Make one: openssl rand -hex 32",
            id=number,
        )
        for name in ("MASTER_KEY", "API_KEY")
        if 0 < len(getattr(settings, name)) < MIN_KEY_LENGTH
    ]


def _language_model() -> list[CheckMessage]:
    """Checks of the language model; none if LLM_PROVIDER is empty."""
    if not settings.LLM_PROVIDER:
        return []
    found: list[CheckMessage] = []
    if settings.LLM_PROVIDER not in LLM_PROVIDERS:
        found.append(
            Error(
                f"LLM_PROVIDER is {settings.LLM_PROVIDER!r}.",
                hint=f"It must be one of {', '.join(LLM_PROVIDERS)}, or empty.",
                id="memproject.E005",
            )
        )
    found += [
        Error(f"LLM_PROVIDER needs {name}.", hint="Set it, or leave LLM_PROVIDER empty.", id="memproject.E006")
        for name in ("LLM_BASE_URL", "LLM_MODEL")
        if not getattr(settings, name)
    ]
    found += [
        Error(f"{name} must be more than 0.", hint="Remove it for the default.", id="memproject.E007")
        for name in ("LLM_TIMEOUT_SECONDS", "LLM_INPUT_CHARACTERS")
        if not getattr(settings, name) > 0
    ]
    return found


def refuse_unsafe() -> None:
    """Stop a process that would serve with unsafe settings, with one sentence for each problem."""
    if not settings.HAS_SECRETS:
        raise ImproperlyConfigured("SECRET_KEY and KEY_PEPPERS must be set (make up makes them by itself).")
    errors = [f"{found.msg} {found.hint}" for found in settings_are_safe() if found.is_serious()]
    if errors:
        raise ImproperlyConfigured(" ".join(errors))
    for found in settings_are_safe():
        log.warning("%s", found.msg)
