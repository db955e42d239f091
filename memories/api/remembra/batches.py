"""`/api/v1/memories/batch`: several stores in one request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from apikeys.api.permissions import principal, requires
from apikeys.scopes import Scope
from core.errors import AppError, InvalidRequest
from core.http import remembra
from core.http.base import RemembraView, RequestSerializer
from core.http.exception_handler import as_app_error
from core.http.fields import StrictListField
from core.http.responses import ResponseSerializer, answer
from memories.api.remembra.responses import StoreResultOut
from memories.api.remembra.serializers import StoreMemoryIn
from memories.api.remembra.views import store_command
from memories.services import batch
from memories.types import StoreCommand, WriteResult

MAX_ITEMS = 100


class BatchIn(RequestSerializer):
    items = StrictListField(
        child=serializers.JSONField(),
        min_length=1,
        max_length=MAX_ITEMS,
        help_text="Each item is a body of `POST /api/v1/memories`.",
    )


@dataclass(frozen=True, slots=True)
class BatchItem:
    """The answer to one item of a batch."""

    index: int
    answer: batch.BatchAnswer

    @property
    def success(self) -> bool:
        return not isinstance(self.answer, AppError)


@dataclass(frozen=True, slots=True)
class BatchResult:
    results: tuple[BatchItem, ...]

    @property
    def total(self) -> int:
        return len(self.results)

    @property
    def succeeded(self) -> int:
        return sum(item.success for item in self.results)

    @property
    def failed(self) -> int:
        return self.total - self.succeeded

    @property
    def is_pending(self) -> bool:
        answers = [item.answer for item in self.results]
        return any(isinstance(found, WriteResult) and found.state != "succeeded" for found in answers)


class BatchItemResultOut(ResponseSerializer):
    index = serializers.IntegerField()
    success = serializers.BooleanField()
    response = StoreResultOut(allow_null=True)
    error = remembra.ErrorBody(allow_null=True)

    def get_response(self, item: BatchItem) -> WriteResult | None:
        return item.answer if isinstance(item.answer, WriteResult) else None

    def get_error(self, item: BatchItem) -> AppError | None:
        return item.answer if isinstance(item.answer, AppError) else None


_REFUSED = InvalidRequest("content: must not be empty", field="content")


class BatchResultOut(ResponseSerializer):
    results = BatchItemResultOut(many=True)
    total = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()

    example = BatchResult((BatchItem(0, StoreResultOut.example), BatchItem(1, _REFUSED)))
    pending_example = BatchResult((BatchItem(0, StoreResultOut.pending_example), BatchItem(1, _REFUSED)))


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
        operation_id="store_memories",
        summary="Store up to 100 memories",
        description="Each item succeeds or fails by itself; the response has one result for each item, in their order.",
        request=inline_serializer("StoreMemories", {"items": StoreMemoryIn(many=True)}),
        responses={
            201: answer(BatchResultOut, "Stored"),
            202: answer(BatchResultOut, "Accepted", BatchResultOut.pending_example),
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
            return store_command(self, self.read(StoreMemoryIn, said))
        except (AppError, ValidationError) as error:
            return as_app_error(error)

    def _batch(self, answers: Sequence[batch.BatchAnswer]) -> Response:
        result = BatchResult(tuple(BatchItem(index, found) for index, found in enumerate(answers)))
        return self.ok(BatchResultOut, result, 202 if result.is_pending else 201)
