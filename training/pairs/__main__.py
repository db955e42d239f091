"""`python -m training.pairs train | cv | cosines`: see docs/models.md."""

from __future__ import annotations

import argparse
import sys

from training.pairs import cv, data, train


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m training.pairs", description=__doc__)
    parser.add_argument("command", choices=("train", "cv", "cosines"))
    parser.add_argument("--show", action="store_true", help="cv: print every wrong effect on a timeline")
    options = parser.parse_args()
    if options.command == "cosines":
        data.write_cosines()
    elif options.command == "train":
        train.run()
    else:
        everything = cv.Data()
        cv.run_timelines(everything, options.show)
        cv.run_pairs(everything)
    return 0


sys.exit(main())
