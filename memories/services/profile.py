"""What is known of a user, in short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import Count
from psycopg.types.json import Jsonb

from apikeys.types import Principal
from memories.languages import DEFAULT
from memories.models import Revision
from memories.retrieval import read, where
from memories.services import access
from memories.services.owners import UserStats, stats
from memories.types import MemoryView, Scope
from memproject.common.clock import now

FACTS = 20
TOPICS = 10
NEWEST = 1_000  # memories that topics are counted in

# The commonest words of the newest memories, by stem, each shown as it is written most often. Stop words have no stem.
TOPIC_WORDS = """
WITH newest AS (
    SELECT r.memory_key, r.content, COALESCE(%(languages)s ->> r.project, %(language)s)::regconfig AS language
    FROM memories_revision r
    WHERE {r_scope} AND {alive} ORDER BY r.memory_key DESC LIMIT %(newest)s
),
words AS (
    SELECT DISTINCT n.memory_key, n.language, lower(w[1]) AS word
    FROM newest n, regexp_matches(n.content, '[[:alpha:]]{{4,}}', 'g') w
)
SELECT mode() WITHIN GROUP (ORDER BY word) AS topic, count(DISTINCT memory_key) AS memories
FROM words WHERE to_tsvector(language, word) <> ''::tsvector
GROUP BY to_tsvector(language, word) ORDER BY memories DESC, topic LIMIT %(topics)s
"""


@dataclass(frozen=True, slots=True)
class Profile:
    stats: UserStats
    memory_types: dict[str, int]
    topics: Sequence[tuple[str, int]]
    facts: Sequence[MemoryView]


def profile(principal: Principal, user_id: str, project: str | None) -> Profile:
    """Counts, types, topics and the facts that matter most of one user, in the projects that the caller may use."""
    scope = access.reading(principal, user_id, project)
    alive = Revision.objects.in_scope(scope).alive(now())
    types = dict(alive.order_by().values_list("memory_type").annotate(Count("id")))
    first = alive.order_by("-memory__pinned", "-memory__importance", "-memory_key")
    ids = list(first.values_list("memory_key", flat=True)[:FACTS])
    known = read.by_ids(scope.tenant_id, ids, now())
    return Profile(
        stats=stats(principal, user_id, project),
        memory_types=types,
        topics=_topics(scope),
        facts=[known[i] for i in ids if i in known],
    )


def _topics(scope: Scope) -> list[tuple[str, int]]:
    statement, values = where.statement(TOPIC_WORDS, None)
    values |= where.parameters(scope, now()) | {"newest": NEWEST, "topics": TOPICS}
    values |= {"languages": Jsonb(settings.PROJECT_LANGUAGES), "language": DEFAULT}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [(topic, count) for topic, count in cursor.fetchall()]
