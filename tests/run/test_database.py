"""What a process asks of the database it is pointed at, before it works there."""

from __future__ import annotations

from contextlib import closing
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from etl.errors import Misconfigured
from etl.run.database import answering, database
from etl.settings import read_settings

from .storm_places import Wire


def test_a_pooler_that_drops_the_settings_of_a_connection_is_named(dsn, tmp_path):
    """As pgbouncer does that ignores `options`: the queue's search path would be lost, and with it all of its functions."""
    server = conninfo_to_dict(dsn)

    def forgetful(sent: bytes) -> bytes:
        return sent.replace(b"news_etl.is_kept=yes", b"news_etl.is_lost=yes")

    with closing(Wire(str(server["host"]), int(server["port"]), as_sent=forgetful)) as wire:
        between = make_conninfo(dsn, host="127.0.0.1", port=wire.port, sslmode="disable", gssencmode="disable")
        chosen = read_settings({"NEWS_ETL_DATABASE_URL": between, "NEWS_ETL_DATA_DIR": str(tmp_path)})
        with pytest.raises(Misconfigured, match="address of the server itself"), database(chosen):
            pass


def test_a_pooler_that_refuses_the_settings_of_a_connection_is_named():
    refusal = 'connection failed: FATAL:  unsupported startup parameter: "options"'
    with pytest.raises(Misconfigured, match="a pooler"), answering():
        raise psycopg.OperationalError(refusal)


def test_a_full_disk_of_the_database_is_named():
    with pytest.raises(Misconfigured, match="make room on the database's disk"), answering():
        raise psycopg.errors.DiskFull("could not extend file: No space left on device")


def test_the_settings_that_the_address_asks_for_hold_at_the_first_question_too(dsn, tmp_path):
    role = f"owner_{uuid4().hex[:12]}"
    url = make_conninfo(dsn, options=f"-c role={role}")
    chosen = read_settings({"NEWS_ETL_DATABASE_URL": url, "NEWS_ETL_DATA_DIR": str(tmp_path)})
    with pytest.raises(Misconfigured, match=role), database(chosen):
        pass
