import os
import subprocess
import sys
import textwrap
import threading
import zipfile
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from store.rows import counts, fill

from etl.errors import Misconfigured, Transient
from etl.run import embedded_host
from etl.store import migrate as migrations
from etl.store.migrate import current, folder, head, migrate, require_head, steps
from migrations.dump import REFERENCE_MAJOR, plain, schema_of

FOLDER = folder()


def add_step(scripts: Path, number: int, up: str, down: str = "SELECT 1;\n") -> None:
    """Write one migration after the others of that folder."""
    name = f"{number:04}"
    before = repr(f"{number - 1:04}") if number > 1 else None
    code = f"""
        from etl.store.migrate import run_sql
        revision, down_revision = {name!r}, {before}
        def upgrade():
            run_sql(__file__, "up")
        def downgrade():
            run_sql(__file__, "down")
        """
    versions = scripts / "versions"
    versions.mkdir(exist_ok=True)
    (versions / f"{name}_step.py").write_text(textwrap.dedent(code))
    (versions / f"{name}_step.sql").write_text(up)
    (versions / f"{name}_step.down.sql").write_text(down)


@pytest.fixture
def scripts(tmp_path):
    """A folder of migrations of the test's own, with our env.py."""
    (tmp_path / "env.py").write_text((FOLDER / "env.py").read_text())
    return tmp_path


@pytest.fixture
def pg_dump():
    return embedded_host.find_program("pg_dump", at_least=REFERENCE_MAJOR)


def test_a_fresh_database_comes_to_the_head_and_the_second_time_changes_nothing(empty_dsn):
    first = migrate(empty_dsn)
    assert (first.before, first.after, first.has_changed) == (None, head(), True)
    assert not migrate(empty_dsn).has_changed


def test_the_schema_file_is_what_the_migrations_make(dsn, empty_dsn, pg_dump):
    made = schema_of(dsn, pg_dump=pg_dump)
    written = (FOLDER / "schema.sql").read_text(encoding="utf-8")
    with psycopg.connect(empty_dsn) as conn:
        conn.execute(written.encode())
        conn.commit()
        assert schema_of(empty_dsn, pg_dump=pg_dump) == made, "run `python -m migrations.dump`"
        if conn.info.server_version // 10_000 == REFERENCE_MAJOR:
            assert written == made, "run `python -m migrations.dump`"


def test_what_depends_on_the_day_and_the_server_is_not_in_the_schema_file():
    dump = (
        "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\n-- Dumped from database version 18.4\n\n"
        "SET statement_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\n\n\n"
        "--\n-- Name: f(); Type: FUNCTION; Schema: etl; Owner: x\n--\n\nCREATE FUNCTION etl.f() RETURNS void\n"
        "    LANGUAGE sql\n    SET search_path TO 'etl'\n    AS $$\n-- why\nSELECT $$;\n\n\\unrestrict abc\n"
    )
    assert plain(dump) == plain("").rstrip() + (
        "\n\nCREATE FUNCTION etl.f() RETURNS void\n    LANGUAGE sql\n    SET search_path TO 'etl'\n    AS $$\n-- why\nSELECT $$;\n"
    )


@pytest.mark.parametrize(
    ("stamped", "left"),
    [
        pytest.param("ALTER TABLE ONLY etl.t ALTER COLUMN n SET (pg_attver=22734432);\n", "", id="alone"),
        pytest.param("ALTER … SET (n_distinct=5, pg_attver=7);\n", "ALTER … SET (n_distinct=5);\n", id="last of two"),
        pytest.param("ALTER … SET (pg_attver=7, n_distinct=5);\n", "ALTER … SET (n_distinct=5);\n", id="first of two"),
    ],
)
def test_a_number_that_the_server_gave_a_column_is_no_part_of_the_schema(stamped, left):
    assert plain(f"CREATE TABLE etl.t (n integer);\n{stamped}") == plain(f"CREATE TABLE etl.t (n integer);\n{left}")


