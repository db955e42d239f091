"""Features: the words that two texts share, exactly or by their vectors, and the words that only one has."""

from __future__ import annotations

import numpy as np

from memories.decisions.texts import Text
from memories.decisions.tokens import OPPOSITES_OF
from memories.decisions.vectors import WordVectors

NAMES = [
    "english",
    "size_old",
    "size_new",
    "size_diff",
    "jaccard",
    "new_in_old",
    "old_in_new",
    "weighty_new_only",
    "weighty_old_only",
    "weighty_shared",
    "gram_new_in_old",
    "gram_old_in_new",
    "mean_cosine",
    "soft_new",
    "soft_old",
    "soft_gap",
    "hard_new",
    "hard_old",
    "least_new",
    "least_old",
    "low_new",
    "low_old",
    "miss_new",
    "miss_old",
    "missed_part_new",
    "missed_part_old",
    "rest_cosine",
    "top_new",
    "top_old",
    "top_new_num",
    "top_old_num",
    "top_cosine",
    "rest_best_new",
    "rest_best_old",
    "shared_rarity",
    "opposite",
]
ALIGNED = NAMES.index("soft_new")
MISSED = 0.5  # a word with no nearer word in the other text is missing there


def ratio(part: float, whole: float) -> float:
    """`part / whole`, 0 of nothing."""
    return part / whole if whole else 0.0


def compare(old: Text, new: Text) -> list[float]:
    """The values of NAMES."""
    bo, bn = old.bag, new.bag
    shared, grams = len(bo & bn), len(old.grams & new.grams)
    size_old, size_new = float(np.log1p(len(old.content))), float(np.log1p(len(new.content)))
    values = [
        float(old.english and new.english),
        size_old,
        size_new,
        size_new - size_old,
        ratio(shared, len(bo | bn)),
        ratio(shared, len(bn)),
        ratio(shared, len(bo)),
        float(len(new.weighty - old.weighty)),
        float(len(old.weighty - new.weighty)),
        float(len(old.weighty & new.weighty)),
        ratio(grams, len(new.grams)),
        ratio(grams, len(old.grams)),
        float(old.mean @ new.mean),
    ]
    if old.content and new.content:
        values += _aligned(old, new)
    else:
        values += [0.0] * (len(NAMES) - ALIGNED - 1)
    only_old = set(old.words) - set(new.words)
    turned = (word for word in set(new.words) - set(old.words) if word in OPPOSITES_OF)
    values.append(float(any(not OPPOSITES_OF[word].isdisjoint(only_old) for word in turned)))
    return values


def _aligned(old: Text, new: Text) -> list[float]:
    """Each word with content beside its nearest in the other text."""
    index: dict[str, int] = {}
    stems_old = np.array([index.setdefault(old.stems[i], len(index)) for i in old.content])
    stems_new = np.array([index.get(new.stems[i], -1) for i in new.content])
    hard = stems_new[:, None] == stems_old[None]
    near = np.where(hard, 1.0, new.vectors @ old.vectors.T)  # [words of new, words of old]
    wn, wo = new.rarity + 0.2, old.rarity + 0.2
    bn, bo = near.max(1), near.max(0)
    un, uo = ~hard.any(1), ~hard.any(0)
    soft_new, soft_old = float(wn @ bn / wn.sum()), float(wo @ bo / wo.sum())
    mn, mo = bn < MISSED, bo < MISSED
    tn, to = int((wn * (1.05 - bn)).argmax()), int((wo * (1.05 - bo)).argmax())
    both, any_new, any_old = bool(un.any() and uo.any()), bool(un.any()), bool(uo.any())
    rest = (
        float(_mean(new.vectors[un], wn[un]) @ _mean(old.vectors[uo], wo[uo]))
        if both
        else float(not any_new and not any_old)
    )
    rest_near = near[un][:, uo] if both else None
    return [
        soft_new,
        soft_old,
        soft_new - soft_old,
        float(wn @ ~un / wn.sum()),
        float(wo @ ~uo / wo.sum()),
        float(bn.min()),
        float(bo.min()),
        float(np.sort(bn)[:2].mean()),
        float(np.sort(bo)[:2].mean()),
        float(wn @ mn),
        float(wo @ mo),
        float(mn.mean()),
        float(mo.mean()),
        rest,
        float(wn[tn] * (1.05 - bn[tn])),
        float(wo[to] * (1.05 - bo[to])),
        float(new.numeral[tn]),
        float(old.numeral[to]),
        float(new.vectors[tn] @ old.vectors[to]),
        float((wn[un] * rest_near.max(1)).sum() / wn[un].sum()) if rest_near is not None else 0.0,
        float((wo[uo] * rest_near.max(0)).sum() / wo[uo].sum()) if rest_near is not None else 0.0,
        float(wn[~un].max()) if not un.all() else 0.0,
    ]


def _mean(rows: WordVectors, weights: WordVectors) -> WordVectors:
    total = weights @ rows
    return np.asarray(total / max(float(np.sqrt(total @ total)), 1e-9), np.float32)
