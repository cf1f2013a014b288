"""The compiled forms of a few modules: as fast as C where there are some, the Python beside them where there are none.

`hatch_build.py` compiles at installation what `[tool.news-etl.compiled]` in pyproject.toml lists: `etl.extract.zones` gets the
extension module `etl.extract._zones` beside it, made of `_zones.pyx`. A module that has a compiled form ends with

    globals().update(compiled.forms(__name__))

and has then that form's functions and classes. Without a compiler, without the headers of Python, for a source that was edited
since, or with NEWS_ETL_PURE_PYTHON=1 it keeps its own: both give the same answers, which tests/test_compiled.py holds.
"""

from __future__ import annotations

import json
import os
import sys
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, cast

_PACKAGE = Path(__file__).parent
MANIFEST = _PACKAGE / "_compiled.json"
"""Written by the build: from what sources each form was made, `{module: {path below the package: SHA-256}}`."""

_in_use: dict[str, bool] = {}


def forms(name: str) -> dict[str, Any]:
    """Return the functions and classes of the compiled form of module *name*; none where Python's are to be used."""
    package, _, own = name.rpartition(".")
    if own.startswith("_"):  # The same source under a second name, as tests load it.
        return {}
    found: dict[str, Any] = {}
    compiled_name = f"{package}._{own}"
    if _is_fresh(name):
        try:
            module = import_module(compiled_name)
        except ImportError:
            module = None  # Made for another Python.
        if module is not None and not str(module.__file__).endswith(".py"):
            found = {
                key: value for key, value in vars(module).items() if getattr(value, "__module__", None) == compiled_name
            }
    _in_use[name] = bool(found)
    return found


def decline(name: str) -> None:
    """Note that module *name* uses its Python form after all."""
    _in_use[name] = False


def in_use() -> dict[str, bool]:
    """Say of each imported module that can be compiled whether its compiled form is in use."""
    return dict(sorted(_in_use.items()))


def fingerprints(sources: tuple[str, ...], *, package: Path | None = None) -> dict[str, str]:
    """Return the SHA-256 of each of *sources*, which are paths below the package."""
    return {source: sha256(((package or _PACKAGE) / source).read_bytes()).hexdigest() for source in sources}


def _is_fresh(name: str) -> bool:
    if os.environ.get("NEWS_ETL_PURE_PYTHON", "") not in ("", "0") or sys.implementation.name != "cpython":
        return False
    try:
        made_from = cast("dict[str, dict[str, str]]", json.loads(MANIFEST.read_bytes())).get(name)
        return bool(made_from) and fingerprints(tuple(made_from)) == made_from
    except (OSError, ValueError):
        return False