def test_every_step_goes_up_and_down_over_data(empty_dsn, pg_dump):
    schemas = {}
    for version in steps(FOLDER):
        with psycopg.connect(empty_dsn) as conn:
            before = counts(conn)
        migrate(empty_dsn, to=version)
        with psycopg.connect(empty_dsn) as conn:
            after = counts(conn)
            assert {name: after.get(name) for name in before} == before, f"{version} loses rows"
            fill(conn)
            assert 0 not in counts(conn).values()
        schemas[version] = schema_of(empty_dsn, pg_dump=pg_dump)
    for version in reversed((None, *steps(FOLDER)[:-1])):
        with psycopg.connect(empty_dsn) as conn:
            before = counts(conn)
        migrate(empty_dsn, to=version or "base")
        with psycopg.connect(empty_dsn) as conn:
            after = counts(conn)
            assert {name: before[name] for name in after} == after, f"the way down to {version} loses rows"
        if version is not None:
            assert schema_of(empty_dsn, pg_dump=pg_dump) == schemas[version]
        else:
            assert after == {}
    migrate(empty_dsn)
    assert schema_of(empty_dsn, pg_dump=pg_dump) == schemas[head()]


def test_every_schema_table_view_column_and_function_has_a_comment(conn):
    silent = conn.execute("""
        SELECT format('%s.%s', c.oid::regclass, a.attname)
        FROM pg_class c
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum >= 0 AND NOT a.attisdropped
        WHERE c.relnamespace IN ('etl'::regnamespace, 'news'::regnamespace)
          AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
          AND col_description(c.oid, a.attnum) IS NULL
        UNION ALL
        SELECT c.oid::regclass::text FROM pg_class c
        WHERE c.relnamespace IN ('etl'::regnamespace, 'news'::regnamespace)
          AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition AND obj_description(c.oid, 'pg_class') IS NULL
        UNION ALL
        SELECT p.oid::regprocedure::text FROM pg_proc p
        WHERE p.pronamespace = 'news'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
        UNION ALL
        SELECT n.nspname FROM pg_namespace n
        WHERE n.nspname IN ('etl', 'news') AND obj_description(n.oid, 'pg_namespace') IS NULL
        """).fetchall()
    assert [name for (name,) in silent] == []


def test_there_is_one_line_of_steps_each_with_its_way_back():
    files = {path.name for path in (FOLDER / "versions").glob("*.*")}
    numbers = steps(FOLDER)
    assert list(numbers) == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    for path in (FOLDER / "versions").glob("*.py"):
        assert {f"{path.stem}.sql", f"{path.stem}.down.sql"} <= files


def test_two_at_once_do_the_work_once(empty_dsn):
    code = "import sys; from etl.store.migrate import migrate; print(migrate(sys.argv[1]).before)"
    command = [sys.executable, "-c", code, empty_dsn]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert sorted(out.strip() for out, _ in answers) == sorted(["None", head()])


def test_a_database_newer_than_the_program_is_used_but_not_migrated(dsn):
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE etl.alembic_version SET version_num = '9999'")
        conn.commit()
        require_head(conn)
    with pytest.raises(Misconfigured, match=r"9999, newer than .* upgrade news-etl on this machine"):
        migrate(dsn)


def test_a_database_older_than_the_program_is_refused_by_those_who_only_use_it(empty_dsn):
    with psycopg.connect(empty_dsn) as conn:
        with pytest.raises(Misconfigured, match=r"at nothing yet.*news-etl migrate"):
            require_head(conn)
        migrate(empty_dsn)
        conn.rollback()
        require_head(conn)


def test_nothing_to_do_takes_no_lock(dsn):
    with psycopg.connect(dsn, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [migrations.LOCK_KEY])
        assert not migrate(dsn, patience_s=0).has_changed


def test_who_waits_too_long_for_another_migration_says_so(empty_dsn):
    with psycopg.connect(empty_dsn, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [migrations.LOCK_KEY])
        with pytest.raises(Transient, match="another process has been migrating"):
            migrate(empty_dsn, patience_s=0)


def test_a_file_is_sent_whole_so_that_function_bodies_need_no_splitting(empty_dsn, scripts):
    body = "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN; RETURN 'a;b 100% :x'; END; $$;\nSELECT 1;\n"
    add_step(scripts, 1, body.replace("BEGIN;", "BEGIN"), "DROP FUNCTION f();")
    migrate(empty_dsn, scripts=scripts)
    with psycopg.connect(empty_dsn) as conn:
        assert conn.execute("SELECT f()").fetchone() == ("a;b 100% :x",)
    migrate(empty_dsn, to="base", scripts=scripts)
    with psycopg.connect(empty_dsn) as conn:
        assert current(conn) is None
        assert conn.execute("SELECT to_regproc('f')").fetchone() == (None,)


