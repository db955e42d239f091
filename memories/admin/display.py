"""Display of values with more than one line."""

from __future__ import annotations

import json
from typing import Any

from django.utils.html import format_html


def as_written(text: str) -> str:
    return format_html('<div style="white-space: pre-wrap; overflow-wrap: anywhere">{}</div>', text or "–")


def as_json(value: Any) -> str:
    return format_html("<pre style='margin: 0'>{}</pre>", json.dumps(value, indent=1, ensure_ascii=False, default=str))
