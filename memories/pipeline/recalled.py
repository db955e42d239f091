"""A loop guard: what a recall gave out and comes back as part of a text is no news."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from memories.models import Revision, Source
from memories.types import Item

LINE = re.compile(
    r"^\s*\[\d{4}-\d{2}-\d{2}\] [^:\n]{1,128}: (?P<said>.+?)\s*$", re.MULTILINE
)  # as context.py writes it
MOST = 200  # such lines of one write that are looked up


def without_recalled(source: Source, items: Sequence[Item]) -> list[Item]:
    """The items without those lines of a context that say, word for word, what this owner's memories say."""
    said = [match["said"] for item in items for match in LINE.finditer(item.content)][:MOST]
    if not said:
        return list(items)
    rows = Revision.objects.filter(
        tenant=source.tenant_id, project=source.project, user_id=source.user_id, retired_at=None, content__in=said
    )
    held = set(rows.values_list("content", flat=True))

    def news(line: re.Match[str]) -> str:
        return "" if line["said"] in held else line[0]

    return [replace(item, content=LINE.sub(news, item.content)) for item in items]
