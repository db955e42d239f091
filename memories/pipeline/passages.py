"""Split a text into passages for search. Pure."""

from __future__ import annotations

from memories.types import Span

MAX_EVIDENCE = 20_000  # characters indexed with one passage
MAX_PASSAGES = 2_000  # characters; a tsvector of a megabyte is refused, and the embedding model reads 256 tokens


def split(text: str, most: int = MAX_PASSAGES) -> tuple[Span, ...]:
    """Spans that cover `text` without gap or overlap, each at most `most` characters, cut after white space where
    there is some in the second half of a passage. An empty text has one empty passage."""
    spans: list[Span] = []
    start = 0
    while len(text) - start > most:
        stop = start + most
        for cut in ("\n", ". ", " "):
            found = text.rfind(cut, start + most // 2, stop)
            if found >= 0:
                stop = found + len(cut)
                break
        spans.append(Span(start, stop))
        start = stop
    spans.append(Span(start, len(text)))
    return tuple(spans)


def evidence_of(evidence: str, ordinal: int, *, is_last: bool) -> str:
    """The part of a text's evidence that is indexed with passage `ordinal`; the last passage gets the rest."""
    spans = split(evidence)
    if ordinal >= len(spans):
        return ""
    stop = spans[-1].stop if is_last else spans[ordinal].stop
    return evidence[spans[ordinal].start : stop][:MAX_EVIDENCE]
