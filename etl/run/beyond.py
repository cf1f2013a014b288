"""What the database refuses and no change of our program would mend: a person must, and is told what.

A round or a job that ends so leaves its work due, and the next turn tries again. All other refusals are bugs: they are raised, and
end in the log with their traceback.
"""

from __future__ import annotations

import psycopg

ADVICE = {
    "53100": "make room on the database's disk",
    "53200": "give the database's machine more memory",
    "53300": "raise max_connections of the server, or run fewer workers",
    "25006": "the database takes no writes: is it a standby, or was it set to read only?",
    "42501": "the user of NEWS_ETL_DATABASE_URL lacks rights: `news-etl doctor` prints what grants them",
}
"""By SQLSTATE."""


def advice(error: BaseException) -> str | None:
    """Return what a person must do about *error*, when it is one of those; the queue hands them on as a cause."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    return ADVICE.get(cause.sqlstate or "") if isinstance(cause, psycopg.Error) else None
