import io
import json
import logging

import pytest
import structlog

from etl import log


@pytest.fixture(autouse=True)
def logging_as_it_was():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_its_values_as_keys():
    out = io.StringIO()
    log.set_up(form="json", stream=out)
    structlog.get_logger().bind(host="example.org").info("page_fetched", status=200, title="Été")
    (line,) = lines(out)
    assert line.pop("at").endswith("Z")
    assert line == {"event": "page_fetched", "level": "info", "host": "example.org", "status": 200, "title": "Été"}


def test_records_of_libraries_take_the_same_form_and_their_chatter_stays_out():
    out = io.StringIO()
    log.set_up(form="json", stream=out)
    logging.getLogger("alembic.runtime").info("Context impl")
    logging.getLogger("urllib3.connectionpool").warning("pool is full: %s", "h")
    assert [(line["event"], line["level"]) for line in lines(out)] == [("pool is full: h", "warning")]


def test_what_is_below_the_level_is_not_written():
    out = io.StringIO()
    log.set_up(level="warning", form="json", stream=out)
    structlog.get_logger().info("page_fetched")
    assert out.getvalue() == ""


def test_auto_is_json_where_nobody_watches():
    out = io.StringIO()
    log.set_up(stream=out)
    structlog.get_logger().info("tick")
    assert lines(out)[0]["event"] == "tick"


def test_a_console_line_is_for_people():
    out = io.StringIO()
    log.set_up(form="console", stream=out)
    structlog.get_logger().info("page_fetched", status=200)
    assert "page_fetched" in out.getvalue()
    assert "status=200" in out.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_password_never_reaches_the_log(form):
    out = io.StringIO()
    log.set_up(form=form, stream=out)
    url = "postgresql://user:hush@host/db"
    try:
        int(f"cannot reach {url}")
    except ValueError:
        structlog.get_logger().exception("database_lost", url=url)
    assert "hush" not in out.getvalue()
    assert "cannot reach" in out.getvalue()
