"""The recipes at hand, found by URL: those that come with the program, and over them those of the user's folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from etl.errors import Misconfigured
from etl.recipe.form import read_recipe, read_recipe_file
from etl.recipe.rules import Recipe, Rules

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Shelf:
    """Recipes by name, and by the hosts and paths they are for."""

    recipes: tuple[Recipe, ...] = ()
    """Sorted by name."""
    _sites: dict[str, tuple[tuple[str, Recipe], ...]] = field(default_factory=dict[str, tuple[tuple[str, Recipe], ...]])
    """Host (with its port unless that is the usual one) → (path prefix, recipe), longest prefix first."""

    @classmethod
    def load(cls, folder: Path | None = None) -> Shelf:
        """Return the shelf of the bundled recipes and those of *folder* (`*.toml`), which win by name.

        Raises `Misconfigured` on the first file with a mistake, and when *folder* is not there.
        """
        recipes = {recipe.name: recipe for recipe in _bundled()}
        if folder is not None:
            if not folder.is_dir():
                raise Misconfigured(f"{folder}: there is no such folder of recipes: create it, or name another")
            for path in sorted(folder.glob("*.toml")):
                recipes[path.stem] = read_recipe_file(path)
        return cls.of(recipes.values())

    @classmethod
    def of(cls, recipes: Iterable[Recipe]) -> Shelf:
        """Return a shelf of *recipes*; two recipes for the same host and path are a mistake of the user."""
        ordered = tuple(sorted(recipes, key=lambda recipe: recipe.name))
        owners: dict[tuple[str, str], Recipe] = {}
        for recipe in ordered:
            for site in _sites_of(recipe):
                other = owners.setdefault(site, recipe)
                if other is not recipe:
                    raise Misconfigured(
                        f"{recipe.file}: home: `{recipe.home}` is already the site of {other.file or other.name}: "
                        "keep one of the two files"
                    )
        sites: dict[str, list[tuple[str, Recipe]]] = {}
        for (host, path), recipe in owners.items():
            sites.setdefault(host, []).append((path, recipe))
        by_length = {host: tuple(sorted(entries, key=lambda entry: -len(entry[0]))) for host, entries in sites.items()}
        return cls(ordered, by_length)

    def named(self, name: str) -> Recipe | None:
        """Return the recipe called *name*."""
        return next((recipe for recipe in self.recipes if recipe.name == name), None)

    def recipe_for(self, url: str) -> Recipe | None:
        """Return the recipe whose site *url* belongs to: the longest host that fits, then the longest path."""
        try:
            parts = urlsplit(url)
            host = _host(parts.scheme, parts.hostname, parts.port)
        except ValueError:
            return None
        path = parts.path.rstrip("/") + "/"
        while host:
            for prefix, recipe in self._sites.get(host, ()):
                if path.startswith(prefix):
                    return recipe
            host = host.partition(".")[2]
        return None

    def rules_for(self, url: str, fetched_at: datetime) -> Rules | None:
        """Return how to read *url* as fetched at *fetched_at*: the layout of that day, in the site's zone."""
        recipe = self.recipe_for(url)
        if recipe is None or recipe.extract is None:
            return None
        rules = recipe.extract
        day = fetched_at.astimezone(ZoneInfo(rules.zone) if rules.zone else UTC).date()
        return next((layout.rules for layout in rules.layouts if layout.holds_on(day)), rules)


def _bundled() -> Iterable[Recipe]:
    for entry in (resources.files("etl.recipe") / "sites").iterdir():
        if entry.name.endswith(".toml"):
            yield read_recipe(entry.read_text(encoding="utf-8"), name=entry.name.removesuffix(".toml"), file=entry.name)


def _sites_of(recipe: Recipe) -> Iterable[tuple[str, str]]:
    parts = urlsplit(recipe.home)
    yield _host(parts.scheme, parts.hostname, parts.port), parts.path.rstrip("/") + "/"
    for host in recipe.hosts:
        yield host.removeprefix("www."), "/"


def _host(scheme: str, hostname: str | None, port: int | None) -> str:
    """Return the host as the shelf knows it: without `www.`, and with a port only where it is an unusual one."""
    host = (hostname or "").rstrip(".").removeprefix("www.")
    return host if port is None or port == _PORTS.get(scheme) else f"{host}:{port}"
