"""`train` writes the weights, `cv` prints the figures of cross-validation, `check` trains again and compares."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys

from memories.extraction.keep_gate import WEIGHTS
from training.keep_gate import cv, data
from training.keep_gate.fit import fit

THRESHOLD = 0.25  # loses none of the 200 keepers of conversations in cross-validation


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m training.keep_gate", description=__doc__)
    parser.add_argument("what", choices=("train", "cv", "check"))
    what = parser.parse_args().what
    rows, others = data.read()
    if what == "cv":
        print(cv.report(rows, others, THRESHOLD))
        return 0
    text, hashes = trained(rows, others)
    if what == "check":
        same = WEIGHTS.read_text("utf-8") == text and HASHES.read_text("utf-8") == hashes
        print("the weights come from the data" if same else "the weights don't come from the data: train them again")
        return 0 if same else 1
    WEIGHTS.parent.mkdir(exist_ok=True)
    WEIGHTS.write_text(text, "utf-8")
    HASHES.write_text(hashes, "utf-8")
    return 0


HASHES = WEIGHTS.with_suffix(".sha256.json")


def trained(rows: list[data.GateRow], others: list[data.GateRow]) -> tuple[str, str]:
    """The file of weights and the file of hashes that belong to the data."""
    model = fit([*rows, *others], threshold=THRESHOLD)
    saved = {"bias": model.bias, "threshold": model.threshold, "weights": model.weights}
    text = json.dumps(saved, ensure_ascii=False, indent=0) + "\n"
    hashes = {"data": data.digest(), "weights": hashlib.sha256(text.encode()).hexdigest()}
    return text, json.dumps(hashes, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main())
