"""What each part of the ranking brings: the table of docs/retrieval.md.

    .venv/bin/python -m benchmarks.ablation --data FILE.json

Conversations are stored through a running service, as `benchmarks.retrieval` does; then every question is ranked in
this process, on the service's database, once for each variant. One line a variant, in percent.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks import retrieval_metrics
from benchmarks.client import Api, CannotMeasureError
from benchmarks.load import key_of_our_own  # it sets Django up: what follows needs that
from benchmarks.retrieval import arguments, progress, store_all

# isort: split
from django.conf import settings
from django.utils.dateparse import parse_datetime

from apikeys import services
from core.clock import now
from memories.models import Revision
from memories.retrieval import analyze, database_search, first_stage, recipes, retrieve, score, snapshot_search
from memories.retrieval.fuse import fuse
from memories.retrieval.recipes import DENSE, FULL, LITE, RRF, WORDS, NeighbourWeights, Recipe
from memories.retrieval.types import Question, Ranking
from memories.types import MemoryScope, RecallQuery

LIMIT = 20
DEEP = 60  # candidates that a rearrangement looks at

Order = Callable[[Ranking], list[Any]]


def as_ranked(ranking: Ranking) -> list[Any]:
    return [memory for memory, _ in ranking.memories]


@dataclass(frozen=True)
class Variant:
    """A recipe, constants of modules that stand at other values, and a last rearrangement."""

    name: str
    recipe: Recipe
    constants: tuple[tuple[Any, str, Any], ...] = ()
    order: Order = as_ranked


def without(*names: str) -> Recipe:
    return replace(FULL, weights={name: weight for name, weight in FULL.weights.items() if name not in names})


def as_asked(text: str, *_: object, **__: object) -> Question:
    return Question(text, text)


def spread_over_sessions(ranking: Ranking) -> list[Any]:
    """Each further memory of one session counts 0.02 less."""
    return _greedy(ranking, lambda at, taken: -0.02 * min(taken[_session(ranking, at)], 3))


def cover_the_question(ranking: Ranking) -> list[Any]:
    """What holds a word of the question that no better one holds counts up to 0.1 more."""
    assert ranking.retrieved is not None
    parts, idf = ranking.retrieved.pool.parts > 0, ranking.retrieved.lexical.idf

    def gain(at: int, taken: Counter[Any]) -> float:
        new = [number for number in np.flatnonzero(parts[:, at]) if not taken["word", number]]
        return 0.1 * float(idf[new].sum()) / max(float(idf.sum()), 1e-9)

    return _greedy(ranking, gain)


def _greedy(ranking: Ranking, gain: Callable[[int, Counter[Any]], float]) -> list[Any]:
    assert ranking.retrieved is not None
    total = np.sum(list(ranking.columns.values()), axis=0)
    left = [(memory, ranking.best[memory]) for memory, _ in ranking.memories[:DEEP]]
    taken: Counter[Any] = Counter()
    chosen: list[Any] = []
    while left and len(chosen) < LIMIT:
        memory, at = max(left, key=lambda pair: float(total[pair[1]]) + gain(pair[1], taken))
        left.remove((memory, at))
        chosen.append(memory)
        taken[_session(ranking, at)] += 1
        taken.update(("word", number) for number in np.flatnonzero(ranking.retrieved.pool.parts[:, at]))
    return chosen


def _session(ranking: Ranking, at: int) -> Any:
    assert ranking.retrieved is not None
    return "session", ranking.retrieved.pool.candidates[at].session


NO_CONTEXT = replace(
    FULL, words_context=NeighbourWeights(), token_context=NeighbourWeights(), meaning_context=NeighbourWeights()
)
NO_ANSWERS = replace(FULL, words_context=NeighbourWeights(0.2, 0.4), token_context=NeighbourWeights(0.6, 0.5))
EVEN = ((score, "USUAL_OF", 1e9),)  # every piece of the question weighs the same


def candidates_kept(size: int) -> tuple[tuple[Any, str, Any], ...]:
    return tuple((module, "FIRST_STAGE", size) for module in (recipes, first_stage, database_search, snapshot_search))


VARIANTS = (
    Variant("full", FULL),
    Variant("– without neighbours (context)", NO_CONTEXT),
    Variant("– without answers to questions", NO_ANSWERS),
    Variant("– without the speaker", without("speaker")),
    Variant("– without the I-question, names and times", FULL, ((analyze, "analyze_text", as_asked),)),
    Variant("– without the time", without("date")),
    Variant("– without the conversation", without("session")),
    Variant("– without word pieces", without("token_embeddings", "session")),
    Variant("– without the light form's signs", without("words_context", "meaning_context")),
    Variant("– pieces weigh evenly, rare or not", FULL, EVEN),
    Variant("– without the question mark and length", without("asks", "length")),
    Variant("– without the voice", without("role_match")),
    Variant("full, 50 candidates", FULL, candidates_kept(50)),
    Variant("full, 300 candidates", FULL, candidates_kept(300)),
    Variant("full, spread over sessions", FULL, (), spread_over_sessions),
    Variant("full, covering the question", FULL, (), cover_the_question),
    Variant("lite", LITE),
    Variant("BM25 alone", WORDS),
    Variant("dense alone", DENSE),
    Variant("reciprocal rank fusion", RRF),
)


@contextmanager
def standing_at(constants: Sequence[tuple[Any, str, Any]]) -> Iterator[None]:
    with ExitStack() as stack:
        for module, name, value in constants:
            stack.enter_context(patch.object(module, name, value))
        yield


def ranked(variant: Variant, data: Sequence[dict[str, Any]], prefix: str, exclude: Sequence[str]) -> dict[str, Any]:
    """Means by category. The file's ids stand in the metadata of what was stored."""
    tenant, rows = services.default_tenant(), []
    with standing_at(variant.constants):
        for user in progress(f"{variant.name[:40]:40s}", data):
            whose = prefix + user["user_id"]
            known = Revision.objects.filter(tenant=tenant, user_id=whose, retired_at=None)
            names = {key: metadata.get("id") for key, metadata in known.values_list("memory_key", "metadata")}
            for question in user["questions"]:
                evidence = frozenset(question["evidence"]) & {turn["id"] for turn in user["memories"]}
                if not evidence or str(question["category"]) in exclude:
                    continue
                asked = parse_datetime(question["question_date"]) if question.get("question_date") else None
                query = RecallQuery(
                    question["question"], whose, reference_time=asked and asked.replace(tzinfo=now().tzinfo)
                )
                analyzed = analyze.analyze(MemoryScope(tenant.id, whose, ("default",)), query, now(), variant.recipe)
                ranking = fuse(score.score(retrieve.retrieve(analyzed)))
                found = [names.get(memory, "") for memory in variant.order(ranking)[:LIMIT]]
                rows.append((str(question["category"]), retrieval_metrics.of_question(found, evidence)))
    return retrieval_metrics.by_category(rows)


