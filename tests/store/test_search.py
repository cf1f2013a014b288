"""`news.search`: what is found by what words, where it is looked for, and that the newest are found without reading the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from store.written import article, page, sighting, source, version

from etl.store import searching

DAY = datetime(2026, 2, 7, 8, 15, tzinfo=UTC)


def write(conn: psycopg.Connection, title: str, text: str = "", *, at: datetime = DAY, **other) -> int:
    """Store an article published *at*."""
    language, host, by = other.pop("language", None), other.pop("host", "www.example.org"), other.pop("by", ())
    article_id = article(conn, page(conn, at=at, host=host, by=by), at=at)
    version(conn, article_id, at=at, title=title, text=text, language=language, published_at=at, **other)
    return article_id


def found(conn: psycopg.Connection, query: str, language: str | None = None, **other) -> list[int]:
    while searching.fill(conn, limit=100):
        pass
    given = {"from": None, "to": None, "source": None, "at_most": 20, **other}
    rows = conn.execute(
        """
        SELECT article_id FROM news.search(%(query)s, %(language)s, %(from)s, %(to)s, %(source)s, %(at_most)s)
        """,
        {"query": query, "language": language, **given},
    )
    return [article_id for (article_id,) in rows]


@pytest.mark.parametrize(
    ("language", "title", "queries", "not_these"),
    [
        pytest.param("fr", "Il faut empêcher la grève", ["empecher", "empêchée", "EMPÊCHER", "greve"], ["gravier"], id="accents"),
        pytest.param("fr", "Les dernières localités", ["dernier", "localite"], [], id="endings that need their accents"),
        pytest.param("fr-CA", "L’Élysée et l'été", ["elysee", "l'élysée", "ete"], ["lelysee"], id="elision, both apostrophes"),
        pytest.param("es", "Nuevas acusaciones", ["acusación", "acusacion"], ["causa"], id="an ending that needs its accent"),
        pytest.param("pt", "As eleições de outubro", ["eleição", "eleicao", "ELEICOES"], [], id="a plural with another vowel"),
        pytest.param("de", "Häuser in Köln", ["haus", "koln", "Häuser"], ["hase"], id="umlauts"),
        pytest.param("ru", "Новый ёжик в МОСКВЕ", ["ежик", "москва"], ["новыи"], id="Cyrillic: yo folds, short i stays"),
        pytest.param("el", "Η Αθήνα σήμερα", ["αθηνα", "ΑΘΉΝΑ"], [], id="Greek"),
        pytest.param("vi", "Thủ tướng Việt Nam", ["thu tuong", "viet nam"], [], id="a language without a stemmer"),
        pytest.param("ja", "東京オリンピックの大会", ["東京", "大会", "会", "大", '"の大会"'], ["京都", "会大"], id="Japanese"),
        pytest.param("zh", "中国经济增长。", ["经济", "中国 增长", "长", "国经济"], ["国中", "济经"], id="Chinese"),
        pytest.param("ko", "서울에서 열린 회의", ["서울", "회의"], ["부산"], id="Korean, with a particle on the word"),
        pytest.param("th", "นายกรัฐมนตรีประชุม", ["ประชุม"], ["ประเทศ"], id="Thai"),
        pytest.param("ja", "新型iPhoneを発売", ["iphone 発売", "iphone発売"], ["android"], id="two scripts in one word"),
        pytest.param("en", "The vice-president of AT&T and/or <b>others</b>", ["vice president", '"vice-president"', "others"],
                     ["viking"], id="hyphen, slash, ampersand, tag"),
        pytest.param("en", "Budget 2019-2020 agreed", ["2020", '"budget 2019"'], ["2021"], id="numbers after a hyphen"),
        pytest.param("en", "Ships and a piano", ["ship piano", '"a piano"', "boat OR ship", "ship -boat", 'ship -"brass band"'],
                     ["ship -piano", '"ships piano"'], id="phrase, or, without"),
    ],
)  # fmt: skip
def test_words_are_found_whatever_their_accents_and_endings(conn, language, title, queries, not_these):
    wanted = write(conn, title, language=language)
    write(conn, "zzz", language=language)
    for query in queries:
        assert found(conn, query, language) == [wanted], query
        assert found(conn, query) == [wanted], f"{query}, in all languages"
    for query in not_these:
        assert found(conn, query, language) == [], query


@pytest.mark.parametrize(
    "query", ["", "   ", "the", '"', '""', "-", "- -", "'", "\\", "@m2026", "(", "a:*", "!!", "'x':*", "日", "%s"]
)
def test_odd_queries_are_no_errors(conn, query):
    write(conn, "the piano", language="en")
    assert found(conn, query) == []
    assert found(conn, query, "ja") == []


def test_each_article_is_asked_in_its_own_language(conn):
    english = write(conn, "Gifts for sale", language="en-GB")
    german = write(conn, "Die Gifte im Fluss", language="de")
    assert set(found(conn, "gift")) == {english, german}
    assert found(conn, "gift", "en") == [english]
    assert found(conn, "gifte", "de") == [german]
    assert found(conn, "gift", "fr") == []


def test_search_keeps_to_time_and_source(conn):
    paper = source(conn, "ledger/feed", since=DAY)
    other = source(conn, "aube/rss", since=DAY)
    older = write(conn, "piano", at=DAY - timedelta(days=40), by=[paper])
    newer = write(conn, "piano", at=DAY, by=[other], host="aube.example")
    assert found(conn, "piano", **{"from": DAY}) == [newer]
    assert found(conn, "piano", to=DAY) == [older]
    assert found(conn, "piano", **{"from": DAY - timedelta(days=40), "to": DAY + timedelta(days=1)}) == [newer, older]
    for of_older in ("ledger/feed", "ledger", "www.example.org"):
        assert found(conn, "piano", source=of_older) == [older]
    for of_newer in ("aube/rss", "aube.example", "AUBE.example"):
        assert found(conn, "piano", source=of_newer) == [newer]
    assert found(conn, "piano", source="it's nobody\\") == []


def test_the_title_counts_more_than_the_text(conn):
    in_text = write(conn, "Town band", "A piano was found.", at=DAY + timedelta(hours=1))
    in_title = write(conn, "Piano found", "It was in the harbour.", at=DAY)
    assert found(conn, "piano") == [in_title, in_text]


def test_only_what_it_says_now_is_found(conn):
    article_id = write(conn, "Piano found")
    assert found(conn, "piano") == [article_id]
    version(conn, article_id, at=DAY + timedelta(hours=1), title="Organ found")
    assert found(conn, "piano") == []
    assert found(conn, "organ") == [article_id]
    conn.execute("DELETE FROM etl.articles WHERE id = %s", [article_id])
    assert found(conn, "organ") == []


def test_a_source_that_names_it_later_finds_it_too(conn):
    article_id = write(conn, "Piano found")
    late = source(conn, "late/feed", since=DAY)
    assert found(conn, "piano", source="late") == []
    page_id = conn.execute("SELECT page_id FROM etl.articles WHERE id = %s", [article_id]).fetchone()[0]
    sighting(conn, page_id, late, at=DAY)
    assert found(conn, "piano", source="late") == [article_id]


def test_a_page_leaves_its_number_and_the_words_come_later(conn):
    article_id = write(conn, "Piano found")
    assert conn.execute("SELECT article_id FROM etl.search_waiting").fetchall() == [(article_id,)]
    assert conn.execute("SELECT count(*) FROM etl.search_texts").fetchone() == (0,)
    assert searching.fill(conn, limit=10) == 1
    assert searching.fill(conn, limit=10) == 0


def test_two_who_fill_do_not_do_it_twice(dsn, conn):
    write(conn, "Piano found")
    conn.commit()
    with psycopg.connect(dsn) as other:
        assert searching.fill(conn, limit=10) == 1
        assert searching.fill(other, limit=10) == 0
    conn.commit()
    assert found(conn, "piano") != []


SNIPPETS = {
    "with its accents": (
        "fr",
        "empecher",
        "Rien. " * 60 + "On veut empêcher la grève. " + "Fin. " * 60,
        "<b>empêcher</b> la grève",
    ),
    "words far apart": (
        "en",
        "storm harbour",
        "A storm came. " + "Nothing. " * 200 + "The harbour froze.",
        "<b>storm</b>",
    ),
    "Japanese": ("ja", "大会", "前" * 60 + "東京大会は今日" + "後" * 60, "東京<b>大会</b>は今日"),
    "over lines": ("en", "piano", "One.\nA piano.\nTwo.", "One. A <b>piano</b>. Two."),
    "decomposed letters": ("fr", "cafe", "Au cafe\u0301 du port.", "<b>café</b> du port"),
    "a tag in the text": ("en", "piano", "if a<b then piano", "a<b then <b>piano</b>"),
    "an ending with another vowel": ("pt", "eleição", "As eleições de outubro", "As <b>eleições</b> de"),
    "in the title only": ("en", "zebra", "Nothing of it here.", "Nothing of it here."),
}


@pytest.mark.parametrize(("language", "query", "text", "shown"), SNIPPETS.values(), ids=SNIPPETS.keys())
def test_the_snippet_shows_the_words_as_they_are_written(conn, language, query, text, shown):
    write(conn, "zebra", text, language=language)
    assert len(found(conn, query, language)) == 1
    row = conn.execute("SELECT snippet FROM news.search(%s, %s)", [query, language]).fetchone()
    assert row is not None
    assert shown in row[0]
    assert len(row[0]) < 400


def test_the_newest_matches_are_found_through_gaps_of_days_and_decades(conn):
    moments = [
        DAY - timedelta(days=days, hours=hours) for days in (0, 1, 2, 40, 41, 900, 9000, 400_000) for hours in (0, 3)
    ]
    ids = [write(conn, "piano", at=at) for at in moments]
    assert found(conn, "piano", at_most=100) == ids
    assert found(conn, "piano", to=moments[4], at_most=100) == ids[5:]
    hits = conn.execute(
        "SELECT article_id FROM etl.newest_hits('piano', '-infinity', 'infinity', 5) ORDER BY at DESC"
    ).fetchall()
    assert [article_id for (article_id,) in hits] == ids[:5]


def test_a_slice_of_time_is_read_from_the_index_alone(conn):
    for number in range(60):
        write(conn, "piano", at=DAY - timedelta(days=number))
    assert len(found(conn, "piano", at_most=100)) == 60
    conn.execute("SET enable_seqscan = off")
    plan = "\n".join(
        line
        for (line,) in conn.execute(
            "EXPLAIN (ANALYZE) SELECT FROM etl.search_texts WHERE words @@ ('piano'::tsquery && etl.search_mark('d', '2026-02-07'))"
        )
    )
    assert "search_texts_words" in plan
    assert "Rows Removed" not in plan
