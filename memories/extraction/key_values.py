"""Lines "key: value": the relation of the key, and its values."""

from __future__ import annotations

import re
from dataclasses import dataclass

from entities.relation_types import RelationType, relation_type
from entities.types import RelationMention
from memories.extraction import kinds as t
from memories.extraction import name_spans as nm
from memories.extraction import word_classes as lx
from memories.extraction.name_types import THINGS
from memories.extraction.words import sections

MAX_KEY_LENGTH = 40
KEY = re.compile(rf"[*_\s]*([^\W_](?:[^\n:：]){{0,{MAX_KEY_LENGTH - 1}}})[:：][*_]*\s+(?=\S)")
OWNER = re.compile(r"(?:(?:the )?user['’]s|my|our|her|his|current|new) ", re.IGNORECASE)
FAVOURITE = re.compile(r"favou?rites? ", re.IGNORECASE)
BESIDE = re.compile(r"\([^()]{0,200}\)")  # a remark in brackets behind a value
NOT_SO = re.compile(r"\b(?:planned|plan|skipped|cancelled|canceled|not|never|former|formerly|ex|until|maybe|wish)\b")
NONE = frozenset({"none", "no", "n/a", "unknown", "tbd", "-", "?", "no one", "nobody", "nothing", "yes"}) | lx.words(
    "one two three four five six seven eight nine ten"
)
MAX_VALUES = 50
MAX_LINE_LENGTH = 1_000  # characters that are read
MAX_NOUN_WORDS = 2  # words of a key: "line manager", but not "my sister has two kids"
MAX_VALUE_WORDS = 6  # words; a longer value is a sentence
PLAIN = lx.words("present home main primary full work native")  # before a key: it stays the same key
OTHER = lx.FORMER | lx.words("ideal rental last desired second")  # before a key: the value is not the one of now
TIMES = lx.WEEKDAYS | {f"{day}s" for day in lx.WEEKDAYS} | lx.MONTHS
KEYS = {key.replace("_", " "): kind for kind, keys in sections("keys").items() for key in keys.split()}
UNCLEAR = lx.words("location title position home address school org")  # of anything, unless the form is a person's


@dataclass(frozen=True, slots=True)
class KeyValueLine:
    """`kind` is the relation of the key, "" if `values` are the name of the form's person; a "-" before it turns its
    ends around. `role`: the role that the key gives to the values, as in "Plumber: Ann"."""

    key: str
    value: str
    kind: str
    values: tuple[str, ...]
    role: str = ""

    @property
    def employer(self) -> str:
        """The company of a job with one, as in "Job: nurse at UZ Gent"; "" without."""
        return self.value.partition(" at ")[2] if self.kind == "HAS_ROLE" else ""

    def relations(self, whose: str, confidence: float) -> list[RelationMention]:
        """The relations of a field about `whose`."""
        if self.employer:
            properties = {"role": self.value.partition(" at ")[0]}
            return [RelationMention(whose, "WORKS_AT", self.employer, properties, confidence=confidence)]
        if self.role:
            return [RelationMention(value, "HAS_ROLE", self.role, confidence=confidence) for value in self.values]
        kind = self.kind.lstrip("-")
        ends = [(value, whose) if self.kind.startswith("-") else (whose, value) for value in self.values]
        return [RelationMention(source, kind, target, confidence=confidence) for source, target in ends if kind]

    @property
    def is_clear(self) -> bool:
        return self.key.split()[-1] not in UNCLEAR

    @property
    def of_type(self) -> str:
        return relation_type(self.kind.lstrip("-")).target_type if self.kind else t.PERSON


def read(line: str) -> KeyValueLine | None:
    """None for a line whose key states no relation."""
    line = line[:MAX_LINE_LENGTH]
    found = KEY.match(line)
    if found is None:
        return None
    name, value = OWNER.sub("", found[1]).strip("*_- "), line[found.end() :].strip("*_ \"'.;")
    key = name.lower()
    kind, last = _kind(key), key.split()[-1] if key else ""
    is_boss = key in lx.KIN or key.startswith(("line ", "team ", "direct "))
    role = name if nm.is_role(last) and (kind is None or (kind == "-MANAGES" and not is_boss)) else ""
    kind = None if role else kind
    if kind is None and not role:
        return None
    of_type = relation_type((kind or "").lstrip("-"))
    values = tuple(v for each in _split(value)[:MAX_VALUES] if (v := _value(each, of_type)))
    return KeyValueLine(key, value, kind or "", values[:1] if of_type.first_value else values, role)


def _kind(key: str) -> str | None:
    if "'s " in key or "’s " in key:
        return None  # "wife's job"
    if key in KEYS:
        return KEYS[key]
    if FAVOURITE.match(key):
        return "LIKES"
    words = key.split()
    last = words[-1] if words else ""
    if words and words[0] in OTHER:
        return None
    for form in (last, last.removesuffix("s")) if len(words) <= MAX_NOUN_WORDS else ():
        if form in lx.KIN and "in-law" not in key:
            return lx.KIN[form]
        if form in lx.PETS:
            return "HAS_PET"
        if form in THINGS:
            return "OWNS"
    return KEYS[last] or None if len(words) == 2 and words[0] in PLAIN and last in KEYS else None


def _split(value: str) -> list[str]:
    parts, depth, begun = [], 0, 0
    for match in re.finditer(r"[()]|[,;/](?=\s)|\s(?:and|&)(?=\s)", value):
        if match[0] in "()":
            depth = max(0, depth + (1 if match[0] == "(" else -1))
        elif depth == 0:
            parts.append(value[begun : match.start()])
            begun = match.end()
    return [*parts, value[begun:]]


def _value(text: str, of_type: RelationType) -> str:
    if NOT_SO.search(text.lower()):
        return ""
    text = BESIDE.sub("", text).strip(" \"'“”*_.")
    low = text.lower().split()
    if not any(map(str.isalpha, text)) or len(low) > MAX_VALUE_WORDS or text.lower() in NONE or low[0] in NONE:
        return ""
    if not of_type.unnamed_value and not TIMES.isdisjoint(word.strip(",.") for word in low):
        return ""  # "dentist: Tuesday 10:00"
    words = [word for word in text.split() if word not in nm.CONNECTORS]
    is_name = any(word[0].isupper() for word in words) and not any(map(str.islower, words))
    return text if of_type.unnamed_value or is_name else ""
