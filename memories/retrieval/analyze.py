"""Step 1 of a recall, query analysis: speaker, time and grammatical person of the expected answer."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from core.postgres import fetch
from memories.embeddings import registry
from memories.retrieval import scope_lookup, snapshot_cache, where
from memories.retrieval.recipes import Recipe
from memories.retrieval.snapshot import ScopeState, Snapshot
from memories.retrieval.snapshot_reader import SnapshotScope
from memories.retrieval.time_expressions import windows
from memories.retrieval.types import AnalyzedQuery, Question
from memories.types import MemoryScope, RecallQuery

GENERIC = frozenset({"user", "assistant", "system", "tool", "function", "developer", "human", "ai", "bot"})
MAX_CHARACTERS = 2_000  # of a question that are searched for names and times; the embedding model reads fewer
MAX_NAMES = 64  # speakers of one user's project; with more, questions name no speaker
# "You told me …": the answer is in a message of the assistant.
ASKS_ABOUT_ASSISTANT = re.compile(
    r"\b(?:you (?:told|said|recommend|suggest|mention|gave|provid|list|shar|explain|wrote|creat)\w*|remind me"
    r"|(?:previous|last|earlier|our) (?:chat|conversation))",
    re.IGNORECASE,
)

# The distinct speakers, with one index look-up for each, since PostgreSQL has no index skip scan.
SPEAKERS = """
WITH RECURSIVE names(name, number) AS (
    (SELECT p.speaker, 1 FROM memories_passage p
     WHERE p.tenant_id = %(tenant)s AND p.project = ANY(%(projects)s) AND p.user_id = %(user)s AND p.speaker IS NOT NULL
     ORDER BY p.speaker LIMIT 1)
    UNION ALL
    SELECT (SELECT p.speaker FROM memories_passage p
            WHERE p.tenant_id = %(tenant)s AND p.project = ANY(%(projects)s) AND p.user_id = %(user)s
              AND p.speaker > names.name
            ORDER BY p.speaker LIMIT 1), names.number + 1
    FROM names WHERE names.name IS NOT NULL AND names.number <= %(most)s::int
)
SELECT name FROM names WHERE name IS NOT NULL
"""


def analyze(scope: MemoryScope, query: RecallQuery, moment: dt.datetime, recipe: Recipe | None = None) -> AnalyzedQuery:
    """Read the question of a query. `recipe` is for measurements: it wins over the query's."""
    parameters = where.parameters(scope, moment, exclude=query.excluded_keys, temporal_view=query.temporal_view)
    state = scope_lookup.look_up(scope, query, parameters)
    snapshot = _snapshot(scope, query, state)
    if snapshot is not None:
        speakers: Sequence[str] = snapshot.speakers
    else:
        speakers = [name for (name,) in fetch.rows(SPEAKERS, parameters | {"most": MAX_NAMES})]
    known = speakers if len(speakers) <= MAX_NAMES else ()
    question = analyze_text(query.query or "", known, query.reference_time or query.temporal_view.as_of or moment)
    return AnalyzedQuery(scope, query, moment, question, state, snapshot, recipe)


def _snapshot(scope: MemoryScope, query: RecallQuery, state: ScopeState) -> Snapshot | None:
    """The owner's snapshot, for a question about the present without filters."""
    view = query.temporal_view
    if query.filters or view.is_historical or view.archived or view.superseded:
        return None
    if scope.user_id is None or scope.projects is None or len(scope.projects) != 1:
        return None
    encoder = registry.encoder()
    token_model = encoder.token_encoder.token_model if encoder.token_encoder else None
    embedder = encoder.embedder
    owner = SnapshotScope(
        scope.tenant_id, scope.projects[0], scope.user_id, embedder.model, embedder.dimensions, token_model
    )
    return snapshot_cache.get(owner, state)


def analyze_text(text: str, known: Sequence[str], reference: dt.datetime) -> Question:
    """Analyse a question, with the speakers of its scope and the time of "now". Pure."""
    head, tail = text[:MAX_CHARACTERS], text[MAX_CHARACTERS:]
    people = sorted((name for name in known if name.casefold() not in GENERIC), key=lambda name: (-len(name), name))
    matches = {name: pattern for name in people if (pattern := _pattern(name)).search(head)}
    spoken = head
    for pattern in matches.values():
        spoken = pattern.sub(lambda found: "my" if found["possessive"] else "I", spoken)
    return Question(
        text=text,
        first_person_text=spoken + tail,
        speakers=tuple(matches) if len({name.casefold() for name in matches}) == 1 else (),
        windows=windows(head, reference),
        asks_about_assistant=ASKS_ABOUT_ASSISTANT.search(head) is not None,
    )


def _pattern(name: str) -> re.Pattern[str]:
    """A speaker by the whole name or its first word. A name in another script may be inside a run of letters."""
    forms = sorted({name, name.split()[0]} if name.split() else {name}, key=len, reverse=True)
    either = "|".join(re.escape(form) for form in forms)
    edges = (r"(?<!\w)", r"(?!\w)") if name.isascii() else ("", "")
    return re.compile(rf"{edges[0]}(?:{either})(?P<possessive>['’]s)?{edges[1]}", re.IGNORECASE)
