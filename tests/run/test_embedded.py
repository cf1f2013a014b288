"""Real servers, really killed. Root runs them as another user, everyone else as himself: the tests hold for both."""

from __future__ import annotations

import json
import multiprocessing
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from etl.errors import Misconfigured
from etl.run import embedded_host
from etl.run.embedded import Embedded

MAJORS = [found.major for found in embedded_host.programs()]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run the server as somebody else")
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data folder whose database was made and is at rest: making one takes longer than all the rest of a test."""
    folder = embedded_host.throwaway_folder("news-etl-test-")
    with Embedded(folder, durable=False):
        pass
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def used_folder(made: Path, server_folder: Path) -> Path:
    """A data folder of the test's own in which a server has run before."""
    subprocess.run(["cp", "-a", made / "postgres", server_folder], check=True)
    server_folder.chmod(made.stat().st_mode & 0o777)
    return server_folder


def eventually(is_so: Callable[[], bool], *, within_s: float = 20.0) -> bool:
    """Look again and again, because the kernel and other processes take their time."""
    deadline = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def one(dsn: str, query: str) -> object:
    with psycopg.connect(dsn, connect_timeout=5) as conn:
        row = conn.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def answers(dsn: str) -> bool:
    try:
        return one(dsn, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def postmaster_pid(folder: Path) -> int:
    return int((folder / "postgres/cluster/postmaster.pid").read_text().split()[0])


def is_running(pid: int) -> bool:
    """Say whether the process lives; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def user_process(folder: Path) -> subprocess.Popen[str]:
    """Start another process that uses the server until its standard input ends; it prints the DSN first."""
    code = """
        import sys
        from pathlib import Path
        from etl.run.embedded import Embedded
        with Embedded(Path(sys.argv[1]), durable=False) as dsn:
            print(dsn, flush=True)
            sys.stdin.read()
        """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def dsn_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("major", MAJORS)
def test_what_is_stored_is_there_after_a_restart(server_folder, major):
    with Embedded(server_folder, major=major, durable=False) as dsn:
        assert str(one(dsn, "SHOW server_version_num")).startswith(str(major))
        with psycopg.connect(dsn) as conn:
            conn.execute("CREATE TABLE kept AS SELECT 'é' AS word")
    assert not answers(dsn)
    with Embedded(server_folder) as again:
        assert one(again, "SELECT word FROM kept") == "é"
        assert again == dsn, "the port and the password stay"


def test_upper_and_lower_case_follow_unicode_and_order_is_bytewise(used_folder):
    with Embedded(used_folder, durable=False) as dsn:
        assert one(dsn, "SELECT lower('ÉTÉ') || upper('œuvre')") == "étéŒUVRE"
        assert one(dsn, "SELECT 'Z' < 'a'") is True


@pytest.mark.parametrize(
    ("is_durable", "setting"), [pytest.param(True, "on", id="durable"), pytest.param(False, "off", id="throw-away")]
)
def test_only_a_throwaway_database_skips_the_disk(server_folder, is_durable, setting):
    with Embedded(server_folder, durable=is_durable) as dsn:
        assert one(dsn, "SHOW fsync") == setting


def test_the_server_listens_on_loopback_only_and_wants_the_password(used_folder):
    with Embedded(used_folder, durable=False) as dsn:
        assert one(dsn, "SHOW listen_addresses") == "127.0.0.1"
        assert one(dsn, "SHOW unix_socket_directories") == ""
        password = json.loads((used_folder / "postgres/server.json").read_text())["password"]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(dsn.replace(password, "guess"))
        methods = one(dsn, "SELECT array_agg(DISTINCT auth_method ORDER BY auth_method) FROM pg_hba_file_rules")
        assert methods == ["reject", "scram-sha-256"]


def test_nobody_else_can_read_the_password(used_folder):
    with Embedded(used_folder, durable=False):
        assert (used_folder / "postgres/server.json").stat().st_mode & 0o777 == 0o600
        assert (used_folder / "postgres/cluster").stat().st_mode & 0o777 == 0o700
        assert not list((used_folder / "postgres").glob("password*"))


def test_a_second_process_attaches_and_the_last_one_ends_the_server(used_folder):
    first = Embedded(used_folder, durable=False)
    dsn = first.start()
    second = user_process(used_folder)
    assert dsn_of(second) == dsn
    assert first.stop() is False, "somebody still uses it"
    assert answers(dsn)
    second.communicate()
    assert second.returncode == 0
    assert not answers(dsn)


def test_two_that_start_at_once_share_one_server(server_folder):
    processes = [user_process(server_folder) for _ in range(3)]
    dsns = {dsn_of(process) for process in processes}
    assert len(dsns) == 1
    assert answers(dsns.pop())
    for process in processes:
        process.communicate()
        assert process.returncode == 0


def test_a_killed_user_leaves_no_server_behind(used_folder):
    user = user_process(used_folder)
    dsn = dsn_of(user)
    pid = postmaster_pid(used_folder)
    user.kill()
    user.communicate()
    assert eventually(lambda: not answers(dsn))
    assert eventually(lambda: not is_running(pid))


def test_a_killed_user_does_not_take_the_server_from_the_others(used_folder):
    starter = user_process(used_folder)
    dsn = dsn_of(starter)
    with Embedded(used_folder, durable=False):
        starter.kill()
        starter.communicate()
        time.sleep(0.3)
        assert answers(dsn)
    assert not answers(dsn)


def test_a_forked_child_is_no_user(used_folder):
    server = Embedded(used_folder, durable=False)
    dsn = server.start()
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    child.start()
    try:
        assert server.stop() is True
        assert not answers(dsn)
        assert child.is_alive()
    finally:
        child.kill()
        child.join()


def test_a_folder_may_have_any_name(used_folder):
    odd = used_folder / ('it\'s a "long" näme, 100% ' + "x" * 120) / "news-data"
    odd.mkdir(parents=True)
    odd.parent.chmod(0o755)
    shutil.move(used_folder / "postgres", odd)
    with Embedded(odd, durable=False) as dsn:
        assert answers(dsn)


def test_a_lost_password_is_said_in_words(used_folder):
    (used_folder / "postgres/server.json").write_text("{")
    with pytest.raises(Misconfigured, match=r"cannot read .*server\.json"):
        Embedded(used_folder).start()


def test_a_failed_start_leaves_no_user_behind(used_folder):
    settings = used_folder / "postgres/cluster/postgresql.conf"
    right = settings.read_text()
    settings.write_text("no_such_setting = 1\n")
    server = Embedded(used_folder, durable=False)
    with pytest.raises(Misconfigured):
        server.start()
    assert server.stop() is False
    settings.write_text(right)
    with Embedded(used_folder, durable=False):
        pass
    assert eventually(lambda: not list((used_folder / "postgres/cluster").glob("postmaster.pid")))


@on_linux
def test_a_killed_server_is_started_again_with_its_data(server_folder):
    server = Embedded(server_folder)
    dsn = server.start()
    with psycopg.connect(dsn) as conn:
        conn.execute("CREATE TABLE kept (n integer)")
    os.kill(postmaster_pid(server_folder), signal.SIGKILL)
    assert eventually(lambda: not answers(dsn))
    server.stop()
    with Embedded(server_folder) as again:
        assert one(again, "SELECT count(*) FROM kept") == 0


@on_linux
def test_a_killed_server_starts_again_while_the_same_user_goes_on(used_folder):
    with Embedded(used_folder, durable=False):
        pid = postmaster_pid(used_folder)
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: not is_running(pid))
        with Embedded(used_folder, durable=False) as again:
            assert answers(again)


@on_linux
def test_a_killed_keeper_takes_the_server_with_it_and_the_next_start_is_clean(used_folder):
    server = Embedded(used_folder, durable=False)
    server.start()
    pid = postmaster_pid(used_folder)
    keeper = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    os.kill(keeper, signal.SIGKILL)
    assert eventually(lambda: not is_running(keeper))
    with Embedded(used_folder, durable=False) as again:
        assert answers(again)
        assert postmaster_pid(used_folder) != pid
        assert not is_running(pid)
    server.stop()


@on_linux
def test_a_stale_pid_file_with_a_reused_number_harms_nobody(used_folder):
    owner = embedded_host.server_user(used_folder, used_folder / "postgres/cluster")
    identity = {} if owner is None else {"user": owner.uid, "group": owner.gid, "extra_groups": []}
    stranger = subprocess.Popen(["sleep", "60"], cwd="/", **identity)
    try:
        pid_file = used_folder / "postgres/cluster/postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{used_folder}/postgres/cluster\n1\n5432\n\n127.0.0.1\n0 0\nready\n")
        with Embedded(used_folder, durable=False) as dsn:
            assert answers(dsn)
        assert stranger.poll() is None, "the stranger lives on"
    finally:
        stranger.kill()
        stranger.wait()


def test_a_half_made_cluster_is_made_anew(server_folder):
    half = server_folder / "postgres/cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with Embedded(server_folder, durable=False) as dsn:
        assert answers(dsn)


def test_a_taken_port_is_left_to_its_owner(used_folder):
    with Embedded(used_folder, durable=False) as dsn:
        port = psycopg.conninfo.conninfo_to_dict(dsn)["port"]
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", int(str(port))))
        other.listen()
        with Embedded(used_folder, durable=False) as moved:
            assert answers(moved)
            assert psycopg.conninfo.conninfo_to_dict(moved)["port"] != port


@pytest.mark.skipif(len(MAJORS) < 2, reason="only one PostgreSQL here")
def test_a_folder_of_another_major_is_refused_in_words(server_folder):
    with Embedded(server_folder, major=MAJORS[1], durable=False):
        pass
    with pytest.raises(Misconfigured, match=f"PostgreSQL {MAJORS[1]}, not {MAJORS[0]}.*dump"):
        Embedded(server_folder, major=MAJORS[0]).start()


def test_a_major_that_is_not_here_is_refused_with_what_to_do(server_folder):
    with pytest.raises(Misconfigured, match=r"no PostgreSQL 9 .*NEWS_ETL_DATABASE_URL"):
        Embedded(server_folder, major=9).start()


def test_a_start_that_fails_says_what_the_server_said(used_folder):
    (used_folder / "postgres/cluster/postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(Misconfigured, match="no_such_setting"):
        Embedded(used_folder, durable=False).start()


def test_a_data_folder_that_is_a_file_is_refused(server_folder):
    (server_folder / "data").write_text("")
    with pytest.raises(Misconfigured, match="data folder"):
        Embedded(server_folder / "data").start()


@as_root
def test_as_root_the_server_runs_as_somebody_else(server_folder):
    with Embedded(server_folder, durable=False):
        assert Path(f"/proc/{postmaster_pid(server_folder)}").stat().st_uid != 0


@as_root
def test_as_root_the_owner_of_the_data_folder_runs_the_server(server_folder):
    owner = next(entry for entry in pwd.getpwall() if entry.pw_name not in {"root", "nobody"})
    os.chown(server_folder, owner.pw_uid, owner.pw_gid)
    with Embedded(server_folder, durable=False):
        assert Path(f"/proc/{postmaster_pid(server_folder)}").stat().st_uid == owner.pw_uid


@as_root
def test_as_root_an_owner_without_a_name_leaves_the_server_to_nobody(server_folder):
    named = {entry.pw_uid for entry in pwd.getpwall()}
    os.chown(server_folder, next(uid for uid in range(20_000, 60_000) if uid not in named), -1)
    with Embedded(server_folder, durable=False) as dsn:
        assert answers(dsn)


@as_root
def test_as_root_a_folder_behind_a_closed_door_is_refused_and_the_door_stays_closed(server_folder):
    door = server_folder / "private"
    door.mkdir(mode=0o700)
    with pytest.raises(Misconfigured, match=r"cannot enter .*private.*NEWS_ETL_DATA_DIR"):
        Embedded(door / "news-data").start()
    assert door.stat().st_mode & 0o777 == 0o700


@as_root
def test_as_root_programs_behind_a_closed_door_still_run(server_folder):
    user = embedded_host.server_user(server_folder, server_folder)
    assert user is not None
    found = embedded_host.find_programs()
    server_folder.chmod(0o711)
    home = server_folder / "root-home"
    hidden = home / "site-packages" / found.bin.parents[1].name
    shutil.copytree(found.bin.parent, hidden / found.bin.parent.name)
    libraries = found.bin.parents[2] / f"{embedded_host.WHEEL_PACKAGE}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, hidden.parent / libraries.name)
    home.chmod(0o700)
    there = embedded_host.Programs(found.major, hidden / found.bin.parent.name / "bin")
    opened = embedded_host.reachable_programs(there, user, copies=server_folder / "programs")
    answer = subprocess.run(
        [opened.bin / "initdb", "-D", "/nowhere/at/all"],
        user=user.uid,
        group=user.gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "nowhere" in answer.stderr, "it ran, and complained about the folder only"
    assert embedded_host.reachable_programs(there, user, copies=server_folder / "programs") == opened
    assert home.stat().st_mode & 0o777 == 0o700
