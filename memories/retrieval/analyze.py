"""Step 1 of a recall, query analysis: speaker, time and grammatical person of the expected answer."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence, Set

from core.postgres import fetch
from memories.embeddings import registry
from memories.retrieval import scope_lookup, snapshot_cache, where
from memories.retrieval.recipes import Recipe
from memories.retrieval.snapshot import ScopeSnapshot, ScopeState
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

# Names that are common words too: "Will it rain?", "in May".
COMMON_WORDS = frozenset(
    (
        *("will", "may", "mark", "art", "grace", "hope", "rose", "bill", "sue", "pat", "jack", "drew", "faith", "joy"),
        *("dawn", "june", "april", "august", "summer", "chase", "grant", "rob", "don", "ray", "dean", "frank", "max"),
        *("lily", "violet", "ivy", "daisy", "olive", "amber", "ruby", "pearl", "gene", "guy", "dick", "nick", "skip"),
        *("miles", "rich", "earnest", "angel", "sky", "star", "rain", "river", "forest", "cliff", "penny", "melody"),
        *("harmony", "destiny", "charity", "christian", "jean", "van", "les", "an", "do", "so", "my", "in", "long"),
    )
)
MAX_NAME = 40  # characters before a name that may be its first part
NEXT_NAME = re.compile(r"\s{1,3}(?:(?:de|van|von|bin|al|el|da|di|la|le)\s){0,3}([^\W\d_][\w'’-]{1,40})")
NAME_BEFORE = re.compile(r"\b([A-Z][a-zß-öø-ÿ]{1,40})\s{1,3}\Z")
# Words of German alone, which writes every noun with a capital: "Hat Maya Kinder?".
GERMAN = re.compile(
    r"\b(?:wo|wie|wer|wem|wen|wann|warum|welche[mnrs]?|wohin|woher|wessen|ist|und|für|macht|mag|heißt|hatte|wohnt"
    r"|arbeitet|isst|trinkt)\b|^\W*hat\b",
    re.IGNORECASE,
)
THE_USER = re.compile(
    r"\b(?:the|this|that|my|our) (?:end[ -])?user\b(?P<possessive>['’]s\b)?"
    r"(?![ -](?:group|name|manual|account|id|interface|experience|story|guide)\b)",
    re.IGNORECASE,
)
ROLE = re.compile(
    r"\b(?:the|this|that|my|our) (?:customer|client|patient|guest|caller|subscriber|account holder)\b"
    r"(?P<possessive>['’]s\b)?",
    re.IGNORECASE,
)
FIRST_PERSON = re.compile(
    r"\b(?:I|me|myself|mine|we|us|(?:my|our)(?! (?:customer|client|patient|guest|caller|subs)))\b"
)
# "What do they like?", at its beginning: a "they" behind another noun means that.
THEY = re.compile(
    r"^(?P<asking>\W*(?:(?:what|where|when|why|how|who|whom|which)(?: \w+)? )?"
    r"(?:do|does|did|are|were|have|had|will|would|can|could|should) )they\b",
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
    parameters = where.parameters(scope, moment, exclude=where.excluded(query), temporal_view=query.temporal_view)
    state = scope_lookup.look_up(scope, query, parameters)
    snapshot = _snapshot(scope, query, state)
    if snapshot is not None:
        speakers: Sequence[str] = snapshot.speakers
    else:
        speakers = [name for (name,) in fetch.rows(SPEAKERS, parameters | {"most": MAX_NAMES})]
    known = speakers if len(speakers) <= MAX_NAMES else ()
    reference = query.reference_time or query.temporal_view.as_of or moment
    question = analyze_text(query.query or "", known, reference, state.user_names)
    return AnalyzedQuery(scope, query, moment, question, state, snapshot, recipe)


def _snapshot(scope: MemoryScope, query: RecallQuery, state: ScopeState) -> ScopeSnapshot | None:
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


def analyze_text(text: str, known: Sequence[str], reference: dt.datetime, user_names: Sequence[str] = ()) -> Question:
    """Analyse a question, with the speakers of its scope, the time of "now" and the names of the user. Pure."""
    head, tail = text[:MAX_CHARACTERS], text[MAX_CHARACTERS:]
    people = sorted((name for name in known if name.casefold() not in GENERIC), key=lambda name: (-len(name), name))
    matches = {name: pattern for name in people if (pattern := _pattern(name)).search(head)}
    spoken = head
    for pattern in matches.values():
        spoken = pattern.sub(_first_person, spoken)
    with_user = _as_user(spoken, user_names)
    named = {name.casefold() for name in matches}
    is_another = with_user != spoken and not any(_is_called(name, user_names) for name in matches)
    if not matches:
        others = {name.casefold() for name in people if not _is_called(name, user_names)}
        with_user = _roles_as_user(with_user, is_only_one=not others)
    return Question(
        text=text,
        first_person_text=with_user + tail,
        speakers=tuple(matches) if len(named) == 1 and not is_another else (),
        windows=windows(head, reference),
        asks_about_assistant=ASKS_ABOUT_ASSISTANT.search(head) is not None,
    )


def _first_person(found: re.Match[str]) -> str:
    return "my" if found["possessive"] else "I"


def _pattern(name: str) -> re.Pattern[str]:
    """A speaker by the whole name or its first word. A name in another script may be inside a run of letters."""
    forms = sorted({name, name.split()[0]} if name.split() else {name}, key=len, reverse=True)
    either = "|".join(re.escape(form) for form in forms)
    edges = (r"(?<!\w)", r"(?!\w)") if name.isascii() else ("", "")
    return re.compile(rf"{edges[0]}(?:{either})(?P<possessive>['’]s)?{edges[1]}", re.IGNORECASE)


# --- the user --------------------------------------------------------------------------------------------------------
def _as_user(text: str, names: Sequence[str]) -> str:
    """The question with the names of the user in the first person: whole names and first names, but not the name of
    another person with the same first name."""
    known = [name for name in names if name.split() and name.casefold() not in GENERIC]
    forms = {form for name in known for form in (name, name.split()[0]) if len(form) > 1 or not form.isascii()}
    words = {word.casefold() for name in known for word in name.split()}
    for form in sorted(forms, key=lambda form: (-len(form), form)):
        text = _user_pattern(form).sub(lambda found: _or_another(found, words), text)
    return text


def _user_pattern(form: str) -> re.Pattern[str]:
    """A form of a name as a word of its own; in scripts without case also inside of a run of letters. A name that is
    also a common word counts only with its capital, and not where each sentence has one."""
    has_case = form.lower() != form.upper()
    edges = (r"(?<![\w-])", r"(?![\w-])") if has_case else ("", "")
    is_common = form.casefold() in COMMON_WORDS
    start = r"(?<=[^.?!\s]\s)(?<!\b(?:in|on|of|by)\s)(?<!\b(?:last|next|this)\s)(?<!\bsince\s)" if is_common else ""
    possessive = r"(?P<possessive>['’]s|s(?=\s+[A-ZÄÖÜ])|['’](?=\s))?" if has_case else r"(?P<possessive>(?!))?"
    flags = re.NOFLAG if is_common else re.IGNORECASE
    return re.compile(f"{start}{edges[0]}{re.escape(form)}{possessive}{edges[1]}", flags)


def _or_another(found: re.Match[str], words: Set[str]) -> str:
    """The first person, or the name as it is: a capitalised word behind or before it makes it another person's."""
    text = found.string
    after = NEXT_NAME.match(text, found.end()) if not found["possessive"] else None
    before = NAME_BEFORE.search(text, max(0, found.start() - MAX_NAME), found.start())
    near = [
        *([after[1]] if after is not None and after[1][0].isupper() else []),
        *([before[1]] if before is not None and before.start() else []),
    ]
    if any(word.casefold() not in words for word in near) and not GERMAN.search(text):
        return found.group()
    return _first_person(found)


def _is_called(speaker: str, names: Sequence[str]) -> bool:
    """Whether a speaker is the user, by a whole name or the first word of one."""
    forms = {form.casefold() for name in names if name.split() for form in (name, name.split()[0])}
    return speaker.casefold() in forms


def _roles_as_user(text: str, *, is_only_one: bool) -> str:
    """ "The user" in the first person; "the customer" and "they" too, if only the user can be meant."""
    text = THE_USER.sub(_first_person, text)
    if not is_only_one or FIRST_PERSON.search(text):
        return text
    text = ROLE.sub(_first_person, text)
    return THEY.sub(lambda found: f"{found['asking']}I", text)
