"""Extraction, the first step of the pipeline. No transaction is open here."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.utils.dateparse import parse_datetime

from entities.types import ExtractedGraph
from memories.errors import ProviderRefused, ProviderUnavailable
from memories.extraction.extractor import from_settings
from memories.models import Source
from memories.pipeline.memory_graph import merge_graphs
from memories.statements import ExtractionResult, Statement
from memories.types import Fact, Item

log = logging.getLogger(__name__)


def items_of(source: Source) -> list[Item]:
    """The items of a write, cut out of its raw text."""
    return [
        Item(
            source.text[i["start"] : i["stop"]],
            i.get("role"),
            i.get("speaker"),
            parse_datetime(i["said_at"]) if i.get("said_at") else None,
            i.get("client_timestamp"),
        )
        for i in source.payload["items"]
    ]


def extract(items: Sequence[Item], *, infer: bool, roles: frozenset[str] | None = None) -> ExtractionResult:
    """The statements of `items`, without a language model; without `infer` each item is one fact, verbatim.

    `roles`: only items of these roles are read, and all of them may state facts. None: the extractor decides.
    """
    if not infer:
        return ExtractionResult(tuple(Statement(fact) for fact in verbatim(items, roles)), "verbatim")
    extractor = from_settings()
    try:
        read = extractor.read(items, roles)
    except (ProviderUnavailable, ProviderRefused) as error:
        log.warning("texts are read without a parser: %s", error.message)
        extractor = extractor.unparsed()
        read = extractor.read(items, roles)
    return ExtractionResult(tuple(statement for found in read for statement in found), extractor.name)


def verbatim(items: Sequence[Item], roles: frozenset[str] | None = None) -> tuple[Fact, ...]:
    """Each item as one fact, word for word."""
    return tuple(
        Fact(i.content, i.content, position, i.role, i.speaker, i.said_at, i.client_timestamp, verbatim=True)
        for position, i in enumerate(items)
        if roles is None or i.role in roles
    )


def graph_of(content: str) -> ExtractedGraph:
    """The entities and relations of a memory's text, without a language model."""
    found = extract([Item(content)], infer=True)
    return merge_graphs(statement.graph for statement in found.statements)
