"""The compiled forms answer as the Python beside them does, and an edited source is never hidden by an old one."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.fuzz import mutate
from etl import compiled
from etl.run.press import layouts
from etl.run.press.content import papers
from etl.run.press.places import Places

NOW = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
PAGES = 300
PROGRAM = [sys.executable, "-c", "from etl.cli import main; main()"]


def pages() -> Iterator[bytes]:
    """Yield the press's own pages, and what is left of them after accidents."""
    places = Places({paper.key: f"https://{paper.key}.example" for paper in papers()})
    press = layouts.Press(places, 1, (NOW, NOW))
    whole = [layouts.article(press, paper, story).encode() for paper in papers() for story in paper.printed(1)]
    yield from whole
    chance = random.Random(7)
    for _ in range(PAGES):
        yield mutate(chance, chance.choice(whole), chance.choice(whole))


def answers(lines: bytes, *, pure: bool) -> list[bytes]:
    done = subprocess.run(
        [*PROGRAM, "extract", "--jsonl"],
        input=lines,
        capture_output=True,
        check=True,
        env={"PATH": "", "PYTHONPATH": ":".join(sys.path), "NEWS_ETL_PURE_PYTHON": "1" if pure else ""},
    )
    return done.stdout.splitlines()


def test_compiled_and_python_forms_read_the_same():
    if not any(compiled.in_use().values()):
        pytest.skip("nothing is compiled here: `python hatch_build.py`")
    lines = [
        json.dumps(
            {
                "id": number,
                "url": "https://paper.example/news/a-headline-123",
                "fetched_at": NOW.isoformat(),
                "html_b64": base64.b64encode(page).decode(),
            }
        )
        for number, page in enumerate(pages())
    ]
    asked = ("\n".join(lines) + "\n").encode()
    python = answers(asked, pure=True)
    assert len(python) == len(lines)
    assert answers(asked, pure=False) == python


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a module and its "compiled" form, which is Python of another suffix here."""
    (tmp_path / "thing.py").write_text("")
    manifest = tmp_path / "_compiled.json"
    manifest.write_text(json.dumps({"pack.thing": compiled.fingerprints(("thing.py",), package=tmp_path)}))
    monkeypatch.setattr(compiled, "MANIFEST", manifest)
    monkeypatch.setattr(compiled, "_PACKAGE", tmp_path)
    monkeypatch.setattr(compiled, "_in_use", {})
    monkeypatch.delenv("NEWS_ETL_PURE_PYTHON", raising=False)

    def count() -> int:
        return 1

    count.__module__ = "pack._thing"
    form = SimpleNamespace(__file__="_thing.so", count=count, sleep=random.random)
    monkeypatch.setattr(compiled, "import_module", lambda name: {"pack._thing": form}[name])
    return tmp_path


def test_a_fresh_form_gives_what_it_defines_and_nothing_that_it_imported(built: Path):
    assert list(compiled.forms("pack.thing")) == ["count"]
    assert compiled.forms("pack._thing") == {}
    assert compiled.in_use() == {"pack.thing": True}


def test_an_edited_source_is_not_hidden(built: Path):
    (built / "thing.py").write_text("# edited\n")
    assert compiled.forms("pack.thing") == {}
    assert compiled.in_use() == {"pack.thing": False}


def test_whoever_asks_for_python_gets_it(built: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NEWS_ETL_PURE_PYTHON", "1")
    assert compiled.forms("pack.thing") == {}


def test_what_was_never_built_is_python(built: Path):
    (built / "_compiled.json").unlink()
    assert compiled.forms("pack.thing") == {}
