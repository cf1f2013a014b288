import io
import json
import logging
import subprocess
import sys
import threading

import pytest
import structlog

from etl import log


@pytest.fixture(autouse=True)
def logging_as_it_was():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook
    yield
    root.handlers[:], root.level = handlers, level
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)
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


PRINTS = """
import threading, warnings
from etl import log
log.set_up(form={form!r})
warnings.warn("an old name")
thread = threading.Thread(target=lambda: 1 / 0, name="reader")
thread.start()
thread.join()
raise ValueError("a bug in postgresql://user:hush@host/db")
"""


def test_warnings_and_crashes_are_one_json_line_each():
    done = subprocess.run(
        [sys.executable, "-c", PRINTS.format(form="json")], capture_output=True, text=True, check=False
    )
    warned, thread, process = lines(io.StringIO(done.stderr))
    assert "an old name" in warned["event"]
    assert (thread["event"], thread["thread"], thread["level"]) == ("thread_crashed", "reader", "error")
    assert "ZeroDivisionError" in thread["exception"]
    assert (process["event"], process["level"]) == ("process_crashed", "critical")
    assert "a bug in" in process["exception"]
    assert "hush" not in done.stderr
    assert done.returncode == 1


def test_for_people_python_prints_as_it_always_does():
    done = subprocess.run(
        [sys.executable, "-c", PRINTS.format(form="console")], capture_output=True, text=True, check=False
    )
    assert done.stderr.rstrip().endswith("ValueError: a bug in postgresql://user:hush@host/db")
    assert done.stdout == ""


def test_it_is_known_whether_records_become_json():
    log.set_up(form="console", stream=io.StringIO())
    assert not log.tells_json()
    log.set_up(form="json", stream=io.StringIO())
    assert log.tells_json()
