"""`/openapi.json`: generated once in each process, since it does not depend on the request."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.request import Request


class OpenApiView(SpectacularJSONAPIView):
    """Generating the document takes about a second of CPU, and reading it needs no key."""

    _rendered: ClassVar[bytes | None] = None
    _making: ClassVar[threading.Lock] = threading.Lock()

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = HttpResponse(self._document(), content_type=request.accepted_renderer.media_type)
        answer["Content-Disposition"] = 'inline; filename="memproject.json"'
        return answer

    @classmethod
    def _document(cls) -> bytes:
        """The same bytes for both media types. Concurrent requests wait for the first generation."""
        with cls._making:
            if cls._rendered is None:
                made = cls.generator_class().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
                cls._rendered = OpenApiJsonRenderer().render(made)
            return cls._rendered
