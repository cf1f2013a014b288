"""What the recipe commands do and print."""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from etl import boot
from etl.errors import Misconfigured
from etl.flow.reading import read_article
from etl.recipe.shelf import Shelf

from . import console
from .explaining import Loaded, load_page
from .filters import when
from .records import article_record
from .session import settings

CASES = "cases"
FIELDS = (
    "title",
    "authors",
    "description",
    "text",
    "section",
    "tags",
    "language",
    "image",
    "published_at",
    "modified_at",
    "links",
)
Record = dict[str, Any]


def _record(page: Loaded, shelf: Shelf | None) -> Record:
    article = read_article(
        page.body, url=page.url, fetched_at=page.fetched_at, content_type=page.content_type, shelf=shelf
    )
    record = article_record(page.url, article)
    return json.loads(msgspec.json.encode({name: record[name] for name in FIELDS}))


def try_recipe(page: str, *, url: str | None, fetched_at: str | None, as_json: bool) -> None:
    """Print the fields that read otherwise with the recipe than without."""
    shelf = boot.shelf(settings())
    loaded = load_page(page, url=url, fetched_at=fetched_at)
    recipe = shelf.recipe_for(loaded.url)
    if recipe is None:
        raise Misconfigured(f"no recipe is for {loaded.url}: `news-etl recipe new` drafts one for its site")
    with_it, without = _record(loaded, shelf), _record(loaded, None)
    changed = [name for name in FIELDS if with_it[name] != without[name]]
    if as_json:
        console.answer({"recipe": recipe.name, "article": with_it, "changed": changed})
        return
    rows = [(name, _short(with_it[name]), _short(without[name])) for name in changed]
    if rows:
        console.table(f"{recipe.name} changes", ("field", "with the recipe", "without"), rows)
    else:
        console.out.print(f"{recipe.name} reads this page as the generic rules do.")


def keep_case(page: str, *, url: str | None, fetched_at: str | None, as_json: bool) -> None:
    """Write the page and its record beside the recipes."""
    chosen = settings()
    shelf = boot.shelf(chosen)
    loaded = load_page(page, url=url, fetched_at=fetched_at)
    recipe = shelf.recipe_for(loaded.url)
    if recipe is None:
        raise Misconfigured(f"no recipe is for {loaded.url}: `news-etl recipe new` drafts one for its site")
    folder = chosen.recipes_folder / CASES / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(loaded.url.encode()).hexdigest()[:12]
    (folder / f"{name}.html.gz").write_bytes(gzip.compress(loaded.body, mtime=0))
    case = {
        "url": loaded.url,
        "fetched_at": loaded.fetched_at.isoformat(),
        "content_type": loaded.content_type,
        "expected": _record(loaded, shelf),
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(case, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if as_json:
        console.answer({"case": str(path)})
    else:
        console.out.print(f"Kept {path}. Correct it by hand where it is wrong: `news-etl recipe check` compares.")


def check_recipes(*, as_json: bool) -> None:
    """Read all recipes and cases; the first mistake in a recipe ends with its file, key and fix."""
    chosen = settings()
    shelf = boot.shelf(chosen)
    cases = list(_checked(chosen.recipes_folder / CASES, shelf))
    wrong = [case for case in cases if case["differs"]]
    if as_json:
        rows = [{"recipe": r.name, "sources": len(r.sources), "home": r.home} for r in shelf.recipes]
        console.answer({"recipes": rows, "cases": cases})
    else:
        listed = [(r.name, len(r.sources), r.home) for r in shelf.recipes]
        console.table(None, ("recipe", "sources", "home"), listed)
        console.out.print(f"{len(cases)} kept cases, {len(wrong)} read otherwise")
        for case in wrong:
            console.out.print(f"{case['case']}: {', '.join(case['differs'])}")
    if wrong:
        sys.exit(4)


def _checked(folder: Path, shelf: Shelf) -> Iterator[Record]:
    for path in sorted(folder.glob("*/*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        body = gzip.decompress(path.with_suffix(".html.gz").read_bytes())
        fetched_at = when(case["fetched_at"])
        assert fetched_at is not None
        got = _record(Loaded(case["url"], body, fetched_at, case["content_type"]), shelf)
        expected = case["expected"]
        yield {"case": str(path), "differs": [name for name in FIELDS if got[name] != expected.get(name)]}


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:199] + "…"
