"""`/openapi.json`: made once in each process, since it depends on nothing that a request says."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.request import Request


class OpenApiView(SpectacularJSONAPIView):
    """To make the document takes about a second of CPU, and nobody needs a key to ask for it."""

    _rendered: ClassVar[bytes | None] = None
    _making: ClassVar[threading.Lock] = threading.Lock()

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = HttpResponse(self._document(), content_type=request.accepted_renderer.media_type)
        answer["Content-Disposition"] = 'inline; filename="memproject.json"'
        return answer

    @classmethod
    def _document(cls) -> bytes:
        """The same bytes for both media types. Requests that come while it is made wait for it."""
        with cls._making:
            if cls._rendered is None:
                made = cls.generator_class().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
                cls._rendered = OpenApiJsonRenderer().render(made)
            return cls._rendered
