"""`python -m training.calibration`: the midpoints of the logistic curve of the recipe `full`, for notes and for turns.

    .venv/bin/python -m training.calibration --url URL --timelines --data FILE.json …

Conversations (files of `benchmarks.retrieval`) and timelines of `training/data` (as notes) are stored word for word
through a running service. Every question is ranked in this process, on the service's database. The midpoint of a kind
makes the score THRESHOLD keep KEPT of the right memories among the first HITS. Five folds by user say what that keeps
of other users. Scores depend on the embedding model: run it again for another one, and copy the midpoints to
`memories/retrieval/recipes.py`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.client import Api, CannotMeasureError
from benchmarks.load import key_of_our_own  # it sets Django up: what follows needs that
from benchmarks.retrieval import progress, store_all

# isort: split
import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.utils.dateparse import parse_datetime

from apikeys import services
from core.clock import now
from memories.models import Revision
from memories.retrieval.analyze import analyze
from memories.retrieval.fuse import weighted
from memories.retrieval.recipes import FULL
from memories.retrieval.retrieve import retrieve
from memories.retrieval.score import score
from memories.types import MemoryScope, RecallQuery
from training.pairs import data as pair_data

HITS = 5
THRESHOLD, KEPT = 0.4, 0.95
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
FOLDS = 5
NOTE, TURN = "note", "turn"


@dataclass(frozen=True, slots=True)
class Sample:
    """One of the first HITS memories of a question. `value`: its sum of features, and the distance to the best with
    its margin. `user`: folds never split one."""

    user: str
    kind: str
    value: float
    right: bool


def midpoint(values: npt.NDArray[np.float64], slope: float) -> float:
    """The midpoint with which THRESHOLD keeps KEPT of the values."""
    lowest = float(np.quantile(values, 1 - KEPT))
    return lowest - float(np.log(THRESHOLD / (1 - THRESHOLD))) / slope


def scores(samples: Sequence[Sample], slope: float, middle: float) -> npt.NDArray[np.float64]:
    values = np.array([sample.value for sample in samples])
    return np.asarray(1 / (1 + np.exp(-slope * (values - middle))))


def cross_validated(samples: Sequence[Sample], slope: float) -> npt.NDArray[np.float64]:
    """The score of each sample, with the midpoint of the other users."""
    users = sorted({sample.user for sample in samples})
    fold = {users[at]: n % FOLDS for n, at in enumerate(np.random.default_rng(0).permutation(len(users)))}
    found = np.zeros(len(samples))
    for k in range(FOLDS):
        own = np.array([fold[sample.user] == k for sample in samples])
        rest = np.array([s.value for s in samples if fold[s.user] != k and s.right])
        if own.any() and len(rest):
            chosen = [sample for sample, is_own in zip(samples, own, strict=True) if is_own]
            found[own] = scores(chosen, slope, midpoint(rest, slope))
    return found


def table(samples: Sequence[Sample], found: npt.NDArray[np.float64]) -> str:
    """Markdown: for each threshold the share of right memories that it keeps, that of wrong ones, and the precision."""
    right = np.array([sample.right for sample in samples])
    lines = ["| score at least | right kept | wrong kept | precision |", "|---|---|---|---|"]
    for threshold in THRESHOLDS:
        kept = found >= threshold
        shares = kept[right].mean(), kept[~right].mean(), right[kept].mean() if kept.any() else 0.0
        lines.append(f"| {threshold} | " + " | ".join(f"{100 * share:.0f} %" for share in shares) + " |")
    return "\n".join(lines)


# --- the samples -----------------------------------------------------------------------------------------------------
def timelines() -> list[dict[str, Any]]:
    """The timelines as notes. `evidence`: the items that answer, with those that repeat or extend them; `outdated`
    items are neither right nor wrong."""
    found = []
    for row in (row for path in sorted(pair_data.FOLDER.glob("timelines_*.jsonl")) for row in pair_data.rows(path)):
        classes: dict[int, int] = {}
        for item in row["items"]:
            repeats = item["effect"] in ("duplicate", "extend")
            classes[item["n"]] = classes[item["of"][0]] if repeats else item["n"]

        def all_of(numbers: Sequence[int], classes: dict[int, int] = classes) -> list[str]:
            wanted = {classes[n] for n in numbers}
            return [str(n) for n, own in classes.items() if own in wanted]

        questions = [
            {
                "question": question["q"],
                "evidence": all_of(question["current"]),
                "outdated": all_of(question["outdated"]),
                "category": row["lang"],
            }
            for question in row.get("questions", ())
        ]
        memories = [{"id": str(item["n"]), "text": item["text"], "timestamp": item["at"]} for item in row["items"]]
        found.append({"user_id": row["id"], "memories": memories, "questions": questions})
    return found


def samples_of(user: dict[str, Any], prefix: str) -> Iterator[Sample]:
    tenant, whose = services.default_tenant(), prefix + user["user_id"]
    known = Revision.objects.filter(tenant=tenant, user_id=whose, retired_at=None)
    names = {key: metadata.get("id") for key, metadata in known.values_list("memory_key", "metadata")}
    for question in user["questions"]:
        asked = parse_datetime(question["question_date"]) if question.get("question_date") else None
        query = RecallQuery(question["question"], whose, reference_time=asked and asked.replace(tzinfo=now().tzinfo))
        scored = score(retrieve(analyze(MemoryScope(tenant.id, whose, ("default",)), query, now())))
        if scored.retrieved.recipe is not FULL:
            continue
        candidates, hits = scored.retrieved.pool.candidates, weighted(scored)
        sums = hits.total[hits.places]
        for at, value in zip(hits.places[:HITS], sums[:HITS] + FULL.margin * (sums[:HITS] - sums[0]), strict=True):
            name = names.get(candidates[at].memory_id)
            if name not in question.get("outdated", ()):
                kind = TURN if candidates[at].session is not None else NOTE
                yield Sample(user["user_id"], kind, float(value), name in question["evidence"])


def measure(options: argparse.Namespace, key: str) -> None:
    data = [user for path in options.data for user in json.loads(Path(path).read_text())]
    data += timelines() if options.timelines else []
    api = Api(options.url, key)
    api.check()
    prefix = f"{options.user_prefix or f'calibration-{int(time.time())}'}-"
    try:
        if not options.stored:
            store_all(api, data, prefix, extract=False)
        model = api.model()
        samples = [sample for user in progress("ranking", data) for sample in samples_of(user, prefix)]
    finally:
        if not options.keep:
            for user in data:
                api.erase(prefix + user["user_id"])
    for kind, slope in ((NOTE, FULL.note.logistic_slope if FULL.note else 0.0), (TURN, FULL.logistic_slope)):
        own = [sample for sample in samples if sample.kind == kind]
        if any(sample.right for sample in own):
            middle = midpoint(np.array([sample.value for sample in own if sample.right]), slope)
            right = sum(sample.right for sample in own)
            print(
                f"\n{model}, {kind}s: {right} right, {len(own) - right} wrong; midpoint {middle:.2f}, cross-validated:"
            )
            print(table(own, cross_validated(own, slope)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="*", default=[], help="conversations with questions")
    parser.add_argument("--timelines", action="store_true", help="the timelines of training/data too")
    parser.add_argument("--url", default=f"http://127.0.0.1:{settings.API_PORT}")
    parser.add_argument("--user-prefix", help="of the users that are made (default: one of this moment)")
    parser.add_argument("--stored", action="store_true", help="they are stored already, under --user-prefix")
    parser.add_argument("--keep", action="store_true", help="don't erase what was stored")
    try:
        with key_of_our_own() as key:
            measure(parser.parse_args(), key)
    except (CannotMeasureError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
