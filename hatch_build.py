"""Compiles the modules that `[tool.news-etl.compiled]` in pyproject.toml lists, when the package is installed or built.

  python hatch_build.py      compile in place, after an edit (needs `pip install cython setuptools hatchling`)

Whatever is missing (a C compiler, the headers of Python), the package installs without: etl/compiled.py then uses the Python
form of each module. Without a compiler on the machine pip is asked for one that comes as a wheel (ziglang).
NEWS_ETL_PURE_PYTHON=1 compiles nothing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import sys
import sysconfig
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FLAGS = ["-O2", "-ffp-contract=off", "-fno-strict-aliasing", "-w"]
"""Floats are added in the order of the source, as Python adds them."""


ZIG_MACHINES = ("x86_64", "amd64", "aarch64", "arm64")
"""For which the compiler comes as a wheel."""


class CompiledForms(BuildHookInterface):
    """Hatchling's hook: the compiled forms go into the wheel, or beside their sources in an editable installation."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what the build needs beside pyproject.toml's `requires`."""
        is_wanted = not _is_pure() and _has_headers() and platform.machine().lower() in ZIG_MACHINES
        return ["ziglang"] if is_wanted and not _compiler() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Compile; go on without when that fails."""
        root = Path(self.root)
        try:
            made = compile_in_place(root)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a compiler may do: the package works without.
            reason = str(error).strip().splitlines()
            self.app.display_warning(f"not compiled, Python forms are used: {reason[0] if reason else error!r}")
            return
        build_data["artifacts"] += [f"/{path.relative_to(root)}" for path in made]
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def compile_in_place(root: Path) -> list[Path]:
    """Compile the listed modules below *root*, each beside its source; return the files made, the manifest last."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension

    manifest = root / "etl" / "_compiled.json"
    manifest.unlink(missing_ok=True)
    if _is_pure():
        raise RuntimeError("NEWS_ETL_PURE_PYTHON is set")
    if not _has_headers():
        raise FileNotFoundError("the headers of Python (Python.h) are not installed")
    if not _compiler():
        if importlib.util.find_spec("ziglang") is None:
            raise FileNotFoundError("no C compiler found")
        os.environ["CC"] = f"{sys.executable} -m ziglang cc"
        os.environ["LDSHARED"] = f"{sys.executable} -m ziglang cc -shared"
    modules: dict[str, list[str]] = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["news-etl"]["compiled"]
    if not modules:
        return []
    before = Path.cwd()
    os.chdir(root)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            extensions = [
                Extension(_compiled_name(name), [f"etl/{sources[0]}"], extra_compile_args=FLAGS)
                for name, sources in modules.items()
            ]
            cythonized = cythonize(
                extensions,
                build_dir=scratch,
                quiet=True,
                compiler_directives={"language_level": 3, "annotation_typing": False, "embedsignature": False},
            )
            distribution = Distribution({"name": "news-etl", "ext_modules": cythonized})
            command = distribution.get_command_obj("build_ext")
            command.inplace = True
            command.build_temp = scratch
            command.parallel = os.cpu_count()
            command.ensure_finalized()
            command.run()
            made = [Path(command.get_ext_fullpath(extension.name)).resolve() for extension in cythonized]
    finally:
        os.chdir(before)
    sys.path.insert(0, str(root))
    from etl.compiled import fingerprints

    prints = {name: fingerprints(tuple(sources), package=root / "etl") for name, sources in modules.items()}
    manifest.write_text(json.dumps(prints, indent=1) + "\n")
    return [*made, manifest]


def _is_pure() -> bool:
    return os.environ.get("NEWS_ETL_PURE_PYTHON", "") not in ("", "0")


def _compiled_name(name: str) -> str:
    package, _, own = name.rpartition(".")
    return f"{package}._{own}"


def _compiler() -> str | None:
    named = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    return shutil.which(named.split()[0])


def _has_headers() -> bool:
    return (Path(sysconfig.get_path("include")) / "Python.h").exists()


if __name__ == "__main__":
    for path in compile_in_place(Path(__file__).resolve().parent):
        sys.stdout.write(f"{path}\n")
