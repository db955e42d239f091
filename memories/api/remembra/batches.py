"""`/api/v1/memories/batch`: several stores in one request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.errors import AppError
from core.http import remembra
from core.http.base import RemembraView, RequestSerializer
from core.http.errors import as_app_error
from memories.api.remembra import serializers as api_serializers
from memories.api.remembra.schema import ACCEPTED, STORED, StoredOut, answer
from memories.api.remembra.serializers import StoreIn
from memories.api.remembra.views import store_command
from memories.services import batch
from memories.types import StoreCommand

MAX_ITEMS = 100


class BatchIn(RequestSerializer):
    items = serializers.ListField(
        child=serializers.JSONField(),
        min_length=1,
        max_length=MAX_ITEMS,
        help_text="Each as the body of POST /memories.",
        error_messages={
            "min_length": "must hold at least {min_length} item",
            "max_length": "must hold at most {max_length} items",
            "not_a_list": "must be a list",
            "required": "is required",
        },
    )


class BatchedOut(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    success = serializers.BooleanField()
    response = StoredOut(allow_null=True)
    error = inline_serializer(
        "BatchError",
        {"code": serializers.CharField(), "message": serializers.CharField(), "details": serializers.DictField()},
        allow_null=True,
    )


class BatchOut(serializers.Serializer[Any]):
    results = BatchedOut(many=True)
    total = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()


_REFUSED = {
    "code": "validation_error",
    "message": "content: must not be empty",
    "details": {"field": "content"},
}


def _batch(first: dict[str, Any]) -> dict[str, Any]:
    """A response with `first` as its first item and a refused second one."""
    return {
        "results": [
            {"index": 0, "success": True, "response": first, "error": None},
            {"index": 1, "success": False, "response": None, "error": _REFUSED},
        ],
        "total": 2,
        "succeeded": 1,
        "failed": 1,
    }


class BatchView(RemembraView):
    """Items succeed or fail separately; the accepted ones are committed together."""

    permission_classes = (requires(POST=Scope.WRITE),)
    acts = {"POST": "store"}  # noqa: RUF012
    atomic = False

    @staticmethod
    def cost(request: Request) -> int:
        """The weight of a batch in the rate limit: one for every ten items begun."""
        items = request.data.get("items") if isinstance(request.data, dict) else None
        return max(1, -(-len(items) // 10)) if isinstance(items, list) else 1

    @extend_schema(
        operation_id="api_batch",
        summary="Store up to 100 memories",
        request=inline_serializer("Batch", {"items": StoreIn(many=True)}),
        responses={
            201: answer(BatchOut, "Stored", _batch(STORED)),
            202: answer(BatchOut, "Accepted", _batch(ACCEPTED)),
        },
        examples=[
            OpenApiExample(
                "Two texts",
                {
                    "items": [
                        {"content": "Ann lives in Oslo", "user_id": "user_123"},
                        {"content": "Ann has a dog called Rex", "user_id": "user_123"},
                    ]
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        items = self.body(request, BatchIn)["items"]
        return self._batch(batch.store_all(principal(request), [self._command(i) for i in items], wait=self.may_wait))

    def replay(self, sources: Sequence[UUID], response_context: Any) -> Response:
        return self._batch(batch.replayed(principal(self.request), sources, response_context))

    def _command(self, said: Any) -> StoreCommand | AppError:
        try:
            return store_command(self, self.read(StoreIn, said))
        except (AppError, ValidationError) as error:
            return as_app_error(error)

    def _batch(self, answers: Sequence[batch.Answer]) -> Response:
        results = [
            {"index": index, "success": False, "response": None, "error": remembra.failure(found)["error"]}
            if isinstance(found, AppError)
            else {"index": index, "success": True, "response": api_serializers.write(found), "error": None}
            for index, found in enumerate(answers)
        ]
        refused = sum(isinstance(found, AppError) for found in answers)
        body = {
            "results": results,
            "total": len(results),
            "succeeded": len(results) - refused,
            "failed": refused,
        }
        waiting = any(not isinstance(found, AppError) and found.state != "succeeded" for found in answers)
        return self.ok(body, 202 if waiting else 201)
