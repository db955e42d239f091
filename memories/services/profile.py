"""A summary of the memories of a user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from psycopg.types.json import Jsonb

from apikeys.types import Principal
from core.clock import now
from core.postgres import fetch
from entities.services import mentions
from entities.types import TopEntity
from memories.languages import DEFAULT
from memories.retrieval import read, where
from memories.services import access
from memories.services.user_statistics import UserStats, stats
from memories.temporal_view import CURRENT, TemporalView
from memories.types import MemoryRecord, MemoryScope

FACTS = 20
TOPICS = 10
ENTITIES = 10
NEWEST = 1_000  # memories whose words are counted as topics

TYPES = "SELECT r.memory_type, count(*) FROM memories_revision r WHERE {r_scope} AND {visible} GROUP BY r.memory_type"
FOREMOST = """
SELECT r.memory_key FROM memories_revision r
JOIN memories_memory m ON m.tenant_id = r.tenant_id AND m.id = r.memory_key
WHERE {r_scope} AND {visible} ORDER BY m.pinned DESC, m.importance DESC, r.memory_key DESC LIMIT %(facts)s::int
"""
# The most frequent words of the newest memories, by stem, each in its most frequent form. Stop words have no stem.
TOPIC_WORDS = """
WITH newest AS (
    SELECT r.memory_key, r.content,
           COALESCE(%(languages)s::jsonb ->> r.project, %(language)s::text)::regconfig AS language
    FROM memories_revision r
    WHERE {r_scope} AND {visible} ORDER BY r.memory_key DESC LIMIT %(newest)s::int
),
words AS (
    SELECT DISTINCT n.memory_key, n.language, lower(w[1]) AS word
    FROM newest n, regexp_matches(n.content, '[[:alpha:]]{{4,}}', 'g') w
)
SELECT mode() WITHIN GROUP (ORDER BY word) AS topic, count(DISTINCT memory_key) AS memories
FROM words WHERE to_tsvector(language, word) <> ''::tsvector
GROUP BY to_tsvector(language, word) ORDER BY memories DESC, topic LIMIT %(topics)s::int
"""


@dataclass(frozen=True, slots=True)
class Topic:
    """A common word, and the number of memories that have it."""

    topic: str
    memories: int


@dataclass(frozen=True, slots=True)
class Profile:
    stats: UserStats
    memory_types: dict[str, int]
    topics: Sequence[Topic]
    entities: Sequence[TopEntity]
    facts: Sequence[MemoryRecord]


def profile(principal: Principal, user_id: str, project: str | None, temporal_view: TemporalView = CURRENT) -> Profile:
    """Counts, types, topics, entities and the most important facts of one user, in the caller's projects."""
    scope = access.reading(principal, user_id, project)
    ids = [key for (key,) in fetch.rows(*_query(FOREMOST, scope, temporal_view, facts=FACTS))]
    tenant_id = scope.tenant_id
    known = read.by_ids(tenant_id, ids, now(), temporal_view)
    languages = {"languages": Jsonb(settings.PROJECT_LANGUAGES), "language": DEFAULT}
    return Profile(
        stats=stats(principal, user_id, project, temporal_view),
        memory_types=dict(fetch.rows(*_query(TYPES, scope, temporal_view))),
        topics=fetch.records(
            Topic, *_query(TOPIC_WORDS, scope, temporal_view, newest=NEWEST, topics=TOPICS, **languages)
        ),
        entities=mentions.most_mentioned(tenant_id, str(scope.user_id), scope.projects, ENTITIES, temporal_view.as_of),
        facts=[known[i] for i in ids if i in known],
    )


def _query(text: str, scope: MemoryScope, temporal_view: TemporalView, **values: Any) -> tuple[str, dict[str, Any]]:
    """A statement for these memories, and its parameters."""
    statement, _ = where.statement(text, None, temporal_view)
    return statement, where.parameters(scope, now(), temporal_view=temporal_view) | values
