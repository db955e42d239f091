"""Full-text search: texts as tsvectors, and questions as tsqueries.

`configuration` is PostgreSQL's text-search configuration (`memories.languages.configuration(project)`).
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchConfig, SearchQuery, SearchVectorField
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, IntegerField, TextField, Value
from django.db.models.sql.compiler import SQLCompiler

from memories.languages import configuration, segmented

SOURCE_CHARACTERS = 20_000  # of a pending write's raw text; its passages have all of it
PUNCTUATION = ".,;:!?()\"'"  # a character that changes no lexeme beside a word


class ToTsVector(Func):
    """`to_tsvector(configuration, text)`."""

    function = "to_tsvector"
    output_field = SearchVectorField()


class WordCount(Func):
    """The number of words of a tsvector, repeats included and stop words left out.

    Without a subquery, which Citus refuses in an INSERT: the binary form of a tsvector takes 4 bytes, 3 bytes and the
    text for each lexeme, and 2 bytes for each of its positions.
    """

    template = (
        "((octet_length(tsvectorsend(%(expressions)s)) - 4"
        " - octet_length(array_to_string(tsvector_to_array(%(expressions)s), ''))"
        " - 3 * length(%(expressions)s)) / 2)"
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


def to_tsvector(text: str, configuration: str, speaker: str | None = None, evidence: str = "") -> Any:
    """The tsvector of `text`, including the speaker's name, which questions may mention.

    Of `evidence` it has the lexemes that the rest lacks, so that no word counts twice.
    """
    config = SearchConfig(configuration)
    said = ToTsVector(config, Value(segmented(f"{speaker} {text}" if speaker else text)))
    if not _tokens(evidence) - _tokens(text):
        return said
    lexemes = Func(said, function="tsvector_to_array", output_field=ArrayField(TextField()))
    original = ToTsVector(config, Value(segmented(evidence)))
    lacking = Func(original, lexemes, function="ts_delete", output_field=SearchVectorField())
    return Func(said, lacking, template="(%(expressions)s)", arg_joiner=" || ", output_field=SearchVectorField())


def of_source(text: str, project: str) -> Any:
    """The tsvector of an accepted write, so that recall finds it while it is pending."""
    return to_tsvector(text[:SOURCE_CHARACTERS], configuration(project))


def word_count(text: str, configuration: str, speaker: str | None = None, evidence: str = "") -> Any:
    return WordCount(to_tsvector(text, configuration, speaker, evidence))


def websearch_query(question: str, configuration: str) -> SearchQuery:
    """A query in the syntax of a search box: `tsv=websearch_query("oslo -rome", "english")`.

    A minus before a run of CJK characters applies only to its first pair.
    """
    return SearchQuery(segmented(question), config=configuration, search_type="websearch")


def _tokens(text: str) -> set[str]:
    """The words of a text as Python splits them: equal words have equal lexemes."""
    return {token.strip(PUNCTUATION) for token in text.lower().split()}
