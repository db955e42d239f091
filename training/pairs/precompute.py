"""Prepares the contents and the sentence vectors of the training data with the models of the service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from memories.embeddings import english
from memories.embeddings.local import LocalEmbedder
from memories.extraction.extractor import TextExtractor
from memories.types import Item
from training.pairs.data import CONTENTS, COSINES, chat_files, contents, pair_files, rows, timeline_files


def write_contents(models: Path) -> None:
    """Write `contents.jsonl`: the contents that the default extractor makes of the texts. A pair or an item of a
    timeline is a note, an item of a chat a message; the statements of one text are joined."""
    extractor = TextExtractor(english.MODEL, models)
    items = [Item(row[side]["text"]) for path in pair_files() for row in rows(path) for side in ("old", "new")]
    for path in timeline_files():
        items += [_item(item, is_chat=path in chat_files()) for row in rows(path) for item in row["items"]]
    found = {}
    for item in dict.fromkeys(items):
        content = content_of(extractor, item)
        if content != item.content:
            found[item.content] = content
    lines = (json.dumps({"text": text, "content": found[text]}, ensure_ascii=False) for text in sorted(found))
    CONTENTS.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def content_of(extractor: TextExtractor, item: Item) -> str:
    """The contents of the statements of an item, joined; "" if the keep gate drops all of it."""
    (statements,) = extractor.read([item])
    return ". ".join(statement.fact.content for statement in statements)


def _item(row: dict[str, Any], *, is_chat: bool) -> Item:
    """The item that a caller would send: a message to an assistant, or a text of a speaker with a name."""
    speaker = row.get("speaker") if is_chat else None
    return Item(row["text"], "user" if is_chat and speaker is None else None, speaker)


def write_cosines(models: Path) -> None:
    """Write `cosines.npz`: the cosines of the default sentence vectors inside each timeline, times 127, int8."""
    embedder, content = LocalEmbedder(models), contents()
    matrices: dict[str, Any] = {}
    for row in (row for path in timeline_files() for row in rows(path)):
        vectors = np.asarray(embedder.embed([content.get(item["text"]) or item["text"] for item in row["items"]]))
        matrices[row["id"]] = np.round(vectors @ vectors.T * 127).astype(np.int8)
    np.savez_compressed(COSINES, **matrices)
