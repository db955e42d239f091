"""The dialect of mem0's hosted platform, which the clients of mem0 speak: plain JSON, and paths that end in a slash."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.errors import AppError
from core.http.fields import MetadataField
from core.http.responses import ResponseSerializer

# The codes are those of `core.errors`; mem0's clients read only `detail`.
MESSAGES = {"memory_not_found": "Memory not found!"}


class PlatformErrorOut(ResponseSerializer):
    """An error of the dialect of mem0's clients."""

    detail = serializers.CharField(source="message", help_text="The message that the clients show.")
    error = serializers.CharField()
    code = serializers.CharField()
    details = MetadataField(source="data")

    def get_error(self, error: AppError) -> str:
        return MESSAGES.get(error.code, error.message)


def failure(error: AppError) -> dict[str, Any]:
    """`{"detail", "error", "code", "details"}`; `detail` and `error` are texts."""
    return PlatformErrorOut.render(error)
