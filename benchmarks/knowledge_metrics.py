"""How well knowledge was read out of texts. Pure.

Names match when they are equal but for case, a leading article and a possessive 's, or when one holds the other as
whole words; dates only when their ISO strings are equal. One prediction matches one gold entry. What is "optional" in
the gold costs nothing, missed or found. Rows have the form of benchmarks/data/knowledge.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from entities.relation_types import relation_type

KnowledgeRow = Mapping[str, Any]
ARTICLES = frozenset({"a", "an", "the", "my", "our", "his", "her", "their"})


def _words(name: str) -> list[str]:
    found = [re.sub(r"'s?$", "", word) or word for word in re.findall(r"[\w&']+", name.replace("’", "'").casefold())]
    while len(found) > 1 and found[0] in ARTICLES:
        found.pop(0)
    return found


def same(a: str, b: str) -> bool:
    """Whether two names are meant alike."""
    x, y = f" {' '.join(_words(a))} ", f" {' '.join(_words(b))} "
    return x.strip() != "" and y.strip() != "" and (x in y or y in x)


def _matches(
    gold: Sequence[KnowledgeRow], found: Sequence[KnowledgeRow], equal: Callable[[KnowledgeRow, KnowledgeRow], bool]
) -> tuple[int, int, int, int]:
    """(right, missed, false, right with the same type)."""
    free, right, typed = list(found), 0, 0
    needed = [entry for entry in gold if not entry.get("optional")]
    for entry in needed:
        hit = next((one for one in free if equal(entry, one)), None)
        if hit is not None:
            free.remove(hit)
            right, typed = right + 1, typed + (hit["type"] == entry["type"])
    spare = [entry for entry in gold if entry.get("optional")]
    false = [one for one in free if not any(equal(entry, one) for entry in spare)]
    return right, len(needed) - right, len(false), typed


def _entity(a: KnowledgeRow, b: KnowledgeRow) -> bool:
    return (a["type"] == "DATE") == (b["type"] == "DATE") and (
        a["name"] == b["name"] if a["type"] == "DATE" else same(a["name"], b["name"])
    )


def _relation(names: set[str]) -> Callable[[KnowledgeRow, KnowledgeRow], bool]:
    def end(a: str, b: str) -> bool:
        mine = [x.casefold() in names for x in (a, b)]
        return all(mine) or (not any(mine) and same(a, b))

    def equal(gold: KnowledgeRow, found: KnowledgeRow) -> bool:
        a, b = _turned(gold), _turned(found)
        straight = end(a[0], b[0]) and end(a[2], b[2])
        return a[1] == b[1] and (straight or (relation_type(a[1]).symmetric and end(a[0], b[2]) and end(a[2], b[0])))

    return equal


def _turned(relation: KnowledgeRow) -> tuple[str, str, str]:
    """Of two inverse types both are compared as the one that comes first in the alphabet."""
    name, inverse = relation["type"], relation_type(relation["type"]).inverse
    if inverse and inverse < name:
        return relation["target"], inverse, relation["source"]
    return relation["source"], name, relation["target"]


def _f1(right: int, missed: int, false: int) -> float:
    return 2 * right / (2 * right + missed + false) if right else 0.0


def of_extraction(gold: Sequence[KnowledgeRow], found: Mapping[str, KnowledgeRow]) -> dict[str, float]:
    """F1 of entities, dates and relations, and the share of types right among matched entities."""
    sums = {"entities": [0] * 4, "dates": [0] * 4, "relations": [0] * 4}
    for row in gold:
        said = found[row["id"]]
        names = {"user", *(str(row[k]).casefold() for k in ("speaker", "user_is") if row.get(k))}
        for kind, wanted in (("entities", False), ("dates", True)):
            a, b = ([e for e in side["entities"] if (e["type"] == "DATE") == wanted] for side in (row, said))
            sums[kind] = [x + y for x, y in zip(sums[kind], _matches(a, b, _entity), strict=True)]
        got = _matches(row["relations"], said["relations"], _relation(names))
        sums["relations"] = [x + y for x, y in zip(sums["relations"], got, strict=True)]
    figures = {kind: _f1(*counts[:3]) for kind, counts in sums.items()}
    figures["types"] = sums["entities"][3] / max(sums["entities"][0], 1)
    return figures
