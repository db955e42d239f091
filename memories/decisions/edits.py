"""Features: the edit that turns the words of the old text into those of the new one, and the order of shared words."""

from __future__ import annotations

from difflib import SequenceMatcher

from memories.decisions.overlap import ratio
from memories.decisions.texts import Text

NAMES = [
    "edit_ratio",
    "edit_equal_old",
    "edit_equal_new",
    "edit_replaced",
    "edit_inserted",
    "edit_deleted",
    "edit_prefix",
    "edit_insert_only",
    "edit_none",
    "edit_one",
    "edit_one_name",
    "edit_one_num",
    "order",
    "reordered",
]


def compare(old: Text, new: Text) -> list[float]:
    """The values of NAMES."""
    a, b = old.stems, new.stems
    steps = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    replaced = [(a[i:j], b[k:m]) for step, i, j, k, m in steps if step == "replace"]
    inserted = sum(m - k for step, _, _, k, m in steps if step == "insert")
    deleted = sum(j - i for step, i, j, _, _ in steps if step == "delete")
    equal = sum(j - i for step, i, j, _, _ in steps if step == "equal")
    prefix = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    one = len(replaced) == 1 and max(map(len, replaced[0])) <= 2 and not inserted and not deleted
    names = one and not old.names.isdisjoint(replaced[0][0]) and not new.names.isdisjoint(replaced[0][1])
    figures = one and all(any(c.isdigit() for word in side for c in word) for side in replaced[0])
    order = _order(old, new)
    return [
        ratio(2 * equal, len(a) + len(b)),
        ratio(equal, len(a)),
        ratio(equal, len(b)),
        float(len(replaced)),
        float(inserted),
        float(deleted),
        ratio(prefix, len(a)),
        float(not replaced and not deleted and inserted > 0),
        float(not replaced and not deleted and not inserted),
        float(one),
        float(names),
        float(figures),
        order,
        float(order < 0.5 and old.bag == new.bag),
    ]


def _order(old: Text, new: Text) -> float:
    """Of shared words with content: 1 in the same order … −1 reversed. At most 24 of them are compared."""
    first: dict[str, int] = {}
    for i in old.content:
        first.setdefault(old.stems[i], i)
    places = [first[s] for s in dict.fromkeys(new.stems[j] for j in new.content) if s in first][:24]
    m = len(places)
    if m < 2:
        return 1.0
    signs = sum((places[b] > places[a]) - (places[b] < places[a]) for a in range(m) for b in range(a + 1, m))
    return signs / (m * (m - 1) / 2)