def test_a_step_that_fails_leaves_nothing_of_itself_and_the_steps_before_it_done(empty_dsn, scripts):
    add_step(scripts, 1, "CREATE TABLE first_step ();")
    add_step(scripts, 2, "CREATE TABLE second_step ();\nSELECT 1 / 0;")
    with pytest.raises(Exception, match="division by zero"):
        migrate(empty_dsn, scripts=scripts)
    with psycopg.connect(empty_dsn) as conn:
        assert current(conn) == "0001"
        assert conn.execute("SELECT to_regclass('second_step')").fetchone() == (None,)
    (scripts / "versions/0002_step.sql").write_text("CREATE TABLE second_step ();")
    assert migrate(empty_dsn, scripts=scripts).after == "0002"


def test_a_concurrent_index_is_made_outside_a_transaction(empty_dsn, scripts):
    add_step(scripts, 1, "CREATE TABLE t (n integer);")
    add_step(
        scripts,
        2,
        "-- migrate:autocommit\nDROP INDEX CONCURRENTLY IF EXISTS by_n;\nCREATE INDEX CONCURRENTLY by_n\n  ON t (n);\n",
        "-- migrate:autocommit\nDROP INDEX CONCURRENTLY by_n;\n",
    )
    assert migrate(empty_dsn, scripts=scripts).after == "0002"
    with psycopg.connect(empty_dsn) as conn:
        assert conn.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_n'::regclass").fetchone() == (True,)
    assert migrate(empty_dsn, to="0001", scripts=scripts).after == "0001"


@pytest.fixture
def impatient(monkeypatch):
    """Locks are waited for in the same way, only shorter."""
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_S", 0.1)
    monkeypatch.setattr(migrations, "LOCK_ATTEMPTS", 3)


def test_a_table_that_stays_locked_ends_the_migration_in_words_and_unharmed(empty_dsn, scripts, impatient):
    add_step(scripts, 1, "CREATE TABLE busy ();")
    migrate(empty_dsn, scripts=scripts)
    add_step(scripts, 2, "ALTER TABLE busy ADD COLUMN n integer;")
    with psycopg.connect(empty_dsn) as reader:
        reader.execute("SELECT FROM busy")
        with pytest.raises(Transient, match="found its table locked 3 times"):
            migrate(empty_dsn, scripts=scripts)
        assert current(reader) == "0001"
    assert migrate(empty_dsn, scripts=scripts).after == "0002"


def test_a_table_that_is_locked_for_a_while_is_tried_again(empty_dsn, scripts, impatient, monkeypatch):
    monkeypatch.setattr(migrations, "LOCK_ATTEMPTS", 100)
    add_step(scripts, 1, "CREATE TABLE busy ();")
    migrate(empty_dsn, scripts=scripts)
    add_step(scripts, 2, "ALTER TABLE busy ADD COLUMN n integer;")
    with psycopg.connect(empty_dsn) as reader:
        reader.execute("SELECT FROM busy")
        release = threading.Timer(0.5, reader.rollback)
        release.start()
        assert migrate(empty_dsn, scripts=scripts).after == "0002"
        release.join()


def test_a_version_that_does_not_exist_is_refused(empty_dsn):
    with pytest.raises(Misconfigured, match="no schema version '0815'"):
        migrate(empty_dsn, to="0815")


def test_a_percent_sign_in_the_password_or_the_path_is_only_a_character(empty_dsn, tmp_path):
    odd = tmp_path / "100% s%(x)s"
    odd.mkdir()
    (odd / "env.py").write_text((FOLDER / "env.py").read_text())
    add_step(odd, 1, "SELECT '100%';")
    assert migrate(make_conninfo(empty_dsn, application_name="100%"), scripts=odd).after == "0001"


@pytest.mark.skipif(not os.environ.get("NEWS_ETL_TEST_SLOW"), reason="builds a wheel: set NEWS_ETL_TEST_SLOW=1")
def test_the_wheel_carries_the_migrations(tmp_path):
    pytest.importorskip("pip", reason="an environment without pip")
    root = FOLDER.parent
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, root], check=True)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert {"etl/migrations/env.py", "etl/migrations/versions/0001_foundation.sql"} <= set(names)
