"""Strict JSON: no NaN, only objects, and no nesting deep enough to exhaust the stack."""

from __future__ import annotations

import codecs
import io
import json
from typing import IO, Any, NoReturn

from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import JSONParser


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


class StrictJSONParser(JSONParser):
    """Every body of the API is one JSON object in UTF-8."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        try:
            body = stream.read()
            if not body.strip():
                raise ParseError("The body is empty: send a JSON object.")
            data = json.loads(codecs.decode(body, "utf-8"), parse_constant=_refuse)
        except UnicodeDecodeError:
            raise ParseError("The body is not UTF-8.") from None
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except ValueError as error:
            where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
            raise ParseError(f"The body is not valid JSON{where}.") from None
        if not isinstance(data, dict):
            raise ParseError("The body must be a JSON object.")
        return data


class CurlJSONParser(StrictJSONParser):
    """For bodies whose client sent no content type: `curl -d '{…}'` declares a form but sends JSON.

    A form is refused. A body without the header of a key is refused too: browsers send forms to any site, but without
    custom headers. While AUTH_ENABLED is off, only the header distinguishes a caller from a web page.
    """

    media_type = "application/x-www-form-urlencoded"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        body = stream.read()
        headers = parser_context["request"].headers
        if not ("Authorization" in headers or "X-API-Key" in headers) or body.lstrip()[:1] != b"{":
            raise UnsupportedMediaType(self.media_type)
        return super().parse(io.BytesIO(body), media_type, parser_context)
