"""`python -m benchmarks.notes_recall`: notes in ten languages, and a question for each of them.

Half of the questions have the words of their note, the others have other words. The notes of a language are the
memories of one user. Printed: how many notes are found at the default threshold, how many are first, and how the scores
of right and wrong memories are spread.

The file: a line for each note, `{"id", "lang", "note", "question", "wording": "same" or "other"}`. No constant of the
ranking was fitted on it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.client import Api, CannotMeasureError

SHIPPED = Path(__file__).parent / "data" / "notes_recall.jsonl"
THRESHOLD = 0.4  # the default of a recall
HITS = 5
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Answered:
    """The scores of the first HITS memories without a threshold: of the note that answers (None: it is not among them)
    and of the others. `is_first`: the note is the first hit."""

    note: Mapping[str, str]
    right: float | None
    wrong: tuple[float, ...]
    is_first: bool


def quantiles(values: Sequence[float]) -> list[float]:
    """The values at QUANTILES; none without values."""
    ordered = sorted(values)
    return [ordered[min(int(len(ordered) * q), len(ordered) - 1)] for q in QUANTILES] if ordered else []


def table(answers: Sequence[Answered]) -> str:
    """Lines of text: by wording, by language and for all."""
    groups: dict[str, list[Answered]] = defaultdict(list)
    for answer in answers:
        for name in (f"{answer.note['wording']} words", answer.note["lang"], "all"):
            groups[name].append(answer)
    lines = [f"{'questions':12s} {'n':>4s} {'found':>6s} {'first':>6s} {'wrong ≥':>8s}"]
    for name in sorted(groups, key=lambda name: (name == "all", "words" not in name, name)):
        group = groups[name]
        found = sum(answer.right is not None and answer.right >= THRESHOLD for answer in group)
        wrong = [score >= THRESHOLD for answer in group for score in answer.wrong]
        first = sum(answer.is_first for answer in group)
        lines.append(f"{name:12s} {len(group):4d} {found:6d} {first:6d} {sum(wrong):4d}/{len(wrong)}")
    spread = {
        "right": [answer.right for answer in answers if answer.right is not None],
        "wrong": [score for answer in answers for score in answer.wrong],
    }
    lines.append("scores at " + " ".join(f"{100 * q:5.0f} %" for q in QUANTILES))
    lines += [f"{name:9s} " + " ".join(f"{value:7.2f}" for value in quantiles(of)) for name, of in spread.items()]
    return "\n".join(lines)


def ask(api: Api, notes: Sequence[Mapping[str, str]], prefix: str) -> list[Answered]:
    """Ask every question."""
    answers = []
    for note in notes:
        found = api.recall(note["question"], prefix + note["lang"], limit=HITS)
        right = [memory["metadata"].get("id") == note["id"] for memory in found]
        scores = [float(memory["score"]) for memory in found]
        answers.append(
            Answered(
                note,
                max((score for score, own in zip(scores, right, strict=True) if own), default=None),
                tuple(score for score, own in zip(scores, right, strict=True) if not own),
                bool(right) and right[0],
            )
        )
    return answers


def measure(options: argparse.Namespace) -> None:
    notes = [json.loads(line) for line in Path(options.data).read_text("utf-8").splitlines() if line.strip()]
    api = Api(options.url, options.key)
    api.check()
    prefix = f"notes-{int(time.time())}-"
    try:
        api.store_many([stored(note, prefix) for note in notes])
        model = api.model()
        answers = ask(api, notes, prefix)
    finally:
        for language in {note["lang"] for note in notes}:
            api.erase(prefix + language)
    print(f"{model}, threshold {THRESHOLD}, {HITS} hits")
    print(table(answers))


def stored(note: Mapping[str, str], prefix: str) -> dict[str, Any]:
    """A note as a store asks for it: word for word."""
    return {
        "content": note["note"],
        "user_id": prefix + note["lang"],
        "skip_extraction": True,
        "metadata": {"id": note["id"]},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=str(SHIPPED))
    parser.add_argument("--url", default=os.environ.get("MEMPROJECT_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--key", default=os.environ.get("MEMPROJECT_KEY", ""), help="an API key not bound to a user")
    try:
        measure(parser.parse_args())
    except (CannotMeasureError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
