"""Features: numbers, dates, names, people and labels that two texts share, or that only one of them has."""

from __future__ import annotations

import itertools
import math
import re

from memories.decisions.overlap import ratio
from memories.decisions.quantities import Quantity, same
from memories.decisions.texts import Text
from memories.decisions.tokens import STOP, stem

_CONFLICTS = (  # kinds of which the old text has one value and the new text another
    ("plain", frozenset({"plain"})),
    ("money", frozenset({"money"})),
    ("clock", frozenset({"clock"})),
    ("code", frozenset({"code"})),
    ("date", frozenset({"day", "month", "weekday"})),
    ("ident", frozenset({"ident"})),
    ("unit", frozenset({"length", "mass", "volume", "time", "data", "percent", "temp"})),
)
NAMES = [
    "num_old",
    "num_new",
    "num_shared",
    "num_new_only",
    "num_old_only",
    "num_all_equal",
    "num_old_all_kept",
    "num_conflict",
    "num_conflict_kind",
    "num_conflict_plain",
    "num_conflict_money",
    "num_conflict_clock",
    "num_conflict_code",
    "num_conflict_date",
    "num_conflict_ident",
    "num_conflict_unit",
    "num_same_near",
    "num_label",
    "num_permuted",
    "num_close_code",
    "num_log_ratio",
    "year_both_differ",
    "year_new_only",
    "year_back",
    "name_old",
    "name_new",
    "name_shared",
    "name_new_only",
    "name_old_only",
    "name_conflict",
    "name_conflict_alone",
    "name_all_shared",
    "name_first_same",
    "name_first_differs",
    "name_first_old_in_new",
    "name_first_new_in_old",
    "name_swapped",
    "name_alike",
    "people_new_only",
    "people_old_only",
    "people_shared",
    "people_conflict",
    "owner_shared",
    "owner_new_only",
    "owner_old_only",
    "owner_conflict",
    "key_both",
    "key_same",
    "key_overlap",
    "key_old_in_new",
    "list_all_and_more",
    "list_fewer",
    "parts",
    "parts_shared",
    "one_part",
    "part_share",
    "old_kept_whole",
]


def compare(old: Text, new: Text) -> list[float]:
    """The values of NAMES."""
    numbers = _numbers(old, new)
    kept_whole = float(old.bag <= new.bag and not numbers[4])
    return numbers + _years(old, new) + _names(old, new) + _people(old, new) + _lists(old, new) + [kept_whole]


def _only(mine: list[Quantity], other: list[Quantity]) -> list[Quantity]:
    return [one for one in mine if not any(same(one, two) for two in other)]


def _numbers(old: Text, new: Text) -> list[float]:
    if not old.quantities and not new.quantities:
        return [0.0] * 21
    qo = [q for q in old.quantities if q.kind != "year"][:24]
    qn = [q for q in new.quantities if q.kind != "year"][:24]
    only_n, only_o = _only(qn, qo), _only(qo, qn)
    kinds = {q.kind for q in only_o} & {q.kind for q in only_n}
    near_o, near_n = ({stem(w) for q in only for w in q.near if w and w not in STOP} for only in (only_o, only_n))
    before_o, before_n = (
        {q.near[0]: q.value for q in only if q.kind == "plain" and q.near} for only in (only_o, only_n)
    )
    labels = [w for w in before_o.keys() & before_n.keys() if len(w) > 1 and w not in STOP]
    digits = [(x, y) for x in map(_digits, only_o) for y in map(_digits, only_n) if x != y and len(x) >= 3]
    return [
        float(min(len(qo), 4)),
        float(min(len(qn), 4)),
        float(min(len(qn) - len(only_n), 3)),
        float(min(len(only_n), 3)),
        float(min(len(only_o), 3)),
        float(bool(qo) and not only_n and not only_o),
        float(bool(qo) and not only_o),
        float(bool(only_n) and bool(only_o)),
        float(bool(kinds)),
        *(float(not kinds.isdisjoint(group)) for _, group in _CONFLICTS),
        float(not near_o.isdisjoint(near_n)),
        float(any(before_o[w] != before_n[w] for w in labels)),
        float(any(sorted(x) == sorted(y) for x, y in digits)),
        float(any(len(x) == len(y) and sum(p != q for p, q in zip(x, y, strict=True)) <= 2 for x, y in digits)),
        _log_ratio(only_o, only_n, kinds),
    ]


