"""JSON, strictly: no NaN, no body that isn't an object, no deep nesting that would exhaust the stack."""

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
    """The same for a body whose sender named no type: `curl -d '{…}'` says it is a form, and it is JSON all the same.

    A form is refused. So is such a body without a key's header: browsers send forms anywhere without asking, but no
    header of ours, and while AUTH_ENABLED is off the header is all that tells a page's request from a caller's.
    """

    media_type = "application/x-www-form-urlencoded"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        body = stream.read()
        headers = parser_context["request"].headers
        if not ("Authorization" in headers or "X-API-Key" in headers) or body.lstrip()[:1] != b"{":
            raise UnsupportedMediaType(self.media_type)
        return super().parse(io.BytesIO(body), media_type, parser_context)
