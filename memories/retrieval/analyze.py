"""Step 1 of a recall, query analysis: speaker, time and grammatical person of the expected answer."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from core.postgres import fetch
from entities.services.user_names import USER_NAMES
from memories.embeddings import query_cache
from memories.retrieval.recipes import Recipe
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

# The distinct speakers, with one index look-up for each, since PostgreSQL has no index skip scan; and the number of
# passages.
KNOWN = """
WITH RECURSIVE names(name, number) AS (
    (SELECT p.speaker, 1 FROM memories_passage p
     WHERE p.tenant_id = %(tenant)s AND p.project = %(project)s AND p.user_id = %(user)s AND p.speaker IS NOT NULL
     ORDER BY p.speaker LIMIT 1)
    UNION ALL
    SELECT (SELECT p.speaker FROM memories_passage p
            WHERE p.tenant_id = %(tenant)s AND p.project = %(project)s AND p.user_id = %(user)s
              AND p.speaker > names.name
            ORDER BY p.speaker LIMIT 1), names.number + 1
    FROM names WHERE names.name IS NOT NULL AND names.number <= %(most)s::int
)
SELECT (SELECT o.passages FROM memories_owner o
        WHERE o.tenant_id = %(tenant)s AND o.project = %(project)s AND o.user_id = %(user)s) AS passages,
       (SELECT array_agg(name) FROM names WHERE name IS NOT NULL) AS speakers,
       ({user_names}) AS user_names
""".format(user_names=USER_NAMES)


def analyze(scope: MemoryScope, query: RecallQuery, moment: dt.datetime, recipe: Recipe | None = None) -> AnalyzedQuery:
    """Read the question of a query, and begin to encode it. `recipe` is for measurements: it wins over the query's."""
    text = query.query or ""
    speakers, user_names, passages = _known(scope)
    reference = query.reference_time or query.temporal_view.as_of or moment
    question = analyze_text(text, speakers, reference, user_names)
    encoding = query_cache.encoding(question.first_person_text)
    return AnalyzedQuery(scope, query, moment, question, passages, encoding, recipe)


def analyze_text(text: str, known: Sequence[str], reference: dt.datetime) -> Question:
    """Analyse a question, with the speakers of its scope and the time of "now". Pure."""
    head, tail = text[:MAX_CHARACTERS], text[MAX_CHARACTERS:]
    people = [name for name in known if name.casefold() not in GENERIC]
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


def _known(scope: MemoryScope) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """The speakers of one user's project (none if there are more than MAX_NAMES), the names of the user, and the number
    of its passages."""
    project = (scope.projects or ("",))[0]
    values = {"tenant": scope.tenant_id, "project": project, "user": scope.user_id, "most": MAX_NAMES}
    (found,) = fetch.named_rows(KNOWN, values)
    speakers = tuple(found.speakers or ())
    return speakers if len(speakers) <= MAX_NAMES else (), tuple(found.user_names or ())[:MAX_NAMES], found.passages or 0
