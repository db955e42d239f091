"""A loop guard: what a recall gave out and comes back as part of a text is no news."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from memories.models import Revision, Source
from memories.statements import Known
from memories.types import Item
from memproject.common.clock import now

LINE = re.compile(
    r"^\s*\[\d{4}-\d{2}-\d{2}\] [^:\n]{1,128}: (?P<said>.+?)\s*$", re.MULTILINE
)  # as context.py writes it
MOST = 200  # such lines of one write that are looked up


def recalled_turns(source: Source, item: Item) -> list[Known]:
    """The live memories of this owner and agent that the lines of a context in `item` repeat."""
    said = [match["said"] for match in LINE.finditer(item.content)][:MOST]
    rows = Revision.objects.filter(
        tenant=source.tenant_id,
        project=source.project,
        user_id=source.user_id,
        agent_id=source.agent_id,
        valid_to=None,
        content__in=said,
    ).alive(now())
    return [Known(*row) for row in rows.values_list("memory_key", "content", "valid_from").order_by("memory_key")]


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
