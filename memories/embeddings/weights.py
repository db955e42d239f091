"""The files of the default models, for embedding and for language: `python -m memories.embeddings.weights DIRECTORY`
downloads them."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from memories.embeddings import bert_graph, english, minilm
from memories.embeddings.download import Bundle, FetchFailed, fetch
from memories.embeddings.eight_bit_graph import EightBitGraph

LANGUAGE = english.MODEL


class ModelFilesUnavailable(Exception):
    """The files are missing and cannot be downloaded or written; the message tells the operator how to proceed."""


def ensure_model(directory: Path, progress: Callable[[str], None], bundle: Bundle = minilm.BUNDLE) -> Path:
    """Make sure that `directory / <pinned name>` has the verified weights, the tokenizer and the ONNX graphs, and
    return that path. Existing files are used without network access. Raises ModelFilesUnavailable."""
    place = directory / bundle.name
    try:
        fetch(bundle, directory, progress)
    except FetchFailed as failed:
        names = " and ".join(asset.path for asset in bundle.assets)
        raise ModelFilesUnavailable(
            f"The embedding model could not be fetched: {failed}. Place {names} of {minilm.REPOSITORY} "
            f"(revision {minilm.REVISION}) into {place} and start again."
        ) from failed
    try:
        _write_graphs(place)
    except OSError as error:
        raise ModelFilesUnavailable(
            f"The embedding model's graph can't be written into {place} ({error.strerror}): run "
            f"`python -m memories.embeddings.weights {directory}` once as a user who may."
        ) from error
    return place


def ensure_language(directory: Path, progress: Callable[[str], None], bundle: Bundle = english.BUNDLE) -> Path:
    """Make sure that `directory / <pinned name>` has the verified language pipeline, and return that path. Existing
    files are used without network access. Raises ModelFilesUnavailable."""
    try:
        return fetch(bundle, directory, progress)
    except FetchFailed as failed:
        raise ModelFilesUnavailable(
            f"The language pipeline could not be fetched: {failed}. Unzip the release {bundle.name} of spaCy's models "
            f"into {directory / bundle.name}, or set SPACY_MODEL to nothing to go without, and start again."
        ) from failed


def _write_graphs(place: Path) -> None:
    weights = place / minilm.WEIGHTS.path
    # 2 and 60 ms: cheaper than to ask if they are current.
    _write(place / minilm.GRAPH, bert_graph.build(weights, minilm.HEADS))
    _write(place / minilm.QUESTION_GRAPH, bert_graph.build(weights, minilm.HEADS, EightBitGraph(weights)))


def _write(target: Path, graph: bytes) -> None:
    if target.exists() and target.read_bytes() == graph:
        return
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".graph-", delete=False) as file:
        file.write(graph)
    os.chmod(file.name, 0o644)  # a temporary file is private; the service may run as another user than the set-up
    os.replace(file.name, target)


def main() -> int:
    """The command: one argument, the directory. Prints the progress; 0 when both models stand there."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m memories.embeddings.weights DIRECTORY\n")
        return 2
    try:
        place = ensure_model(Path(sys.argv[1]), _say)
        language = ensure_language(Path(sys.argv[1]), _say)
    except ModelFilesUnavailable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _say(f"embedding model ready in {place}")
    _say(f"language pipeline ready in {language}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
