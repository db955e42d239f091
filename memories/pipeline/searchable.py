"""Text as the database indexes it: the one place that knows the text-search configuration."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import Func, IntegerField, Value

SOURCE_CHARACTERS = 20_000  # of a pending write's raw text; its passages get all of it


class Words(Func):
    """`to_tsvector(configuration, text)`."""

    function = "to_tsvector"
    template = "%(function)s('english'::regconfig, %(expressions)s)"
    output_field = SearchVectorField()


class WordCount(Func):
    """How many words a text has for the index, repeats included and stop words left out."""

    template = (
        "(SELECT COALESCE(sum(cardinality(positions)), 0)::int "
        "FROM unnest(to_tsvector('english'::regconfig, %(expressions)s)))"
    )
    output_field = IntegerField()


def words(text: str, speaker: str | None = None) -> Any:
    """The tsvector of `text`, the speaker's name included: questions name who said it."""
    return Words(Value(f"{speaker} {text}" if speaker else text))


def word_count(text: str, speaker: str | None = None) -> Any:
    return WordCount(Value(f"{speaker} {text}" if speaker else text))


def asked(question: str) -> SearchQuery:
    """What a person types into a search box: `tsv=asked("oslo -rome")`."""
    return SearchQuery(question, config="english", search_type="websearch")
