"""Train on all data and write the weights, with the hashes of the data and of the weights beside them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from memories.decisions import model, pair_features, texts
from memories.decisions.model import KEEP_BOTH, PairModel
from training.pairs import data

MANIFEST = model.FILE.with_suffix(".json")
SAMPLE = 200  # statements of which the manifest has a prediction


def run(told: bool = False) -> None:
    """Write `memories/decisions/weights/pairs.npz` and `pairs.json`. The thresholds come from the cross-validation,
    of which the figures are printed."""
    from training.pairs import cv, fit, thresholds  # needs scikit-learn; the rest of this module does not

    everything = cv.Data()
    models, outcomes = cv.timelines_by_fold(everything)
    cv.run_timelines(models, outcomes, told)
    chosen = thresholds.choose([one for group in outcomes for one in group])
    fitted = everything.fit([*everything.written, *everything.told])
    fit.write(fit.export(fitted, chosen), model.FILE)
    write_manifest()
    print(f"{model.FILE.stat().st_size / 1024:.0f} kB, thresholds {chosen}")


def write_manifest() -> None:
    """Write `pairs.json` for the weights as they are."""
    MANIFEST.write_text(json.dumps(manifest(), indent=1) + "\n", "utf-8")


def manifest() -> dict[str, Any]:
    """The SHA-256 of the data and of the weights, and the predictions of a sample."""
    return {
        "data": data_hash(),
        "weights": hashlib.sha256(model.FILE.read_bytes()).hexdigest(),
        "predictions": predictions(model.read(model.FILE)),
    }


def predictions(pair_model: PairModel) -> list[float]:
    """The probability that both are kept, for the first candidate of SAMPLE statements."""
    told = [statement for timeline in data.timelines() for statement in data.statements_of(timeline)]
    found = []
    for statement in told[:: len(told) // SAMPLE][:SAMPLE]:
        x = pair_features.compare(texts.read(statement.text), [texts.read(one.text) for one in statement.candidates])
        found.append(round(float(pair_model.probabilities(x)[0, KEEP_BOTH]), 4))
    return found


def data_hash() -> str:
    """Of all files of training data, by name."""
    whole = hashlib.sha256()
    for path in [*data.pair_files(), *data.timeline_files(), data.CONTENTS, data.COSINES]:
        whole.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()
