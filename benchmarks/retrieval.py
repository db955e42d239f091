"""`python -m benchmarks.retrieval`: stores conversations turn by turn, asks their questions, scores what comes back.

The file: `[{"user_id", "memories": [{"id", "text", "speaker", "timestamp", "session", "role"?}], "questions": [{"id",
"question", "category", "evidence": [memory ids], "question_date"?, "answer_sessions"?}]}]`. Without --data a small
conversation that comes with the project is used. Nothing is asked while writes are pending.

For questions with `answer_sessions` the sessions of the ranked turns are scored too, and for questions about something
that changed ("knowledge-update") whether the newest evidence is before the older evidence.
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
SESSION_LIMIT = 50  # turns whose sessions are ranked: ten sessions need more turns than LIMIT
CHANGED = "knowledge-update"  # the category of questions about something that changed
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
    """`rows`: (category, metrics) of each question; `answers`: the ids found for it; `hits`: (score, is evidence);
    `sessions`: (category, metrics of its sessions); `fresh`: of each question about something that changed, whether the
    newest evidence is first."""

    rows: list[tuple[str, list[float]]]
    answers: dict[str, list[str]]
    hits: list[list[tuple[float, bool]]]
    sessions: list[tuple[str, list[float]]]
    fresh: list[bool]


def ask_all(api: Api, data: Sequence[dict[str, Any]], prefix: str, exclude: Iterable[str], recipe: str) -> Asked:
    """Ask every question that has evidence."""
    asked = [(user, q) for user in data for q in user["questions"] if str(q["category"]) not in exclude]
    result = Asked([], {}, [], [], [])
    for user, question in progress(f"asking {recipe}".strip(), asked):
        turns = {turn["id"]: turn for turn in user["memories"]}
        evidence = frozenset(e for e in question["evidence"] if e in turns)
        if not evidence:
            continue
        when = {"reference_time": question["question_date"]} if question.get("question_date") else {}
        sessions = frozenset(map(str, question.get("answer_sessions", ())))
        limit = SESSION_LIMIT if sessions else LIMIT
        found = api.recall(question["question"], prefix + user["user_id"], recipe, limit=limit, **when)
        scores: dict[str, float] = {}  # a turn counts once, where the first of its memories is
        for memory in found:
            scores.setdefault(memory["metadata"].get("id", ""), memory["score"])
        ranked, category = list(scores), str(question["category"])
        result.answers[question["id"]] = ranked[:LIMIT]
        result.hits.append([(score, name in evidence) for name, score in list(scores.items())[:LIMIT]])
        result.rows.append((category, retrieval_metrics.of_question(ranked[:LIMIT], evidence)))
        if sessions:
            theirs = [str(turns[name].get("session")) for name in ranked if name in turns]
            result.sessions.append((category, retrieval_metrics.of_sessions(theirs, sessions)))
        if category == CHANGED and len(evidence) > 1:
            ordered = sorted(evidence, key=lambda name: str(turns[name].get("timestamp")))
            result.fresh.append(retrieval_metrics.newest_first(ranked, ordered))
    return result


def measure(options: argparse.Namespace) -> None:
    data = json.loads(Path(options.data).read_text())
    api = Api(options.url, options.key)
    api.check()
    prefix = f"{options.user_prefix or f'bench-{int(time.time())}'}-"
    asked: dict[str, Asked] = {}
    try:
        if not options.stored:
            store_all(api, data, prefix, extract=options.extract)
        model = api.model()
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
        print(f"\n{recipe or 'as it ships'}, {model}")
        print(retrieval_metrics.table(found))
        _print_sessions(asked[recipe])
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


def _print_sessions(found: Asked) -> None:
    if found.sessions:
        print("\nsessions")
        means = retrieval_metrics.by_category(found.sessions)
        print(retrieval_metrics.table(means, retrieval_metrics.SESSION_NAMES))
    if found.fresh:
        print(f"something that changed: the newest evidence first in {sum(found.fresh)} of {len(found.fresh)}")


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
