"""Tables that a terminal of 80 columns can show."""

from __future__ import annotations

import io

from rich.console import Console

from etl.cli import console, run_once


def printed(monkeypatch, columns, rows) -> list[str]:
    said = io.StringIO()
    monkeypatch.setattr(console, "out", Console(file=said, width=80, markup=False, highlight=False))
    console.table(None, columns, rows)
    return said.getvalue().splitlines()


def test_columns_move_together_before_a_name_is_broken(monkeypatch):
    name = "ledger/sport-and-arts"
    heads, row = printed(monkeypatch, run_once.COLUMNS, [[name, 17, 17, 1, 16, 3, 2, 1, 0]])
    assert heads.split() == list(run_once.COLUMNS)
    assert row.split() == [name, "17", "17", "1", "16", "3", "2", "1", "0"]


def test_where_there_is_room_two_spaces_stand_between_columns(monkeypatch):
    heads, row = printed(monkeypatch, ("source", "state"), [["ledger/sport", "due"]])
    assert (heads.rstrip(), row.rstrip()) == ("source        state", "ledger/sport  due")
