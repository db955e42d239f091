"""Text as the database indexes it, and questions as it understands them.

`configuration` is PostgreSQL's text-search configuration (`memories.languages.configuration(project)`).
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.search import SearchConfig, SearchQuery, SearchVectorField
from django.db.models import Func, IntegerField, Value

from memories.languages import segmented

SOURCE_CHARACTERS = 20_000  # of a pending write's raw text; its passages get all of it


class Words(Func):
    """`to_tsvector(configuration, text)`."""

    function = "to_tsvector"
    output_field = SearchVectorField()


class WordCount(Func):
    """How many words a text has for the index, repeats included and stop words left out."""

    template = "(SELECT COALESCE(sum(cardinality(positions)), 0)::int FROM unnest(to_tsvector(%(expressions)s)))"
    output_field = IntegerField()


def words(text: str, configuration: str, speaker: str | None = None) -> Any:
    """The tsvector of `text`, the speaker's name included: questions name who said it."""
    return Words(SearchConfig(configuration), _said(text, speaker))


def word_count(text: str, configuration: str, speaker: str | None = None) -> Any:
    return WordCount(SearchConfig(configuration), _said(text, speaker))


def asked(question: str, configuration: str) -> SearchQuery:
    """What a person types into a search box: `tsv=asked("oslo -rome", "english")`.

    A minus before a run of CJK characters speaks of its first pair alone.
    """
    return SearchQuery(segmented(question), config=configuration, search_type="websearch")


def _said(text: str, speaker: str | None) -> Value:
    return Value(segmented(f"{speaker} {text}" if speaker else text))
