"""How well texts are annotated: `python -m benchmarks.knowledge`, on texts that come with the project or on a file of
the same form (`--extract FILE`). Runs the code that a store runs, in this process; no service is needed.

`--out DIR` writes the predictions in the form that a gold set's scorers take; `--scorers DIR` runs those over them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import knowledge_metrics
from memories.embeddings import english
from memories.extraction.extractor import TextExtractor
from memories.statements import Statement
from memories.types import Item

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = Path(__file__).parent / "data" / "knowledge"
MODELS = Path(os.environ.get("EMBEDDING_MODEL_DIR") or ROOT / ".cache" / "models")
Row = dict[str, Any]


def rows_of(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def item(text: str, said_at: str, speaker: str | None = None) -> Item:
    return Item(text, None, speaker, dt.datetime.fromisoformat(said_at).replace(tzinfo=dt.UTC))


def predicted(row: Row, found: Sequence[Statement]) -> Row:
    """One prediction in the scorers' form: what the text says is so now. The role of a job is a relation of its own."""
    named = {(n.name, n.type): n for statement in found for n in statement.graph.named}
    stated = [s for statement in found for s in statement.graph.stated if not s.ended]
    relations = [{"source": s.source, "type": s.type, "target": s.target} for s in stated]
    relations += [
        {"source": s.source, "type": "HAS_ROLE", "target": s.properties["role"]} for s in stated if s.properties
    ]
    # A speaker's name means the user; it counts as a name only if the text has it.
    speaker = row.get("speaker")
    selves = {"user", speaker} if speaker and speaker not in row["text"] else {"user"}
    nouns = {s.target for statement in found for s in statement.graph.stated}  # ends of relations, often no names
    entities = [
        {"name": n.name, "type": n.type}
        for n in named.values()
        if n.name not in selves and not (n.type == "CONCEPT" and n.name in nouns)
    ]
    return {"id": row["id"], "entities": entities, "relations": relations, "has_fact": True}


def extract(extractor: TextExtractor, rows: list[Row]) -> list[Row]:
    """Each text as a note: what is left out of a conversation is measured elsewhere."""
    items = [item(row["text"], row["said_at"], row.get("speaker")) for row in rows]
    return [predicted(row, statements) for row, statements in zip(rows, extractor.read(items), strict=True)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.knowledge")
    parser.add_argument("--extract", type=Path, default=SHIPPED / "extract.jsonl")
    parser.add_argument("--models", type=Path, default=MODELS, help="where the language pipeline lies")
    parser.add_argument("--out", type=Path, help="write the predictions here")
    parser.add_argument("--scorers", type=Path, help="score_extract.py lies here")
    parser.add_argument("--errors", action="store_true", help="let the scorers list what went wrong")
    told = parser.parse_args()
    extractor = TextExtractor(english.MODEL, told.models)
    extractor.warm()
    with tempfile.TemporaryDirectory() as scratch:
        out = told.out or Path(scratch)
        rows = rows_of(told.extract)
        began = time.process_time()  # other work on the machine does not count
        found = extract(extractor, rows)
        took = 1000 * (time.process_time() - began) / max(len(rows), 1)
        figures = knowledge_metrics.of_extraction(rows, {row["id"]: row for row in found})
        print(f"{len(rows)} items, {took:.1f} ms of processor time each", {k: round(v, 3) for k, v in figures.items()})
        file = out / "knowledge-extract.jsonl"
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found), encoding="utf-8")
        if told.scorers:
            errors = ["--errors", "80"] if told.errors else []
            subprocess.run([sys.executable, told.scorers / "score_extract.py", told.extract, file, *errors], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
