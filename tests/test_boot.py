import gzip
import hashlib
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl import boot
from etl.errors import Misconfigured
from etl.fetch.exchange import Exchange, Hop
from etl.settings import Settings


def exchange() -> Exchange:
    body = b"<p>page</p>"
    hop = Hop("https://example.org/a", b"", 200, "OK", "HTTP/1.1", (("content-type", "text/html"),), body, "")
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    return Exchange(hop.url, (hop,), body, hashlib.sha256(body).digest(), at, 0.0)


def test_the_fetcher_is_what_the_settings_say(tmp_path):
    settings = Settings(
        data_dir=tmp_path, contact="https://example.org/bot", fetch_total_s=7, fetch_page_max_bytes=5_000
    )
    archive = boot.archive(settings)
    fetcher = boot.fetcher(settings, archive)
    assert fetcher.agent == "news-etl (+https://example.org/bot)"
    assert (fetcher.limits.total_s, fetcher.limits.page_max_bytes) == (7, 5_000)
    assert (tmp_path / "archive").is_dir()
    fetcher.close()


def test_the_archive_is_a_folder_or_the_url_of_an_object_store(tmp_path, monkeypatch):
    pytest.importorskip("fsspec")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for place in ("memory://bucket/prefix", "~/kept"):
        kept = boot.archive(Settings(data_dir=tmp_path, archive=place))
        there = kept.append(exchange())
        kept.sync()
        assert kept.read(there).body == b"<p>page</p>"
        kept.close()
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_who_comes_next_repairs_what_a_killed_writer_left(tmp_path):
    torn = tmp_path / "archive" / "2026-06-01" / "machine-1-0a0b0c0d.warc.gz"
    torn.parent.mkdir(parents=True)
    torn.write_bytes(gzip.compress(b"whole") + gzip.compress(b"half a record")[:-6])
    boot.archive(Settings(data_dir=tmp_path)).close()
    assert gzip.decompress(torn.read_bytes()) == b"whole"
    assert not torn.stat().st_mode & stat.S_IWUSR


def test_the_default_folder_of_recipes_is_made_and_the_users_own_must_be_there(tmp_path):
    boot.shelf(Settings(data_dir=tmp_path))
    assert (tmp_path / "recipes").is_dir()
    with pytest.raises(Misconfigured, match="no such folder"):
        boot.shelf(Settings(data_dir=tmp_path, recipes_dir=Path(tmp_path, "elsewhere")))


def test_the_pool_takes_its_size_and_its_name(dsn):
    with boot.database_pool(Settings(pool_max_connections=3), dsn, name="boot") as pool:
        assert (pool.max_size, pool.name) == (3, "boot")
