"""The files of the models, for embedding and for language: `python -m memories.embeddings.weights DIRECTORY` downloads
them; EMBEDDING_PROVIDER and EMBEDDING_MODEL say which."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from memories.embeddings import bert_graph, english, local_models, minilm
from memories.embeddings.download import Bundle, FetchFailed, fetch
from memories.embeddings.eight_bit_graph import EightBitGraph
from memories.embeddings.local_models import LocalModel, Network

LANGUAGE = english.MODEL


class ModelFilesUnavailable(Exception):
    """The files are missing and cannot be downloaded or written; the message tells the operator how to proceed."""


def ensure_model(directory: Path, progress: Callable[[str], None], model: LocalModel = local_models.MINILM) -> Path:
    """Make sure that `directory` has a folder with the verified files of each network of the model, and graphs that are
    built from them; return the last folder. Existing files are used without network access. Raises
    ModelFilesUnavailable."""
    for network in model.networks:
        place = _ensure_network(directory, progress, network)
    return place


def ensure_configured_model(directory: Path, progress: Callable[[str], None], environment: Mapping[str, str]) -> Path:
    """`ensure_model` for the model that EMBEDDING_PROVIDER and EMBEDDING_MODEL name. Raises ModelFilesUnavailable."""
    try:
        return ensure_model(directory, progress, local_models.configured(environment))
    except ImproperlyConfigured as error:
        raise ModelFilesUnavailable(str(error)) from None


def _ensure_network(directory: Path, progress: Callable[[str], None], network: Network) -> Path:
    place = directory / network.bundle.name
    try:
        fetch(network.bundle, directory, progress)
    except FetchFailed as failed:
        names = " and ".join(asset.path for asset in network.bundle.assets)
        raise ModelFilesUnavailable(
            f"The embedding model could not be fetched: {failed}. Place {names} of {network.repository} "
            f"into {place} and start again."
        ) from failed
    try:
        if network.heads is not None:
            _write_graphs(place, network, network.heads)
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


def _write_graphs(place: Path, network: Network, heads: int) -> None:
    weights = place / minilm.WEIGHTS.path
    # 2 and 60 ms: cheaper than to ask if they are current.
    _write(place / network.graph, bert_graph.build(weights, heads))
    _write(place / network.question_graph, bert_graph.build(weights, heads, EightBitGraph(weights)))


def _write(target: Path, graph: bytes) -> None:
    if target.exists() and target.read_bytes() == graph:
        return
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".graph-", delete=False) as file:
        file.write(graph)
    os.chmod(file.name, 0o644)  # a temporary file is private; the service may run as another user than the set-up
    os.replace(file.name, target)


def main() -> int:
    """The command: one argument, the directory. Prints the progress; 0 when all models stand there."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m memories.embeddings.weights DIRECTORY\n")
        return 2
    try:
        place = ensure_configured_model(Path(sys.argv[1]), _say, os.environ)
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
