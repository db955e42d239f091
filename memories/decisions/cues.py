"""Cues: phrases of several languages that hint at the effect of a statement, such as "no longer" or "used to"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from memories.decisions.lexicon import load, phrases
from memories.decisions.tokens import OTHER_SCRIPTS, WORD

ANYWHERE = frozenset({"ar", "hi", "zh", "ja", "ko"})  # scripts without spaces or with prefixes: found inside words

# Beside the lists of lexicon/cues.toml. Matched on text in lower case; every gap is bounded.
_PATTERNS = {
    "also": r"도(?!\w)",
    "change": r"(?<!\w)새(?!\w)",
    "correct": r"^\s*\*\w",
    # an end or a change that is denied: "hasn't moved", "not the yard that shut"
    "denied": r"(?:\b(?:not|never|nobody|nicht|pas|nie|non|niet|(?:did|does|do|is|was|has|have|had|are|were)nt)|"
    r"n['’]t)\b(?: \w+){0,2}? (?:quit|left|leaving|moved|moving|sold|selling|dropped|dropping|stopped|"
    r"stopping|changed|changing|cancelled|canceled|closed|closing|shut|ended|ending|pulled|pulling|"
    r"given up|giving up|gone|lost|fired|retired|retiring|died|dead|finished|expired|withdrawn|replaced|"
    r"raised|switched|postponed|split|broken|verkauft|umgezogen|gekündigt|déménagé|vendu|cambiado|vendido|"
    r"mudou|vendeu)\b",
    "ended": r"(?<!\w)n[e’'].{0,25}\bplus\b|\bnon .{0,20}\bpiù\b|\bkein\w{0,3} .{0,30}\bmehr\b|\bgeen .{0,30}\bmeer\b",
    "first": r"(?<!\w)j[’']|(?<!\w)[내제](?!\w)",
    "irony": r"🙄|😂|🤣|😅|\bha(?:ha)+\b|\bsarcas",
    "maybe": r"면(?!\w)|(?<!\w)لو(?!\w)",
    "neg": r"n[’']t(?!\w)|(?<!\w)안(?!\w)",
    "question": r"[?？؟]",
    "said": r"[\"“”«»„]",
    "only": r"만(?!\w)",
    "strong_maybe": r"^\W*(?:if|what if|suppose|imagine|wenn|falls|si|se|als|jeśli|gdyby|eğer|если)\b"
    r"|^\W*(?:如果|もし|अगर|إذا|만약)|[,;:] if\b",
    "strong_part": r"^\W*\d+ of (?:the|my|our|them)\b",
    "strong_past": r"\bbefore [a-z]+(?: [a-z]+)?,? (?:i|we|it|she|he|they)\b|^\s*before\b"
    r"|\b(?:bis|until|till) (?:19|20)\d\d",
    "strong_quote": r"[\"“”«»„「][^\"“”«»„「」]{8,}[\"“”«»」]",
    "strong_temp": r"\b(?:until|till) (?!further)",
    "year_past": r"\b(?:in|until|till|since|to|bis|en|nel|em|w) (?:19|20)\d\d",
}
PATTERNS = {cue: re.compile(pattern) for cue, pattern in _PATTERNS.items()}


class _Phrases:
    """Phrases of words by their first word: one look-up a word of the text finds those of every cue."""

    def __init__(self, lists: Iterable[tuple[str, str]]) -> None:
        self.by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for cue, phrase in lists:
            found = tuple(WORD.findall(phrase))
            if found:
                self.by_first.setdefault(found[0], []).append((found[1:], cue))

    def find(self, found: list[str]) -> Iterable[str]:
        """The cue of every phrase in the words of a text, once for each place."""
        for i, word in enumerate(found):
            for rest, cue in self.by_first.get(word, ()):
                if not rest or tuple(found[i + 1 : i + 1 + len(rest)]) == rest:
                    yield cue


def _read_lists() -> tuple[_Phrases, dict[str, re.Pattern[str]]]:
    spaced: list[tuple[str, str]] = []
    anywhere: dict[str, list[str]] = {}
    for cue, languages in load("cues").items():
        for language, text in languages.items():
            if language in ANYWHERE:
                anywhere.setdefault(cue, []).extend(map(re.escape, phrases(text)))
            else:
                spaced.extend((cue, phrase) for phrase in phrases(text))
    return _Phrases(spaced), {cue: re.compile("|".join(found)) for cue, found in anywhere.items()}


def _read_people() -> tuple[dict[str, str], dict[str, re.Pattern[str]]]:
    spaced: dict[str, str] = {}
    anywhere: dict[str, re.Pattern[str]] = {}
    for kind, lists in load("people").items():
        spaced |= dict.fromkeys(phrases(lists.get("words", "")), kind)
        if "anywhere" in lists:
            anywhere[kind] = re.compile("|".join(map(re.escape, phrases(lists["anywhere"]))))
    return spaced, anywhere


_SPACED, _ANYWHERE = _read_lists()
PEOPLE, _PEOPLE_ANYWHERE = _read_people()
NAMES = tuple(sorted({*load("cues"), *_PATTERNS, "list"}))


def find(low: str, found: list[str]) -> tuple[frozenset[str], int]:
    """The cues of a text in lower case with the words `found`, and the number of its negations."""
    hits = list(_SPACED.find(found))
    negations = hits.count("neg") + sum(1 for _ in PATTERNS["neg"].finditer(low))
    cues = set(hits)
    for cue, pattern in PATTERNS.items():
        if cue not in cues and pattern.search(low):
            cues.add(cue)
    if OTHER_SCRIPTS.search(low):
        cues.update(cue for cue, pattern in _ANYWHERE.items() if cue not in cues and pattern.search(low))
        negations += sum(1 for _ in _ANYWHERE["neg"].finditer(low))
    first_and = low.find(" and ")
    if sum(low.count(sign) for sign in ",;/") > 1 or (first_and >= 0 and low.find(",", first_and) >= 0):
        cues.add("list")
    return frozenset(cues), negations


def people(low: str, found: list[str]) -> frozenset[str]:
    """The kinds of relatives and other people by role ("mother", "colleague") that a text in lower case names."""
    kinds = {PEOPLE[form] for word in found for form in (word, word.removesuffix("s")) if form in PEOPLE}
    if OTHER_SCRIPTS.search(low):
        kinds.update(kind for kind, pattern in _PEOPLE_ANYWHERE.items() if pattern.search(low))
    return frozenset(kinds)
