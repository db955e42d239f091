"""`train` writes the weights, `cv` prints the figures of cross-validation, `check` trains again and compares."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from benchmarks.knowledge import MODELS
from memories.extraction.name_types import WEIGHTS
from training.name_types import data
from training.name_types.fit import fit, report

HASHES = WEIGHTS.with_suffix(".sha256.json")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m training.name_types", description=__doc__)
    parser.add_argument("what", choices=("train", "cv", "check"))
    parser.add_argument("--models", type=Path, default=MODELS, help="where the language pipeline lies")
    told = parser.parse_args()
    rows = data.read(told.models)
    if told.what == "cv":
        print(report(rows))
        return 0
    weights = [f" {json.dumps(name)}: {json.dumps(each)}" for name, each in sorted(fit(rows).items())]
    text = "{\n" + ",\n".join(weights) + "\n}\n"
    hashes = {"data": data.digest(), "weights": hashlib.sha256(text.encode()).hexdigest()}
    if told.what == "check":
        same = WEIGHTS.read_text("utf-8") == text and json.loads(HASHES.read_text("utf-8")) == hashes
        print("the weights come from the data" if same else "the weights don't come from the data: train them again")
        return 0 if same else 1
    WEIGHTS.write_text(text, "utf-8")
    HASHES.write_text(json.dumps(hashes, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