def _log_ratio(old: list[Quantity], new: list[Quantity], kinds: set[str]) -> float:
    """How far the first differing number went up or down, as a logarithm up to 3."""
    vo = next((q.value for q in old if q.kind in kinds and not isinstance(q.value, str)), None)
    vn = next((q.value for q in new if q.kind in kinds and not isinstance(q.value, str)), None)
    if vo is None or vn is None:
        return 0.0
    return min(abs(math.log(max(vn, 1e-3) / max(vo, 1e-3))), 3.0)


def _digits(quantity: Quantity) -> str:
    value = quantity.value
    return re.sub(r"\D", "", value) if isinstance(value, str) else f"{value:g}".replace(".", "")


def _years(old: Text, new: Text) -> list[float]:
    yo = {q.value for q in old.quantities if q.kind == "year"}
    yn = {q.value for q in new.quantities if q.kind == "year"}
    back = bool(yo and yn) and max(map(float, yn)) < min(map(float, yo))
    return [float(bool(yo and yn) and not yo & yn), float(bool(yn - yo)), float(back)]


def _names(old: Text, new: Text) -> list[float]:
    no, nn = old.names, new.names
    if not no and not nn:
        return [0.0] * 14
    new_only = {x for x in nn if x not in no and x not in old.low}
    old_only = {x for x in no if x not in nn and x not in new.low}
    shared = (nn - new_only) | (no - old_only)
    first_o = next((w for w in old.words if w in no), "")
    first_n = next((w for w in new.words if w in nn), "")
    both = [x for x in dict.fromkeys(w for w in new.words if w in no or w in nn) if x in old.words]
    at = [old.words.index(x) for x in both]
    return [
        float(min(len(no), 4)),
        float(min(len(nn), 4)),
        float(min(len(shared), 3)),
        float(min(len(new_only), 3)),
        float(min(len(old_only), 3)),
        float(bool(new_only) and bool(old_only)),
        float(bool(new_only) and bool(old_only) and not shared),
        float(bool(no) and not old_only and not new_only),
        float(bool(first_o) and first_o == first_n),
        float(bool(first_o) and bool(first_n) and first_o != first_n),
        float(bool(first_o) and first_o in new.low),
        float(bool(first_n) and first_n in old.low),
        float(any(x > y for x, y in itertools.pairwise(at))),
        float(any(len(x) > 3 and x[:4] == y[:4] for x in new_only for y in old_only)),
    ]


def _people(old: Text, new: Text) -> list[float]:
    po, pn, oo, on = old.people, new.people, old.owners, new.owners
    ko, kn = old.key, new.key
    new_owner = {x for x in on - oo if x in ("i", "we") or x not in old.low}
    old_owner = {x for x in oo - on if x in ("i", "we") or x not in new.low}
    return [
        float(bool(pn - po)),
        float(bool(po - pn)),
        float(bool(po & pn)),
        float(bool(pn - po) and bool(po - pn)),
        float(bool(oo & on)),
        float(bool(new_owner)),
        float(bool(old_owner)),
        float(bool(new_owner) and bool(old_owner)),
        float(bool(ko) and bool(kn)),
        float(bool(ko) and ko == kn),
        ratio(len(ko & kn), len(ko | kn)),
        ratio(len(ko & new.bag), len(ko)),
    ]


def _lists(old: Text, new: Text) -> list[float]:
    """Whether the new text has all names of the old text and more (a longer list), or fewer (a shorter one); and the
    number of members of a list in the old text that the new one mentions."""
    no, nn = old.names, new.names
    found = [0.0, 0.0]
    if len(no) > 1:
        again = sum(w in new.low for w in no)
        more = any(w not in old.low for w in nn)
        found = [float(again == len(no) and more), float(0 < again < len(no) and not more)]
    shared = sum(not part.isdisjoint(new.bag) for part in old.parts)
    whole = len(old.parts)
    return [*found, float(min(whole, 6)), float(shared), float(shared == 1 and whole > 1), ratio(shared, whole)]
