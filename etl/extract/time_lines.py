"""The lines of text in which date labels are looked for, as a reader sees them."""

from __future__ import annotations

from collections.abc import Iterator

from etl.extract.document import Document, collapse


def lines(doc: Document, first: int, last: int) -> Iterator[tuple[str, int]]:
    """Yield the lines of text between two chunks, each with its first chunk."""
    start = first
    for chunk in range(first + 1, last + 1):
        if chunk == last or doc.boxes[chunk] != doc.boxes[start]:
            if text := collapse(spaced(doc, start, chunk)):
                yield text, start
            start = chunk


def spaced(doc: Document, first: int, last: int) -> str:
    """Return the text of chunks, spaces put where a style sheet sets words apart: "Giuffrida|Mar 5", "Feb|18|2009"."""
    if last - first < 2:
        return doc.texts[first] if first < last else ""
    parts = [doc.texts[first]]
    for text in doc.texts[first + 1 : last]:
        before, after = parts[-1][-1:], text[:1]
        is_apart = before.isdigit() or after.isdigit() or (before.islower() and after.isupper())
        if is_apart and before.isalnum() and after.isalnum():
            parts.append(" ")
        parts.append(text)
    return "".join(parts)
