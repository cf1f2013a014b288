"""Both forms of a module that is also compiled (etl/compiled.py)."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

import pytest

from etl import compiled


def python_form(name: str) -> ModuleType:
    """Return the module *name* anew, without its compiled form."""
    package, _, own = name.rpartition(".")
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.origin is not None
    spec = importlib.util.spec_from_file_location(f"{package}._{own}_of_python", found.origin)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compiled_form(name: str) -> ModuleType:
    """Return the module *name* with its compiled form; the test is skipped where there is none."""
    module = importlib.import_module(name)
    if not compiled.in_use().get(name):
        pytest.skip(f"{name} is not compiled here: `python hatch_build.py`")
    return module
