"""Errors of models that embed or read texts."""

from __future__ import annotations

from core.errors import AppError, Unavailable


class ProviderUnavailable(Unavailable):
    """Unavailable, overloaded, too slow, or not installed yet: the same call may succeed later."""

    default_message = "The model provider is not available. Try again in a moment."


class ProviderRefused(AppError):
    """A repeated call would fail again: a wrong key, model or dimension. An operator must act. The message names the
    setting, never a key or a text."""

    default_message = "The model provider refused the request."
