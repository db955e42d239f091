"""Text as the database indexes it, and questions as it understands them.

`configuration` is PostgreSQL's text-search configuration (`memories.languages.configuration(project)`).
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.search import SearchConfig, SearchQuery, SearchVectorField
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, IntegerField, Value
from django.db.models.sql.compiler import SQLCompiler

from memories.languages import segmented

SOURCE_CHARACTERS = 20_000  # of a pending write's raw text; its passages get all of it


class Words(Func):
    """`to_tsvector(configuration, text)`."""

    function = "to_tsvector"
    output_field = SearchVectorField()


class WordCount(Func):
    """How many words a text has for the index, repeats included and stop words left out.

    Without a subquery, which Citus refuses in an INSERT: the binary form of a tsvector takes 4 bytes, 3 bytes and the
    text for each lexeme, and 2 bytes for each of its positions.
    """

    function = "to_tsvector"
    template = (
        "((octet_length(tsvectorsend(%(function)s(%(expressions)s))) - 4"
        " - octet_length(array_to_string(tsvector_to_array(%(function)s(%(expressions)s)), ''))"
        " - 3 * length(%(function)s(%(expressions)s))) / 2)"
    )
    output_field = IntegerField()

    def as_sql(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,
        function: str | None = None,
        template: str | None = None,
        arg_joiner: str | None = None,
        **extra_context: Any,
    ) -> tuple[str, tuple[str | int, ...]]:
        statement, params = super().as_sql(compiler, connection, function, template, arg_joiner, **extra_context)
        return statement, (*params, *params, *params)


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
