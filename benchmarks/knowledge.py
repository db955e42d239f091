"""How well the rules read: `python -m benchmarks.knowledge --extract FILE --supersede FILE`. See docs/benchmarks.md.

The files are JSON lines as in benchmarks/data/knowledge. Predictions are written beside the figures, in the scorers'
form; `--scorers DIR` runs the scorers of a gold set over them.
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

from memories.providers import english
from memories.providers.rules.extractor import RulesExtractor
from memories.providers.rules.supersede import decide
from memories.providers.rules.types import Extraction
from memories.types import Item

ROOT = Path(__file__).resolve().parent.parent
Row = dict[str, Any]


def rows_of(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extract", type=Path)
    parser.add_argument("--supersede", type=Path)
    parser.add_argument("--scorers", type=Path)
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--errors", action="store_true")
    parser.add_argument(
        "--models", type=Path, default=Path(os.environ.get("EMBEDDING_MODEL_DIR") or ROOT / ".cache" / "models")
    )
    told = parser.parse_args()
    extractor = RulesExtractor(english.MODEL, told.models)
    extractor.warm()
    if told.extract:
        rows = rows_of(told.extract)
        began = time.perf_counter()
        out = extract(extractor, rows)
        print(f"{len(rows)} texts, {1000 * (time.perf_counter() - began) / len(rows):.1f} ms a text")
        file = told.out / "knowledge-extract.jsonl"
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in out))
        if told.scorers:
            command = [sys.executable, told.scorers / "score_extract.py", told.extract, file]
            subprocess.run([*command, *(["--errors", "80"] if told.errors else [])], check=True)
    if told.supersede:
        rows = rows_of(told.supersede)
        file = told.out / "knowledge-supersede.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in supersede(extractor, rows)))
        if told.scorers:
            command = [sys.executable, told.scorers / "score_supersede.py", told.supersede, file]
            subprocess.run([*command, *(["--errors"] if told.errors else [])], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
