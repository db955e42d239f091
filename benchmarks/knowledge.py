"""How well the rules read: `python -m benchmarks.knowledge`, on texts that come with the project or on files of the
same form (`--extract FILE --supersede FILE`). Runs the code that a store runs, in this process; no service is needed.

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
from pathlib import Path
from typing import Any

from benchmarks import knowledge_metrics
from memories.providers import english
from memories.providers.rules.extractor import RulesExtractor
from memories.providers.rules.supersede import decide
from memories.providers.rules.types import Extraction
from memories.types import Item

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = Path(__file__).parent / "data" / "knowledge"
MODELS = Path(os.environ.get("EMBEDDING_MODEL_DIR") or ROOT / ".cache" / "models")
Row = dict[str, Any]


def rows_of(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def item(text: str, said_at: str, speaker: str | None = None) -> Item:
    return Item(text, "user", speaker, dt.datetime.fromisoformat(said_at).replace(tzinfo=dt.UTC))


def predicted(row: Row, found: Extraction) -> Row:
    """One prediction in the scorers' form: what the text says is so, without what is denied, planned or over."""
    kept = bool(found.statements)
    return {
        "id": row["id"],
        "entities": [{"name": m.value or m.name, "type": m.type} for m in found.mentions] if kept else [],
        "relations": [
            {"source": r.source, "type": r.type, "target": r.target}
            for statement in found.statements
            for r in statement.relations
            if r.holds
        ],
        "has_fact": kept,
    }


def extract(extractor: RulesExtractor, rows: list[Row]) -> list[Row]:
    items = [item(row["text"], row["said_at"], row.get("speaker")) for row in rows]
    return [predicted(row, found) for row, found in zip(rows, extractor.read(items), strict=True)]


def supersede(extractor: RulesExtractor, rows: list[Row]) -> list[Row]:
    items = [item(row[side]["text"], row[side]["said_at"]) for row in rows for side in ("old", "new")]
    found = extractor.read(items)
    return [
        {"id": row["id"], "decision": decide(found[2 * n].statements, found[2 * n + 1].statements)}
        for n, row in enumerate(rows)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.knowledge")
    parser.add_argument("--extract", type=Path, default=SHIPPED / "extract.jsonl")
    parser.add_argument("--supersede", type=Path, default=SHIPPED / "supersede.jsonl")
    parser.add_argument("--models", type=Path, default=MODELS, help="where the language pipeline lies")
    parser.add_argument("--out", type=Path, help="write the predictions here")
    parser.add_argument("--scorers", type=Path, help="score_extract.py and score_supersede.py lie here")
    parser.add_argument("--errors", action="store_true", help="let the scorers list what went wrong")
    told = parser.parse_args()
    extractor = RulesExtractor(english.MODEL, told.models)
    extractor.warm()
    with tempfile.TemporaryDirectory() as scratch:
        out = told.out or Path(scratch)
        for name, gold, run in (("extract", told.extract, extract), ("supersede", told.supersede, supersede)):
            rows = rows_of(gold)
            began = time.process_time()  # other work on the machine does not count
            found = run(extractor, rows)
            took = 1000 * (time.process_time() - began) / max(len(rows), 1)
            score = knowledge_metrics.of_extraction if name == "extract" else knowledge_metrics.of_decisions
            figures = score(rows, {row["id"]: row for row in found})
            print(
                f"{name}: {len(rows)} items, {took:.1f} ms of processor time each",
                {k: round(v, 3) for k, v in figures.items()},
            )
            file = out / f"knowledge-{name}.jsonl"
            file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found), encoding="utf-8")
            if told.scorers:
                errors = ([] if not told.errors else ["--errors"]) + (
                    ["80"] if told.errors and name == "extract" else []
                )
                subprocess.run([sys.executable, told.scorers / f"score_{name}.py", gold, file, *errors], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
