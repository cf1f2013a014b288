"""What the database refuses and only a person can mend is one line of the log with what to do; a bug keeps its traceback."""

from __future__ import annotations

from types import SimpleNamespace

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from structlog.testing import capture_logs

from etl.run import scheduler, worker
from etl.run.beyond import ADVICE

CONTEXT = SimpleNamespace(job=SimpleNamespace(id=7, task_name="poll_source"))


def refused(dsn: str) -> None:
    with psycopg.connect(dsn, options="-c default_transaction_read_only=on") as conn:
        conn.execute("DELETE FROM etl.runs")


def test_a_round_and_a_job_say_what_to_do(dsn):
    def tick() -> None:
        refused(dsn)

    def rescue() -> None:
        """As the queue hands on what its driver raised."""
        try:
            refused(dsn)
        except psycopg.Error as error:
            raise ConnectorException from error

    with capture_logs() as lines:
        scheduler._round(tick)()
        scheduler._round(rescue)()
        worker._told(lambda **_: refused(dsn))(CONTEXT, source_id=1)
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("round_refused", "error"),
        ("round_refused", "error"),
        ("job_refused", "error"),
    ]
    assert [line.get("round", line.get("task")) for line in lines] == ["tick", "rescue", "poll_source"]
    for line in lines:
        assert line["detail"] == "cannot execute DELETE in a read-only transaction"
        assert line["advice"] == ADVICE["25006"]


def test_a_statement_that_is_wrong_is_raised(dsn):
    def wrong() -> None:
        with psycopg.connect(dsn) as conn:
            conn.execute("SELECT nothing FROM etl.runs")

    with pytest.raises(psycopg.errors.UndefinedColumn):
        scheduler._round(wrong)()
    with pytest.raises(psycopg.errors.UndefinedColumn):
        worker._told(lambda **_: wrong())(CONTEXT)
