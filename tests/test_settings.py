from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from etl.errors import Misconfigured
from etl.settings import Settings, about_settings, read_settings


def test_nothing_set_is_the_defaults():
    assert read_settings({"PATH": "/bin", "NEWS_ETL_TEST_DATABASE_URL": "x", "NEWS_ETL_SHARED": "/x"}) == Settings()


@pytest.mark.parametrize(
    ("name", "given", "field", "value"),
    [
        pytest.param("NEWS_ETL_DATABASE_URL", "postgresql://h/d", "database_url", "postgresql://h/d", id="text"),
        pytest.param("NEWS_ETL_DATA_DIR", "~/x", "data_dir", Path("~/x").expanduser(), id="folder of the user"),
        pytest.param("NEWS_ETL_WORKERS", " 3 ", "workers", 3, id="whole number, white space around"),
        pytest.param("NEWS_ETL_HOST_SPACING_S", "0.5", "host_spacing_s", 0.5, id="seconds"),
        pytest.param("NEWS_ETL_LOG_FORMAT", "json", "log_format", "json", id="choice"),
        pytest.param("NEWS_ETL_WORKERS", "", "workers", 0, id="empty is unset"),
        pytest.param(
            "NEWS_ETL_OPEN_ADDRESSES",
            "10.0.0.7:80, [::1]:0-9",
            "open_addresses",
            ("10.0.0.7:80", "[::1]:0-9"),
            id="list",
        ),
    ],
)
def test_a_setting_is_read_from_its_variable(name, given, field, value):
    assert getattr(read_settings({name: given}), field) == value


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        pytest.param({"NEWS_ETL_WORKERS": "many"}, r"NEWS_ETL_WORKERS: 'many' is not processes", id="no number"),
        pytest.param({"NEWS_ETL_WORKERS": "-1"}, r"at least 0", id="too small"),
        pytest.param({"NEWS_ETL_HOST_SPACING_S": "nan"}, r"NEWS_ETL_HOST_SPACING_S", id="not a number of seconds"),
        pytest.param({"NEWS_ETL_LOG_LEVEL": "loud"}, r"one of debug, info", id="no such choice"),
        pytest.param({"NEWS_ETL_DATABASE_ULR": "x"}, r"did you mean NEWS_ETL_DATABASE_URL\?", id="a slip in the name"),
        pytest.param({"NEWS_ETL_DATADIR": "x"}, r"did you mean NEWS_ETL_DATA_DIR\?", id="a missing underscore"),
        pytest.param({"NEWS_ETL_PROXY_FILE": "/no/such/file"}, r"NEWS_ETL_PROXY_FILE: cannot read", id="no secret"),
        pytest.param({"NEWS_ETL_PROXY": "a", "NEWS_ETL_PROXY_FILE": "b"}, r"both set", id="secret told twice"),
    ],
)
def test_a_mistake_is_named_with_what_would_be_right(environ, words):
    with pytest.raises(Misconfigured, match=words):
        read_settings(environ)


def test_a_secret_comes_from_a_file_and_is_never_shown(tmp_path):
    secret = tmp_path / "database_url"
    secret.write_text("postgresql://u:hush@h/d\n")
    settings = read_settings({"NEWS_ETL_DATABASE_URL_FILE": str(secret)})
    assert settings.database_url == "postgresql://u:hush@h/d"
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("url", "password"),
    [
        pytest.param("postgresql://news@db:5432/news?sslmode=disable", "p'a/s@s: 100%", id="url"),
        pytest.param("host=db user=news dbname=news", "p'a\\s s", id="key and value"),
    ],
)
def test_a_password_of_its_own_joins_the_database_url(url, password):
    joined = read_settings({"NEWS_ETL_DATABASE_URL": url, "NEWS_ETL_DATABASE_PASSWORD": password}).database_url
    read = conninfo_to_dict(joined)
    assert (read["password"], read["user"], read["host"], read["dbname"]) == (password, "news", "db", "news")


@pytest.mark.parametrize("url", ["postgresql://news:own@db/news", "postgresql://db/news", "host=db password=own"])
def test_a_url_that_has_a_password_or_no_user_stays_as_it_is(url):
    assert read_settings({"NEWS_ETL_DATABASE_URL": url, "NEWS_ETL_DATABASE_PASSWORD": "x"}).database_url == url


def test_places_that_are_not_set_are_in_the_data_folder():
    settings = read_settings({"NEWS_ETL_DATA_DIR": "/srv/news"})
    assert (settings.recipes_folder, settings.archive_place) == (Path("/srv/news/recipes"), "/srv/news/archive")
    assert settings.worker_count >= 1


@pytest.mark.parametrize("about", about_settings(), ids=lambda about: about.name)
def test_every_setting_says_its_unit_and_its_reason(about):
    assert about.unit
    assert about.default
    assert about.reason.endswith(".")
