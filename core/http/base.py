"""Base classes of all API views and serializers. Imports no app."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import InvalidRequest
from core.http import mem0
from core.http.fields import IdentifierField, StrictListField
from core.http.responses import ResponseSerializer
from core.idempotency import decorator


class RequestListSerializer(serializers.ListSerializer[Any]):
    """A list of objects in a request."""

    default_error_messages = StrictListField.default_error_messages


class RequestSerializer(serializers.Serializer[Any]):
    """A request's fields; unknown ones are ignored."""

    class Meta:
        list_serializer_class = RequestListSerializer

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """With the messages of this project instead of DRF's for a field that is missing or null."""
        fields = super().get_fields()
        for field in fields.values():
            field.error_messages |= {"required": "is required", "null": "must not be null"}
        return fields

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError({"non_field_errors": ["must be a JSON object"]})
        return super().to_internal_value(data)


class TolerantRequestSerializer(RequestSerializer):
    """For requests in which `null` for an optional field means that it is absent."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for field in fields.values():
            field.allow_null = field.allow_null or not field.required
        return fields

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            fields = self.fields
            data = {n: value for n, value in data.items() if value is not None or n not in fields or fields[n].required}
        return super().to_internal_value(data)


class StrictRequestSerializer(RequestSerializer):
    """For requests in which a misspelt field must not be ignored: unknown fields are refused.

    `fixed` has known fields that cannot be sent here, with the reason.
    """

    fixed: ClassVar[Mapping[str, str]] = {}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            for name in sorted(set(data) - set(self.fields)):
                raise serializers.ValidationError({name[:64]: self.fixed.get(name, "is not known here")})
        return super().to_internal_value(data)


@functools.cache
def _prepared(serializer: type[RequestSerializer]) -> RequestSerializer:
    """One instance that validates all requests: making its fields takes longer than validating a request. So a
    request serializer keeps nothing of a request, and takes nothing from a context."""
    return serializer()


def validated(serializer: type[RequestSerializer], data: Any) -> dict[str, Any]:
    """The validated fields. Raises DRF's ValidationError."""
    return dict(_prepared(serializer).run_validation(data))


class ApiView(APIView):
    """A view of any dialect.

    `writes` are the methods that accept an Idempotency-Key. A view that waits for a worker, or uses several
    transactions, is not `atomic`; if it commits Sources, `replay` makes their response again. `response_is_secret`: the
    response is not stored. `ids_outside_path`: ids of objects are in the query or the body, not in the path.
    """

    # No OPTIONS: it has no information that /docs lacks, and would need a scope.
    http_method_names = ("get", "post", "put", "patch", "delete", "head")
    writes: ClassVar[frozenset[str]] = frozenset({"POST", "PUT", "PATCH", "DELETE"})
    atomic: ClassVar[bool] = True
    ids_outside_path: ClassVar[bool] = False
    response_is_secret: ClassVar[bool] = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = request.method or ""
        if decorator.HEADER in request.headers and method in self.writes and hasattr(self, method.lower()):
            act = getattr(self, method.lower())
            setattr(
                self,
                method.lower(),
                lambda r, *a, **k: decorator.idempotent(self, r, functools.partial(act, r, *a, **k)),
            )

    def replay(self, sources: Sequence[uuid.UUID], response_context: Any) -> Response:
        """The current response for the accepted writes `sources`."""
        raise NotImplementedError

    def read(self, serializer: type[RequestSerializer], data: Any) -> dict[str, Any]:
        """The validated fields. Raises InvalidRequest with the first invalid field."""
        return validated(serializer, data)

    def body(self, request: Request, serializer: type[RequestSerializer]) -> dict[str, Any]:
        if not isinstance(request.data, dict):
            raise InvalidRequest("The body must be a JSON object.")
        return self.read(serializer, dict(request.data))  # an empty form is an empty QueryDict

    def query(self, request: Request, serializer: type[RequestSerializer]) -> dict[str, Any]:
        return self.read(serializer, request.query_params.dict())

    def name(self, field: str, value: str) -> str:
        """An id of the path or a header, validated like an id of a body."""
        try:
            return str(IdentifierField().run_validation(value))
        except serializers.ValidationError as error:
            raise serializers.ValidationError({field: error.detail}) from None

    @property
    def may_wait(self) -> bool:
        """Whether the caller waits for the result (`Prefer: respond-async`: no)."""
        preferences = self.request.headers.get("Prefer", "").lower().split(",")
        return "respond-async" not in [p.strip() for p in preferences]


class Mem0View(ApiView):
    """A view of `/v1`."""

    def ok(
        self,
        serializer: type[ResponseSerializer],
        record: Any,
        message: str,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> Response:
        """A record in the envelope."""
        body = mem0.envelope(serializer).render(mem0.Success(record, message))
        return Response(body, status=status, headers=headers)


class PlainView(ApiView):
    """A view that answers with the record alone."""

    def ok(
        self,
        serializer: type[ResponseSerializer],
        record: Any,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> Response:
        return Response(serializer.render(record), status=status, headers=headers)


class PlatformView(PlainView):
    """A view of the dialect of mem0's clients."""

    def query(self, request: Request, serializer: type[RequestSerializer]) -> dict[str, Any]:
        """The validated parameters. Raises InvalidRequest for a repeated one: Django keeps only the last value."""
        for name, values in request.query_params.lists():
            if len(values) > 1:
                raise InvalidRequest(f"{name[:64]}: must be named once", field=name[:64])
        return super().query(request, serializer)


class RemembraView(PlainView):
    """A view of `/api/v1`. `acts` has the rate limit group of each method with a group of its own."""

    acts: ClassVar[Mapping[str, str]] = {}
