"""Lines of the form "Role: CTO" and a letter's "From: Ada <…>": the key says what the value is, no parse needed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from memories.providers.rules import types as t

LINE = re.compile(r"^\s*(?:[-*•]\s*)?(?P<key>[A-Za-z][A-Za-z -]{1,24}):\s+(?P<value>\S[^\n]{0,200})$")
ADDRESS = re.compile(r"<[^<>@\s]+@[^<>\s]+>\s*$")

NAME, ROLE, COMPANY, PLACE, BORN, SPOUSE = "name", "HAS_ROLE", "WORKS_AT", "LIVES_IN", "BORN_IN", "MARRIED_TO"
KEYS = {
    **dict.fromkeys(("name", "full name", "user", "from", "my name"), NAME),
    **dict.fromkeys(("role", "title", "job title", "job", "position", "occupation", "profession"), ROLE),
    **dict.fromkeys(("company", "employer", "organisation", "organization", "works at", "workplace"), COMPANY),
    **dict.fromkeys(("location", "city", "home", "lives in", "residence", "based in", "hometown"), PLACE),
    **dict.fromkeys(("born in", "birthplace", "place of birth"), BORN),
    **dict.fromkeys(("spouse", "wife", "husband"), SPOUSE),
}
TYPES = {NAME: t.PERSON, COMPANY: t.ORG, PLACE: t.LOCATION, BORN: t.LOCATION, SPOUSE: t.PERSON}


@dataclass(frozen=True)
class Field:
    """`parts` are (name, start): the value and, of "Accra, Ghana", its second half too."""

    kind: str
    parts: tuple[tuple[str, int], ...]


def field_of(line: str) -> Field | None:
    """What a line of a profile or a letter's head says, or None."""
    match = LINE.match(line)
    if match is None or (kind := KEYS.get(match["key"].strip().lower())) is None:
        return None
    value = ADDRESS.sub("", match["value"]).strip().rstrip(".,;")
    if not value or len(value) > 80 or len(value.split()) > 8:
        return None
    pieces = value.split(", ") if kind in (PLACE, BORN) else [value]
    parts, at = [], match.start("value")
    for piece in pieces:
        start = line.find(piece, at)
        parts.append((piece, start))
        at = start + len(piece)
    return Field(kind, tuple(parts))
