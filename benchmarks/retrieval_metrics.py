"""How well evidence was found. Pure.

For one question: recall@k is the share of its evidence among the first k, all@10 is 1 when all of it is there, NDCG@10
has binary gains, MRR is 1 / the rank of the first evidence. A wrong or repeated id keeps its rank and scores nothing.
Sessions are ranked by their first turn: `any` is 1 when one of the sessions with evidence is among the first k, `all`
when all of them are.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

CUTS = (5, 10, 20)
NAMES = (*(f"recall@{k}" for k in CUTS), "all@10", "NDCG@10", "MRR")
SESSION_CUTS = (5, 10)
SESSION_NAMES = tuple(f"{kind}@{k}" for k in SESSION_CUTS for kind in ("any", "all"))


def of_question(ranked: Sequence[str], evidence: frozenset[str]) -> list[float]:
    """The six metrics of one question, in the order of NAMES. `evidence` isn't empty."""
    hits: list[int] = []
    seen: set[str] = set()
    for rank, found in enumerate(ranked):
        if found in evidence and found not in seen:
            seen.add(found)
            hits.append(rank)
    recall = [sum(rank < k for rank in hits) / len(evidence) for k in CUTS]
    gain = sum(1 / math.log2(rank + 2) for rank in hits if rank < 10)
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(len(evidence), 10)))
    return [*recall, float(recall[1] == 1.0), gain / ideal, 1 / (hits[0] + 1) if hits else 0.0]


def of_sessions(sessions: Sequence[str], evidence: frozenset[str]) -> list[float]:
    """The metrics of SESSION_NAMES for one question. `sessions`: those of the ranked turns, in their order."""
    ranked = list(dict.fromkeys(sessions))
    found = [evidence & set(ranked[:k]) for k in SESSION_CUTS]
    return [float(value) for hits in found for value in (bool(hits), hits == evidence)]


def newest_first(ranked: Sequence[str], evidence: Sequence[str]) -> bool:
    """Whether the last of the evidence, which is in order of time, is found before all of the other evidence."""
    *older, newest = evidence
    at = next((rank for rank, found in enumerate(ranked) if found in evidence), None)
    return at is not None and ranked[at] == newest and newest not in older


def by_category(rows: Iterable[tuple[str, list[float]]]) -> dict[str, tuple[int, list[float]]]:
    """{category: (questions, mean of each metric)}, the categories in order and `all` last."""
    grouped: dict[str, list[list[float]]] = defaultdict(list)
    for category, values in rows:
        grouped[category].append(values)
        grouped["all"].append(values)
    order = sorted(grouped, key=lambda name: (name == "all", name))
    return {name: (len(grouped[name]), [sum(v) / len(v) for v in zip(*grouped[name], strict=True)]) for name in order}


def table(means: Mapping[str, tuple[int, Sequence[float]]], names: Sequence[str] = NAMES) -> str:
    """The means as lines of text, in percent."""
    lines = [f"{'category':26s} {'n':>5s} " + " ".join(f"{name:>9s}" for name in names)]
    for name, (count, values) in means.items():
        lines.append(f"{name:26s} {count:5d} " + " ".join(f"{100 * value:9.1f}" for value in values))
    return "\n".join(lines)


def at_threshold(hits: Sequence[Sequence[tuple[float, bool]]], threshold: float) -> tuple[float, float, float]:
    """What a threshold leaves of each question's hits, (score, is evidence).

    → the share of evidence among them, the share of the evidence found that they keep, how many there are a question.
    """
    kept = [evidence for question in hits for score, evidence in question if score >= threshold]
    found = sum(evidence for question in hits for _, evidence in question)
    return sum(kept) / max(len(kept), 1), sum(kept) / max(found, 1), len(kept) / max(len(hits), 1)


def percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    """(p50, p95) in milliseconds."""
    ordered = sorted(seconds)
    if not ordered:
        return 0.0, 0.0
    return ordered[len(ordered) // 2] * 1e3, ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))] * 1e3