def table(found: dict[str, dict[str, Any]], first: str) -> str:
    """Markdown: recall@10, all@10 and NDCG@10 over all questions, and all@10 of the file's first category."""
    lines = [f"| ranking | recall@10 | all@10 | NDCG@10 | category {first}: all@10 |", "|---|---|---|---|---|"]
    for name, means in found.items():
        values = means["all"][1]
        cells = (values[1], values[3], values[4], means[first][1][3])
        lines.append(f"| {name} | " + " | ".join(f"{100 * value:.1f}" for value in cells) + " |")
    return "\n".join(lines)


def measure(options: argparse.Namespace, key: str) -> None:
    data = json.loads(Path(options.data).read_text())
    api = Api(options.url, key)
    api.check()
    prefix = f"{options.user_prefix or f'ablation-{int(time.time())}'}-"
    try:
        if not options.stored:
            store_all(api, data, prefix, extract=False)
        found = {
            variant.name: ranked(variant, data, prefix, options.exclude)
            for variant in VARIANTS
            if not options.only or any(part in variant.name for part in options.only)
        }
    finally:
        if not options.keep:
            for user in data:
                api.erase(prefix + user["user_id"])
    print(table(found, next(iter(next(iter(found.values()))))))


def main() -> int:
    parser = arguments(__doc__, f"http://127.0.0.1:{settings.API_PORT}")
    parser.add_argument("--only", nargs="*", help="variants whose name has one of these parts")
    try:
        with key_of_our_own() as key:
            measure(parser.parse_args(), key)
    except (CannotMeasureError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
