"""The dashboards of grafana/: every query runs on the database of the demo, and every metric they name is one that we give."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from etl.run.metrics import exposed
from etl.run.watch import Watch
from etl.store.health import Leader

ROOT = Path(__file__).resolve().parents[2]
BOARDS = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))
PROVISIONED = (ROOT / "grafana" / "provisioning" / "datasources" / "news-etl.yml").read_text(encoding="utf-8")


def panels(board: Path) -> list[dict]:
    return json.loads(board.read_text(encoding="utf-8"))["panels"]


def targets(kind: str) -> list[tuple[str, dict]]:
    return [
        (f"{board.stem}: {panel['title']}", target)
        for board in BOARDS
        for panel in panels(board)
        for target in panel["targets"]
        if target["datasource"]["type"] == kind
    ]


@pytest.mark.parametrize("board", BOARDS, ids=lambda path: path.stem)
def test_a_board_is_whole(board):
    read = json.loads(board.read_text(encoding="utf-8"))
    assert read["uid"].startswith("news-etl-")
    assert [panel["id"] for panel in read["panels"]] == list(range(1, len(read["panels"]) + 1))
    taken: set[tuple[int, int]] = set()
    for panel in read["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, f"{panel['title']} lies over another panel"
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["description"]
        assert panel["targets"]
        for target in panel["targets"]:
            assert f"uid: {target['datasource']['uid']}\n" in PROVISIONED
            assert f"type: {target['datasource']['type']}\n" in PROVISIONED


@pytest.mark.parametrize(
    "target", [pytest.param(target, id=name) for name, target in targets("grafana-postgresql-datasource")]
)
def test_a_query_runs_as_the_reader_of_the_boards_would_run_it(pressed, target):
    query = (
        target["rawSql"]
        .replace("$__timeFrom()", "'2026-01-01T00:00:00Z'")
        .replace("$__timeTo()", "'2100-01-01T00:00:00Z'")
    )
    assert "$" not in query, "a macro that this test does not know"
    with psycopg.connect(pressed.dsn) as conn:
        conn.execute("SET ROLE news_reader; SET transaction_read_only = on; SET search_path = news")
        cursor = conn.execute(query.encode())
        rows = cursor.fetchall()
        names = [column.name for column in cursor.description or ()]
    if target["format"] == "time_series":
        assert names == ["time", "metric", "value"]
        assert rows, "the demo has something to show here"
        assert rows == sorted(rows, key=lambda row: row[0])


def test_the_metrics_that_are_shown_are_those_that_are_given(pressed):
    facts = Watch(pressed.dsn).facts()
    now = datetime.now(UTC)
    given = set(
        re.findall(r"^# TYPE (\w+) ", exposed(replace(facts, leader=Leader(now, now)), is_ready=True), re.MULTILINE)
    )
    asked: set[str] = set()
    for name, target in targets("prometheus"):
        named = set(re.findall(r"\bnews_etl_\w+", target["expr"]))
        assert named, name
        asked |= named
    assert asked - given == set()


def test_the_profile_of_compose_mounts_what_there_is():
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    mounted = re.findall(r"^\s+- \./(grafana/\S+?):", compose, re.MULTILINE)
    assert set(mounted) == {"grafana/prometheus.yml", "grafana/provisioning", "grafana/dashboards"}
    assert all((ROOT / path).exists() for path in mounted)
    assert compose.count("profiles: [grafana]") == 3
