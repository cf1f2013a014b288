from pathlib import Path

import pytest

from etl import boot
from etl.errors import Misconfigured
from etl.settings import Settings


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


def test_the_default_folder_of_recipes_is_made_and_the_users_own_must_be_there(tmp_path):
    boot.shelf(Settings(data_dir=tmp_path))
    assert (tmp_path / "recipes").is_dir()
    with pytest.raises(Misconfigured, match="no such folder"):
        boot.shelf(Settings(data_dir=tmp_path, recipes_dir=Path(tmp_path, "elsewhere")))


def test_the_pool_takes_its_size_and_its_name(dsn):
    with boot.database_pool(Settings(pool_max_connections=3), dsn, name="boot") as pool:
        assert (pool.max_size, pool.name) == (3, "boot")
