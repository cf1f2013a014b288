"""What triggers hold as foreign keys would: links stay on pages, signature keys with articles."""

from __future__ import annotations

import threading
from uuid import UUID

import psycopg
import pytest
from psycopg.errors import ForeignKeyViolation

from .feed import add_article, add_page, add_story

ADD_LINKS = """
    INSERT INTO etl.links (page_id, kind, url_key, url, first_observed_at, position, title, rule)
    SELECT page_id, 'inline', gen_random_uuid(), 'https://a.example/', now(), 0, 'x', 'x'
    FROM unnest(%s::bigint[]) AS page_id
    """
ADD_KEYS = "INSERT INTO etl.article_keys (key, article_id) SELECT key, %s FROM generate_series(1, 3) AS key"
WAITS = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"


@pytest.fixture
def conn(dsn):
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def count(conn, table):
    return conn.execute(f"SELECT count(*) FROM etl.{table}".encode()).fetchone()[0]


def test_a_deleted_page_takes_its_links_and_its_article_with_its_keys(conn):
    first, second = add_page(conn, UUID(int=1)), add_page(conn, UUID(int=2))
    for page_id in (first, second):
        conn.execute(ADD_KEYS, [add_article(conn, page_id, add_story(conn))])
    conn.execute(ADD_LINKS, [[first, first, second]])
    conn.execute("DELETE FROM etl.pages WHERE id = %s", [first])
    assert conn.execute("SELECT page_id FROM etl.links").fetchall() == [(second,)]
    assert count(conn, "article_keys") == 3


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("INSERT INTO etl.article_keys (key, article_id) VALUES (1, 999)", id="a key without its article"),
        pytest.param(ADD_LINKS.replace("%s", "'{1, 999}'"), id="one link of two without its page"),
        pytest.param("UPDATE etl.links SET page_id = 999", id="a link moved to a page that is not there"),
        pytest.param("UPDATE etl.article_keys SET article_id = 999", id="a key moved to an article that is not there"),
        pytest.param("UPDATE etl.articles SET id = 999", id="an article under another number"),
    ],
)
def test_what_belongs_to_nothing_is_refused_as_by_a_foreign_key(conn, statement):
    page_id = add_page(conn, UUID(int=1))
    conn.execute(ADD_KEYS, [add_article(conn, page_id, add_story(conn))])
    conn.execute(ADD_LINKS, [[page_id]])
    with pytest.raises(ForeignKeyViolation):
        conn.execute(statement.replace("{1, 999}", f"{{{page_id}, 999}}").encode())
    assert (count(conn, "links"), count(conn, "article_keys")) == (1, 3)


def test_a_page_is_not_deleted_under_links_that_are_being_written(conn, dsn):
    page_id = add_page(conn, UUID(int=1))
    with psycopg.connect(dsn) as writer, psycopg.connect(dsn, autocommit=True) as eraser:
        writer.execute(ADD_LINKS, [[page_id]])
        erasing = threading.Thread(target=eraser.execute, args=["DELETE FROM etl.pages"])
        erasing.start()
        while not conn.execute(WAITS, [eraser.info.backend_pid]).fetchall():
            assert erasing.is_alive()
        writer.commit()
        erasing.join()
    assert (count(conn, "pages"), count(conn, "links")) == (0, 0)


def test_links_are_not_written_onto_a_page_that_is_being_deleted(conn, dsn):
    page_id = add_page(conn, UUID(int=1))
    refused: list[ForeignKeyViolation] = []

    def add() -> None:
        try:
            writer.execute(ADD_LINKS, [[page_id]])
        except ForeignKeyViolation as error:
            refused.append(error)

    with psycopg.connect(dsn) as eraser, psycopg.connect(dsn, autocommit=True) as writer:
        eraser.execute("DELETE FROM etl.pages")
        adding = threading.Thread(target=add)
        adding.start()
        while not conn.execute(WAITS, [writer.info.backend_pid]).fetchall():
            assert adding.is_alive()
        eraser.commit()
        adding.join()
    assert len(refused) == 1
    assert count(conn, "links") == 0
