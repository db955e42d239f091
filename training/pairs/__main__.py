"""`python -m training.pairs train | cv | precompute | table`: see docs/models.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from memories.embeddings import minilm
from training.pairs import precompute, table, train


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m training.pairs", description=__doc__)
    parser.add_argument("command", choices=("train", "cv", "precompute", "table"))
    parser.add_argument("--show", action="store_true", help="train, cv: print every wrong effect on a timeline")
    parser.add_argument(
        "--models", type=Path, default=Path(".cache/models"), help="precompute, table: EMBEDDING_MODEL_DIR"
    )
    options = parser.parse_args()
    if options.command == "precompute":
        precompute.write_contents(options.models)
        precompute.write_cosines(options.models)
    elif options.command == "table":
        table.write(options.models / minilm.BUNDLE.name)
    elif options.command == "train":
        train.run(options.show)
    else:
        from training.pairs import cv  # needs scikit-learn

        everything = cv.Data()
        cv.run_timelines(*cv.timelines_by_fold(everything), options.show)
        cv.run_pairs(everything)
    return 0


sys.exit(main())
