"""`python -m benchmarks.retrieval`: stores conversations turn by turn, asks their questions, scores what comes back.

The file: `[{"user_id", "memories": [{"id", "text", "speaker", "timestamp", "session", "role"?}], "questions": [{"id",
"question", "category", "evidence": [memory ids], "question_date"?}]}]`. Without --data a small conversation that comes
with the project is used.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from benchmarks import retrieval_metrics
from benchmarks.client import Api, CannotMeasureError

SHIPPED = Path(__file__).parent / "data" / "conversation.json"
LIMIT = 20
THRESHOLDS = (0.4, 0.6)
BATCH = 20  # turns in one request

T = TypeVar("T")


def progress(name: str, items: Sequence[T]) -> Iterator[T]:
    """The items, with a line on the terminal that counts them."""
    begun, shown = time.monotonic(), 0.0
    for number, item in enumerate(items, start=1):
        yield item
        if time.monotonic() - shown > 0.2 or number == len(items):
            shown = time.monotonic()
            print(f"\r{name} {number}/{len(items)}  {shown - begun:.0f} s ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def store_all(api: Api, data: Sequence[dict[str, Any]], prefix: str, *, extract: bool) -> None:
    """Every turn in order, verbatim or through extraction, with the file's id in its metadata."""
    turns = [(user, turn) for user in data for turn in user["memories"]]
    batches = [turns[start : start + BATCH] for start in range(0, len(turns), BATCH)]
    for batch in progress("storing, batch", batches):
        api.store_many([stored(user, turn, prefix) | {"skip_extraction": not extract} for user, turn in batch])


def stored(user: dict[str, Any], turn: dict[str, Any], prefix: str) -> dict[str, Any]:
    """A turn as a store asks for it."""
    optional = {
        "speaker": turn.get("speaker"),
        "role": turn.get("role"),
        "session_id": str(turn["session"]) if turn.get("session") is not None else None,
        "timestamp": turn.get("timestamp"),
    }
    return {
        "content": turn["text"],
        "user_id": prefix + user["user_id"],
        "skip_extraction": True,
        "metadata": {"id": turn["id"]},
        **{name: value for name, value in optional.items() if value},
    }


class Asked(NamedTuple):
    """`rows`: (category, metrics) of each question; `answers`: the ids found for it; `hits`: (score, is evidence)."""

    rows: list[tuple[str, list[float]]]
    answers: dict[str, list[str]]
    hits: list[list[tuple[float, bool]]]


def ask_all(api: Api, data: Sequence[dict[str, Any]], prefix: str, exclude: Iterable[str], recipe: str) -> Asked:
    """Ask every question that has evidence."""
    asked = [(user, q) for user in data for q in user["questions"] if str(q["category"]) not in exclude]
    rows, answers, hits = [], {}, []
    for user, question in progress(f"asking {recipe}".strip(), asked):
        known = {turn["id"] for turn in user["memories"]}
        evidence = frozenset(e for e in question["evidence"] if e in known)
        if not evidence:
            continue
        when = {"reference_time": question["question_date"]} if question.get("question_date") else {}
        found = api.recall(question["question"], prefix + user["user_id"], recipe, limit=LIMIT, **when)
        scores: dict[str, float] = {}  # a turn counts once, where the first of its memories is
        for memory in found:
            scores.setdefault(memory["metadata"].get("id", ""), memory["score"])
        ranked = list(scores)
        answers[question["id"]] = ranked
        hits.append([(score, name in evidence) for name, score in scores.items()])
        rows.append((str(question["category"]), retrieval_metrics.of_question(ranked, evidence)))
    return Asked(rows, answers, hits)


def measure(options: argparse.Namespace) -> None:
    data = json.loads(Path(options.data).read_text())
    api = Api(options.url, options.key)
    api.check()
    prefix = f"{options.user_prefix or f'bench-{int(time.time())}'}-"
    asked: dict[str, Asked] = {}
    try:
        if not options.stored:
            store_all(api, data, prefix, extract=options.extract)
        for recipe in options.recipes:
            asked[recipe] = ask_all(api, data, prefix, options.exclude, recipe)
            if options.answers:
                Path(f"{options.answers}{recipe}.json").write_text(json.dumps(asked[recipe].answers))
    finally:
        if not options.keep:
            for user in data:
                api.erase(prefix + user["user_id"])
    means = {recipe: retrieval_metrics.by_category(found.rows) for recipe, found in asked.items()}
    for recipe, found in means.items():
        print(f"\n{recipe or 'as it ships'}")
        print(retrieval_metrics.table(found))
        for threshold in THRESHOLDS:
            precision, kept, each = retrieval_metrics.at_threshold(asked[recipe].hits, threshold)
            print(
                f"score ≥ {threshold}: {each:.1f} hits a question (of {LIMIT}), {100 * precision:.0f} % evidence; "
                f"{100 * kept:.0f} % of the evidence that was found is kept"
            )
    for name, seconds in api.times.items():
        if name.startswith("recall"):
            p50, p95 = retrieval_metrics.percentiles(seconds)
            print(f"{name:14s} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   ({len(seconds)} calls, one client)")
    if options.json:
        named = {
            r: {c: {"n": n, **dict(zip(retrieval_metrics.NAMES, v, strict=True))} for c, (n, v) in found.items()}
            for r, found in means.items()
        }
        Path(options.json).write_text(json.dumps(named, indent=1))


def arguments(about: str | None, url: str) -> argparse.ArgumentParser:
    """What every measurement of conversations is told."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=str(SHIPPED), help="conversations with questions (default: the shipped one)")
    parser.add_argument("--url", default=os.environ.get("MEMPROJECT_URL", url))
    parser.add_argument("--exclude", nargs="*", default=["5"], help="categories left out (default: 5)")
    parser.add_argument("--extract", action="store_true", help="store through extraction, not verbatim")
    parser.add_argument("--user-prefix", help="of the users made (default: one of this moment)")
    parser.add_argument("--stored", action="store_true", help="they stand there already, under --user-prefix")
    parser.add_argument("--keep", action="store_true", help="don't erase what was stored")
    return parser


def main() -> int:
    parser = arguments(__doc__, "http://127.0.0.1:8080")
    parser.add_argument("--key", default=os.environ.get("MEMPROJECT_KEY", ""), help="an API key not bound to a user")
    parser.add_argument(
        "--recipes",
        nargs="*",
        default=[""],
        metavar="NAME",
        help="full, lite, words, dense, rrf: needs RANKING_PROFILES",
    )
    parser.add_argument(
        "--answers", metavar="PREFIX", help="write what was found for each question to PREFIX<recipe>.json"
    )
    parser.add_argument("--json", metavar="FILE", help="write the means there too")
    try:
        measure(parser.parse_args())
    except (CannotMeasureError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
