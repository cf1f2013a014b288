"""Databases for the tests: one server per run, one migrated template per worker, one fresh database per test.

The server is the embedded one; `NEWS_ETL_TEST_DATABASE_URL` names any other whose user may create databases and
roles, and `NEWS_ETL_TEST_DOCKER=1` starts one with testcontainers (image: `NEWS_ETL_TEST_DOCKER_IMAGE`).
`NEWS_ETL_TEST_MAJOR` chooses the embedded server's version. Nothing here needs the network.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool

from etl.run import embedded_host
from etl.run.embedded import Embedded
from etl.store.migrate import migrate
from etl.store.pool import open_pool

# Tests do not time: a machine that is busy with something else makes no answer wrong.
settings.register_profile("without a clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("without a clock")

DOCKER_IMAGE = "postgres:17"
serial = count(1)


@pytest.fixture(scope="session")
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The maintenance database of the server that this run uses."""
    if given := os.environ.get("NEWS_ETL_TEST_DATABASE_URL"):
        yield given
    elif os.environ.get("NEWS_ETL_TEST_DOCKER") == "1":
        with docker_server() as url:
            yield url
    else:
        # The workers of pytest-xdist share one folder, hence one server; the last of them ends it.
        run_id = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
        folder = shared_folder(run_id)
        major = os.environ.get("NEWS_ETL_TEST_MAJOR")
        server = Embedded(folder, major=int(major) if major else None, durable=False)
        yield server.start()
        if server.stop():
            shutil.rmtree(folder, ignore_errors=True)


def shared_folder(run_id: str) -> Path:
    """Return a folder that has the same name in every worker of this run and that the server's user can reach."""
    probe = embedded_host.throwaway_folder()
    probe.rmdir()
    folder = probe.parent / f"news-etl-tests-{hashlib.sha256(run_id.encode()).hexdigest()[:12]}-{os.getuid()}"
    folder.mkdir(mode=0o711, exist_ok=True)
    return folder


@contextmanager
def docker_server() -> Generator[str]:
    """Run PostgreSQL in a container; skip when there is no engine, so that a laptop without Docker stays green."""
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    docker = pytest.importorskip("docker")
    try:
        docker.from_env().ping()
    except docker.errors.DockerException as error:
        pytest.skip(f"NEWS_ETL_TEST_DOCKER=1, but no Docker engine answers: {error}")
    postgres = pytest.importorskip("testcontainers.community.postgres")
    image = os.environ.get("NEWS_ETL_TEST_DOCKER_IMAGE", DOCKER_IMAGE)
    with postgres.PostgresContainer(image, driver=None) as container:
        yield container.get_connection_url()


def database_dsn(url: str, name: str) -> str:
    return make_conninfo(**{**conninfo_to_dict(url), "dbname": name})


@contextmanager
def database(url: str, *, template: str = "template0") -> Generator[str]:
    """Make a database of a name of its own, yield its DSN and drop it."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"news_etl_test_{os.getpid()}_{worker}_{next(serial)}"
    with psycopg.connect(url, autocommit=True) as server:
        # Copying files needs a checkpoint, which costs nothing only where nothing is synced: 32 ms against 62 there.
        row = server.execute("SHOW fsync").fetchone()
        strategy = "file_copy" if row == ("off",) else "wal_log"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}")
        server.execute(create.format(sql.Identifier(name), sql.Identifier(template), sql.SQL(strategy)))
    try:
        yield database_dsn(url, name)
    finally:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def template(database_url: str) -> Iterator[str]:
    """The name of a database that is migrated and empty."""
    with database(database_url) as dsn:
        migrate(dsn)
        yield str(conninfo_to_dict(dsn)["dbname"])


@pytest.fixture
def empty_dsn(database_url: str) -> Iterator[str]:
    """A database without any schema of ours."""
    with database(database_url) as dsn:
        yield dsn


@pytest.fixture
def dsn(database_url: str, template: str) -> Iterator[str]:
    """A fresh migrated database of this test's own."""
    with database(database_url, template=template) as fresh:
        yield fresh


@pytest.fixture
def conn(dsn: str) -> Iterator[psycopg.Connection]:
    """A connection to this test's database; the test commits what it wants others to see."""
    with psycopg.connect(dsn) as connection:
        yield connection


@pytest.fixture
def pool(dsn: str) -> Iterator[ConnectionPool]:
    """A pool on this test's database, as the service opens it."""
    with open_pool(dsn, max_size=4) as opened:
        yield opened


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder for an embedded server of the test's own: pytest's tmp_path is closed to the server's user."""
    folder = embedded_host.throwaway_folder("news-etl-test-")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the measuring corpus; the test is skipped where it is not."""
    folder = Path(os.environ.get("NEWS_ETL_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    if not (folder / "corpus").is_dir():
        pytest.skip(f"the measuring corpus is not here ({folder}); NEWS_ETL_SHARED names its folder")
    return folder
