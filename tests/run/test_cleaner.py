"""The cleaner on a real database and a real archive: what ages out, what stays, and room made ahead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from etl.fetch.archive import Archive
from etl.run.cleaner import Cleaner
from etl.store import partitions
from etl.store.partitions import Partition

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def conn(dsn):
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def root(tmp_path):
    return tmp_path / "archive"


@pytest.fixture
def clean(dsn, conn, root):
    def run(keep_days: int, now: datetime = NOW):
        return Cleaner(dsn, archive=lambda: Archive(root), keep_days=keep_days).clean(conn, now=now)

    return run


def add_page(conn: psycopg.Connection) -> int:
    row = conn.execute(
        """
        INSERT INTO etl.pages (url, url_key, host, found_at, outcome)
        VALUES ('https://a.example/1', gen_random_uuid(), 'a.example', now(), 'stored')
        RETURNING id
        """
    ).fetchone()
    assert row is not None
    return row[0]


def add_captures(conn: psycopg.Connection, stored_at: datetime, *, count: int = 1, is_digested: bool = True) -> None:
    conn.execute(
        """
        INSERT INTO etl.captures (stored_at, page_id, url, final_url, status, headers, body_sha256, body_bytes, fetched_at,
                                  archive_file, archive_offset, archive_length, digested_at, outcome)
        SELECT %(at)s, (SELECT min(id) FROM etl.pages), 'https://a.example/1', 'https://a.example/1', 200, '{}',
               sha256('x'), 1, %(at)s, 'f', 0, 1, CASE WHEN %(is_digested)s THEN %(at)s::timestamptz END, 'stored'
        FROM generate_series(1, %(count)s)
        """,
        {"at": stored_at, "count": count, "is_digested": is_digested},
    )


def add_attempt(conn: psycopg.Connection, at: datetime) -> None:
    conn.execute(
        "INSERT INTO etl.attempts (attempted_at, url, host, outcome) VALUES (%s, 'https://a.example/2', 'a.example', 'dns')",
        [at],
    )


def rows(conn: psycopg.Connection, table: str) -> dict[str, int]:
    """Return how many rows stand in which partition."""
    query = f"SELECT tableoid::regclass::text, count(*) FROM {table} GROUP BY 1 ORDER BY 1"
    return dict(conn.execute(query.encode()).fetchall())


def names(conn: psycopg.Connection) -> list[str]:
    return [part.name for table in partitions.MONTHLY for part in partitions.existing(conn, table)]


def test_this_month_and_two_more_have_partitions_and_a_second_round_makes_none(conn, clean):
    december = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert clean(0, december).partitions_made == 9
    assert names(conn) == [
        *("captures_2026_12", "captures_2027_01", "captures_2027_02"),
        *("attempts_2026_12", "attempts_2027_01", "attempts_2027_02"),
        *("changes_2026_12", "changes_2027_01", "changes_2027_02"),
    ]
    assert clean(0, december).partitions_made == 0
    assert clean(0, december + DAY).partitions_made == 3


def test_rows_that_stand_in_the_default_partition_move_into_their_month(conn, clean):
    add_page(conn)
    for at in (NOW - 30 * DAY, NOW, NOW + 40 * DAY):
        add_captures(conn, at)
        add_attempt(conn, at)
    clean(0)
    add_captures(conn, NOW)
    assert rows(conn, "etl.captures") == {
        "etl.captures_rest": 1,
        "etl.captures_2026_11": 2,
        "etl.captures_2026_12": 1,
    }
    assert rows(conn, "etl.attempts") == {"etl.attempts_rest": 1, "etl.attempts_2026_11": 1, "etl.attempts_2026_12": 1}


def test_a_month_with_too_many_rows_stays_in_the_default_and_blocks_no_other(conn, clean, monkeypatch):
    monkeypatch.setattr(partitions, "MOVED_MAX", 3)
    add_page(conn)
    add_captures(conn, NOW, count=4)
    cleaned = clean(0)
    assert (cleaned.partitions_made, cleaned.put_off) == (8, 1)
    assert rows(conn, "etl.captures") == {"etl.captures_rest": 4}


def test_new_partitions_have_the_keys_and_indexes_of_the_others(conn, clean):
    clean(0)
    indexes = "SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass"
    for table in ("captures", "attempts"):
        first = conn.execute(indexes, [f"etl.{table}_rest"]).fetchone()
        assert conn.execute(indexes, [f"etl.{table}_2026_11"]).fetchone() == first
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        add_captures_of_nobody(conn)


def add_captures_of_nobody(conn: psycopg.Connection) -> None:
    add_page(conn)
    add_captures(conn, NOW)
    conn.execute("UPDATE etl.captures SET page_id = 999999")


def test_a_table_that_somebody_holds_is_put_off_and_its_holder_goes_on(dsn, conn, clean):
    with psycopg.connect(dsn) as writer:
        add_page(writer)
        add_captures(writer, NOW)
        cleaned = clean(0)
        assert (cleaned.partitions_made, cleaned.put_off) == (6, 3)
        writer.commit()
    assert clean(0).partitions_made == 3
    assert rows(conn, "etl.captures") == {"etl.captures_2026_11": 1}


def test_old_captures_go_whole_months_at_once_and_the_rest_row_by_row(conn, clean):
    add_page(conn)
    partitions.add(conn, Partition("captures", datetime(2026, 9, 1, tzinfo=UTC).date()))
    partitions.add(conn, Partition("captures", datetime(2026, 10, 1, tzinfo=UTC).date()))
    for days in (400, 60, 45, 31, 29, 0):
        add_captures(conn, NOW - days * DAY)
        add_attempt(conn, NOW - days * DAY)
    cleaned = clean(30)
    assert (cleaned.partitions_dropped, cleaned.captures, cleaned.attempts) == (1, 3, 4)
    assert rows(conn, "etl.captures") == {"etl.captures_2026_10": 1, "etl.captures_2026_11": 1}
    assert sum(rows(conn, "etl.attempts").values()) == 2
    assert conn.execute("SELECT outcome FROM etl.pages").fetchall() == [("stored",)]
    assert conn.execute("SELECT kind, counts->>'captures' FROM etl.runs").fetchall() == [("clean", "3")]
    assert clean(30).captures == 0


def test_without_a_retention_nothing_goes(conn, clean, root):
    add_page(conn)
    add_captures(conn, NOW - 4000 * DAY)
    (root / "2015-12-01").mkdir(parents=True)
    clean(0)
    assert sum(rows(conn, "etl.captures").values()) == 1
    assert (root / "2015-12-01").is_dir()


def test_what_waits_for_its_digest_and_all_after_it_is_kept_with_its_bytes(conn, clean, root):
    add_page(conn)
    add_captures(conn, NOW - 100 * DAY)
    add_captures(conn, NOW - 90 * DAY, is_digested=False)
    add_captures(conn, NOW - 80 * DAY)
    for days in (100, 90, 80):
        (root / f"{(NOW - days * DAY).date()}").mkdir(parents=True)
    assert clean(30).captures == 1
    assert sum(rows(conn, "etl.captures").values()) == 2
    assert (root / f"{(NOW - 90 * DAY).date()}").is_dir()


def test_the_bytes_go_after_their_rows_and_a_week_later(conn, clean, root):
    for days in (60, 38, 36, 0):
        (root / f"{(NOW - days * DAY).date()}").mkdir(parents=True)
    assert clean(30).archive_days == 2
    assert sorted(path.name for path in root.iterdir()) == [f"{(NOW - days * DAY).date()}" for days in (36, 0)]


def test_jobs_that_ended_by_hand_are_forgotten_after_a_day_and_those_that_wait_are_not(conn, clean):
    conn.execute("SET search_path = queue")
    conn.execute(
        """
        INSERT INTO procrastinate_jobs (queue_name, task_name, args, status)
        VALUES ('live', 'a', '{}', 'cancelled'), ('live', 'b', '{}', 'cancelled'), ('live', 'c', '{}', 'todo')
        """
    )
    conn.execute("UPDATE procrastinate_events SET at = now() - interval '2 days'")
    conn.execute(
        """
        INSERT INTO procrastinate_events (job_id, type, at)
        SELECT id, 'cancelled', now() - CASE task_name WHEN 'a' THEN interval '25 hours' ELSE interval '1 hour' END
        FROM procrastinate_jobs
        WHERE status = 'cancelled'
        """
    )
    clean(0)
    assert conn.execute("SELECT task_name FROM procrastinate_jobs ORDER BY 1").fetchall() == [("b",), ("c",)]
