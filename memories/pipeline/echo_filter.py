"""A loop guard: lines of an earlier recall context inside a new text are not stored again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from core.clock import now
from memories.models import Revision, Source
from memories.statements import ExistingMemory
from memories.types import Item

HEAD = re.compile(r"\[\d{4}-\d{2}-\d{2}\] [^:]{1,128}: ")  # of a line in the format of context.py
MAX_LINES = 200  # such lines of one write that are looked up


def echoed_turns(source: Source, item: Item) -> list[ExistingMemory]:
    """The live memories of this owner and agent that context lines in `item` repeat."""
    said = [content for line in item.content.split("\n") if (content := _said(line))][:MAX_LINES]
    rows = Revision.objects.filter(
        tenant=source.tenant_id,
        project=source.project,
        user_id=source.user_id,
        agent_id=source.agent_id,
        valid_to=None,
        content__in=said,
    ).visible(now())
    return [
        ExistingMemory(*row) for row in rows.values_list("memory_key", "content", "valid_from").order_by("memory_key")
    ]


def strip_echoes(source: Source, items: Sequence[Item]) -> list[Item]:
    """The items without context lines that repeat this owner's memories word for word."""
    lines = [item.content.split("\n") for item in items]
    said = [content for several in lines for line in several if (content := _said(line))][:MAX_LINES]
    if not said:
        return list(items)
    rows = Revision.objects.filter(
        tenant=source.tenant_id, project=source.project, user_id=source.user_id, retired_at=None, content__in=said
    )
    held = set(rows.values_list("content", flat=True))
    return [
        replace(item, content="\n".join(line for line in several if _said(line) not in held))
        for item, several in zip(items, lines, strict=True)
    ]


def _said(line: str) -> str:
    """The text of a context line; "" for any other line."""
    line = line.strip()
    head = HEAD.match(line)
    return line[head.end() :] if head else ""
