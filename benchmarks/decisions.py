"""`python -m benchmarks.decisions`: the time of the pair decision for one statement with eight candidates, one thread.

The texts are those of the training timelines. No service is needed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from benchmarks import retrieval_metrics
from memories.decisions import texts
from memories.decisions.decide import Candidate, judge
from training.pairs import data

CANDIDATES = 8
STATEMENTS = 300


def main() -> None:
    contents = [item["text"] for timeline in data.timelines() for item in timeline.items.values()]
    groups = [contents[start :: STATEMENTS + 1][: CANDIDATES + 1] for start in range(STATEMENTS + 1)]
    seconds(groups[-1:])  # loads the weights
    texts.forget()
    for name in ("texts that were not read before", "texts that were read before"):
        p50, p95 = retrieval_metrics.percentiles(seconds(groups[:-1]))
        print(f"{name:32s} p50 {p50:5.1f} ms   p95 {p95:5.1f} ms   ({STATEMENTS} statements, {CANDIDATES} candidates)")


def seconds(groups: Sequence[Sequence[str]]) -> list[float]:
    """How long the judgement of the first text of each group took, the others being its candidates."""
    taken = []
    for content, *olds in groups:
        candidates = [Candidate(old, 0.7) for old in olds]
        begun = time.perf_counter()
        judge(content, candidates)
        taken.append(time.perf_counter() - begun)
    return taken


if __name__ == "__main__":
    main()
