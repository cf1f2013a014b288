"""Tables that a terminal of 80 columns can show, and that a pipe gets line by line."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from etl.cli import console, run_once
from tests.cli.program import beside_a_press, run


def printed(monkeypatch, columns, rows, *, terminal: bool = True) -> list[str]:
    said = io.StringIO()
    shown = Console(
        file=said, width=80, markup=False, highlight=False, force_terminal=terminal, color_system=None, no_color=True
    )
    monkeypatch.setattr(console, "out", shown)
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


ADDRESS = "https://www.example.org/" + "a-very-long-name/" * 8


@pytest.mark.parametrize(("terminal", "count"), [(False, 1), (True, console.FOLDED_MAX + 1)], ids=["pipe", "very many"])
def test_each_row_is_one_line(monkeypatch, terminal: bool, count: int):
    row = ["paper/rss", ADDRESS, "two\nlines", 7]
    heads, *lines = printed(monkeypatch, ("source", "address", "state", "pages"), [row] * count, terminal=terminal)
    assert heads.split() == ["source", "address", "state", "pages"]
    assert len(lines) == count
    assert set(lines) == {f"paper/rss  {ADDRESS}  two lines      7"}


def test_a_terminal_folds_what_is_too_long(monkeypatch):
    _, *lines = printed(monkeypatch, ("source", "address"), [["paper/rss", ADDRESS]])
    assert len(lines) > 1
    assert all(len(line) <= 80 for line in lines)


def test_letters_of_two_columns_are_aligned(monkeypatch):
    heads, *lines = printed(monkeypatch, ("title", "rank"), [["市長", 1], ["mayor", 12]], terminal=False)
    assert [heads, *lines] == ["title  rank", "市長      1", "mayor    12"]


def test_a_sentence_in_a_pipe_is_one_line(dsn, tmp_path):
    done = run("source", "list", env=beside_a_press(dsn, tmp_path, COLUMNS="40"), cwd=tmp_path)
    assert len(done.stdout.splitlines()) == 1, done.stdout
    assert done.stdout.endswith("`news-etl source add URL` writes one.\n")
