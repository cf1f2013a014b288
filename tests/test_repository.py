"""What must hold for the repository as a whole and no tool checks for us."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from etl.settings import about_settings

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("etl", "tests", "bench", "migrations", "docs", ".ci")
SOURCES = sorted(path for folder in FOLDERS[:4] for path in (ROOT / folder).rglob("*.py"))
TEXTS = sorted(
    path
    for path in [*(file for folder in FOLDERS for file in (ROOT / folder).rglob("*")), *ROOT.glob("*")]
    if path.is_file()
    and path.suffix in {"", ".py", ".md", ".toml", ".sql", ".yml", ".yaml", ".lock", ".ini", ".example"}
    and "__pycache__" not in path.parts
)
LINES_MAX = 400
POSITIONAL_MAX = 4
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime"}
CLOCK_OWNERS = {"datetime", "date", "time"}
ROOMS = {path.name for path in (ROOT / "etl").iterdir() if path.is_dir() and not path.name.startswith("_")}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def of_package(*, without: tuple[str, ...] = ()) -> list[Path]:
    return [
        path
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] == "etl" and path.relative_to(ROOT).parts[1] not in without
    ]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_file_is_too_long_to_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES_MAX


@pytest.mark.parametrize("path", of_package(), ids=name_of)
def test_names_say_what_is_inside_and_calls_read_without_counting(path):
    assert path.stem not in VAGUE
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            positional = [*node.args.posonlyargs, *node.args.args]
            own = [arg for arg in positional if arg.arg not in {"self", "cls"}]
            assert len(own) <= POSITIONAL_MAX, f"{node.name} has {len(own)} positional arguments"


@pytest.mark.parametrize("path", of_package(without=("run", "cli")), ids=name_of)
def test_only_run_and_cli_read_the_clock(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS and isinstance(node.value, ast.Name):
            assert node.value.id not in CLOCK_OWNERS, f"line {node.lineno}: {node.value.id}.{node.attr}"
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            assert not {alias.name for alias in node.names} & CLOCKS, f"line {node.lineno}"


@pytest.mark.parametrize("path", of_package(without=("cli", "run", "compiled.py")), ids=name_of)
def test_only_the_command_line_reads_the_environment_and_run_hands_it_to_its_children(path):
    code = path.read_text(encoding="utf-8")
    readers = {"environ", "getenv"}
    found = [
        node.attr for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute) and node.attr in readers
    ]
    assert not found


def test_tests_mirror_the_rooms():
    stray = [
        name_of(path)
        for path in (ROOT / "tests").iterdir()
        if path.is_dir() and path.name not in ROOMS | {"quality", "data", "__pycache__"}
    ]
    assert not stray
    assert {path.name for path in (ROOT / "tests").iterdir()} >= ROOMS


PRIVATE = re.compile(
    "|".join(
        ("py" + r"pi\.org", "python" + "hosted", "npm" + r"js\.", "/wo" + "rk/", "/tm" + "p/[a-z]", "docker" + "-lab")
    )
)


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_no_file_names_a_registry_or_a_place_of_one_machine(path):
    found = PRIVATE.search(path.read_text(encoding="utf-8"))
    assert found is None, found


def test_every_dependency_is_pinned_by_the_lock_file():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [name for extra in project["optional-dependencies"].values() for name in extra]
    pinned = {line.split("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines()}
    names = {re.split(r"[\[<>=~! ]", requirement)[0].lower() for requirement in wanted}
    assert names - pinned == set(), "run the command that CONTRIBUTING.md names"


LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")


@pytest.mark.parametrize("path", [path for path in TEXTS if path.suffix == ".md"], ids=name_of)
def test_links_between_documents_lead_somewhere(path):
    missing = [
        target for target in LINK.findall(path.read_text(encoding="utf-8")) if not (path.parent / target).exists()
    ]
    assert not missing


def test_ci_runs_the_line_of_the_readme():
    pattern = re.search(r"grep -m 1 -E '([^']+)'", (ROOT / ".ci/run").read_text())
    assert pattern is not None
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(pattern[1], readme, re.MULTILINE), "the README has no line that installs and tests"
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert subprocess.run(["bash", "-n", ROOT / ".ci/run"], check=False).returncode == 0


def between(text: str, mark: str) -> str:
    """Return the part of a document between `<!-- mark -->` and `<!-- end -->`."""
    found = re.search(rf"<!-- {mark} -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert found is not None, f"no part {mark}"
    return found[1].strip()


def settings_table() -> str:
    rows = ["| Setting | Unit | Default | Reason |", "|---|---|---|---|"]
    for about in about_settings():
        name = f"`{about.name}`" + (" ¹" if about.is_secret else "")
        rows.append(f"| {name} | {about.unit} | {about.default} | {about.reason} |")
    return "\n".join(rows)


def test_the_table_of_settings_is_that_of_the_program():
    assert between((ROOT / "docs/operations.md").read_text(encoding="utf-8"), "settings") == settings_table()


def test_containers_are_given_settings_that_exist_and_the_example_names_what_they_ask_for():
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    known = {about.name for about in about_settings()}
    given = {name.removesuffix("_FILE") for name in re.findall(r"^    (NEWS_ETL_\w+):", compose, re.MULTILINE)}
    assert given <= known
    assert set(re.findall(r"\$\{(\w+):-", compose)) == set(re.findall(r"^(\w+)=", example, re.MULTILINE))


ERRORS = {"TryLater", "Transient", "Refused", "Unreadable", "Misconfigured"}


def codes() -> set[str]:
    """Return the codes that the program's errors carry: the defaults of the classes and each literal `code=`."""
    found = set()
    for path in of_package():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                found |= {
                    keyword.value.value
                    for keyword in node.keywords
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
                }
            if isinstance(node, ast.ClassDef) and node.name in ERRORS:
                found |= {
                    statement.value.value
                    for statement in node.body
                    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
                }
    return found


def test_every_error_code_has_its_row_in_the_operators_table():
    table = between((ROOT / "docs/operations.md").read_text(encoding="utf-8"), "outcomes")
    rows = set(re.findall(r"^\| `([a-z_0-9]+)`", table, re.MULTILINE))
    assert codes() - rows == set()


def test_every_noun_of_the_model_is_in_the_glossary():
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8").lower()
    tree = ast.parse((ROOT / "etl/model.py").read_text(encoding="utf-8"))
    nouns = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    spelled = {re.sub(r"(?<=[a-z])(?=[A-Z])", " ", noun).lower() for noun in nouns}
    assert {noun for noun in spelled if f"**{noun}**" not in glossary} == set()


def test_the_image_is_built_from_all_that_the_build_asks_for():
    copied = [
        line for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if line.startswith("COPY ")
    ]
    let_through = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "requirements.lock", "etl", "migrations"):
        assert any(name in line.split() for line in copied), name
        assert f"!{name}" in let_through
