"""The language of a project's texts, and preparation of texts for PostgreSQL's full-text search.

PostgreSQL's parser takes a run of Chinese, Japanese, Korean, Thai, Lao, Khmer or Burmese characters as one word. Here
it becomes the pairs of neighbours, so that any part of two characters or more is found. Texts and questions are treated
equally, in each language.
"""

from __future__ import annotations

import itertools
import re

from django.conf import settings

from core.unicode import normalize

DEFAULT = "english"
# Text-search configurations of PostgreSQL 16, the oldest that is served.
CONFIGURATIONS = (
    *("arabic", "armenian", "basque", "catalan", "danish", "dutch", "english", "finnish", "french", "german", "greek"),
    *("hindi", "hungarian", "indonesian", "irish", "italian", "lithuanian", "nepali", "norwegian", "portuguese"),
    *("romanian", "russian", "serbian", "simple", "spanish", "swedish", "tamil", "turkish", "yiddish"),
)

# Han, kana, bopomofo and Hangul with their marks and half-width forms, and letters of the scripts of South-East Asia
# without word separators; no punctuation.
UNSPACED = re.compile(
    "[\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ebd\u0ec0-\u0ecd\u1000-\u103f\u1780-\u17d3"
    "\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3031-\u3035\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3105-\u312f\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97c\uac00-\ud7fb"
    "\uf900-\ufaff\uff66-\uff9f\uffa1-\uffdc\U0001b000-\U0001b16f\U00020000-\U000323af]+"
)
# PostgreSQL's parser rescans all of a word that may be an address or a host, and all of a text after "<!--":
# 10,000 characters of "a_a_a_" or "<!--<!--" take seconds. So a word is cut, and nothing is a comment.
LONG_WORD = re.compile(r"\S{256}")
COMMENT = "<!--"
APOSTROPHES = str.maketrans(dict.fromkeys("’ʼ＇", "'"))


def parse_languages(text: str) -> dict[str, str]:
    """`"notes=german,wiki=simple"` → the configuration of each project. Raises ValueError for any other form."""
    languages: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        project, _, language = (p.strip() for p in part.partition("="))
        if not project or project in languages:
            raise ValueError(f"PROJECT_LANGUAGES: '{part}' names no project, or one that was named before")
        if language not in CONFIGURATIONS:
            raise ValueError(f"PROJECT_LANGUAGES: {project}: there is no '{language}'; {', '.join(CONFIGURATIONS)}")
        languages[project] = language
    return languages


def configuration(project: str) -> str:
    """PostgreSQL's text-search configuration for a project's texts and for questions about them."""
    return settings.PROJECT_LANGUAGES.get(project, DEFAULT)


def segmented(text: str) -> str:
    """The text with each run of such characters as its overlapping pairs: "東京タワー" → "東京 京タ タワ ワー".

    A single character stays. Runs are normalised first (NFKC), since "ｶﾞ" and "ガ" are the same character for a search,
    and get a space beside a letter or digit, since "2024年" would be one word. Otherwise only apostrophes, words of
    more than 256 characters and the beginnings of comments change: these are cut in two.
    """
    cut = LONG_WORD.sub(r"\g<0> ", text.translate(APOSTROPHES)).replace(COMMENT, "< !--")
    return UNSPACED.sub(_pairs, cut)


def _pairs(run: re.Match[str]) -> str:
    said = normalize("NFKC", run[0])
    pairs = " ".join(map("".join, itertools.pairwise(said))) or said
    before, after = run.string[max(0, run.start() - 1) : run.start()], run.string[run.end() : run.end() + 1]
    return " " * _joins(before) + pairs + " " * _joins(after)


def _joins(neighbour: str) -> bool:
    """Whether PostgreSQL could take this character and its neighbour as one word."""
    return neighbour.isalnum() or not (neighbour.isascii() or neighbour.isspace())
