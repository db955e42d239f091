"""Train on all data and write the weights, with the hashes of the data and of the weights beside them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from memories.decisions import model
from training.pairs import cv, data, fit, thresholds

MANIFEST = model.FILE.with_suffix(".json")


def run() -> None:
    """Write `memories/decisions/weights/pairs.npz` and `pairs.json`. The thresholds come from the cross-validation."""
    everything = cv.Data()
    _, outcomes = cv.timelines_by_fold(everything)
    chosen = thresholds.choose([one for group in outcomes for one in group])
    fitted = everything.fit([*everything.written, *everything.told])
    fit.write(fit.export(fitted, chosen), model.FILE)
    MANIFEST.write_text(json.dumps(manifest(), indent=2) + "\n", "utf-8")
    print(f"{model.FILE.stat().st_size / 1024:.0f} kB, thresholds {chosen}")


def manifest() -> dict[str, str]:
    """The SHA-256 of the data and of the weights."""
    return {"data": data_hash(), "weights": hashlib.sha256(model.FILE.read_bytes()).hexdigest()}


def data_hash() -> str:
    """Of all files of training data, by name."""
    whole = hashlib.sha256()
    for path in [*data.pair_files(), *data.timeline_files(), data.COSINES]:
        whole.update(f"{path.name} {_hash(path)}\n".encode())
    return whole.hexdigest()


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
