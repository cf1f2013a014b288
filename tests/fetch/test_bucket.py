from __future__ import annotations

import importlib.util
import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from warcio.archiveiterator import ArchiveIterator

from etl.errors import Misconfigured, Unreadable
from etl.fetch.archive import Archive
from etl.model import Place

from .test_archive import BODY, NOON, captured, exchange, hop


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    """A real S3 server on the loopback."""
    moto = pytest.importorskip("moto.server", reason="the S3 server of these tests is moto's")
    server = moto.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["memory", "s3"])
def root(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    pytest.importorskip("fsspec", reason="object stores need fsspec")
    if request.param == "memory":
        return f"memory://{uuid4().hex}/archive"
    s3fs = pytest.importorskip("s3fs", reason="S3 needs s3fs")
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("s3_server"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    bucket = f"news-{uuid4().hex[:12]}"
    s3fs.S3FileSystem().mkdir(bucket)
    return f"s3://{bucket}/archive"


def test_what_is_synced_is_there_for_every_machine_and_what_is_not_is_not(root):
    here, there = Archive(root), Archive(root)
    place = here.append(exchange())
    with pytest.raises(Unreadable) as caught:
        there.read(place)
    assert caught.value.code == "container_missing"
    here.sync()
    assert there.read(place).body == BODY
    assert list(there.files()) == [place.file]


def test_an_object_is_a_warc_file_of_its_own(root):
    archive = Archive(root)
    places = [archive.append(exchange(url=f"https://example.org/{n}")) for n in range(3)]
    archive.sync()
    archive.sync()
    places.append(archive.append(exchange(url="https://example.org/3")))
    archive.close()
    assert len(list(archive.files())) == 2
    assert len({place.file for place in places}) == 2
    with archive._shelf.open(places[0].file) as file:
        kinds = [record.rec_type for record in ArchiveIterator(io.BytesIO(file.read()))]
    assert kinds == ["warcinfo"] + ["response", "request"] * 3
    assert [seen.place for seen in archive.walk(places[0].file) if seen.type == "response"] == places[:3]
    assert archive.repair() == {}


def test_revisits_reach_across_objects(root):
    archive = Archive(root)
    first = archive.append(exchange())
    archive.sync()
    other = Archive(root)
    place = other.append(exchange(at=NOON + timedelta(hours=1)), previous=captured(exchange(), first))
    other.sync()
    assert place.length < 700
    assert archive.read(place).body == BODY


def test_what_is_erased_is_not_in_the_object_any_more(root):
    archive = Archive(root)
    secret = b"a name that must be forgotten"
    places = [
        archive.append(exchange(body, hop(url, body)))
        for body, url in (
            (BODY, "https://example.org/a"),
            (secret, "https://example.net/secret"),
            (BODY, "https://example.org/b"),
        )
    ]
    archive.sync()
    archive.overwrite(places[1], at=NOON)
    with archive._shelf.open(places[1].file) as file:
        everything = b"".join(record.raw_stream.read() for record in ArchiveIterator(file))
    assert secret not in everything
    assert archive.read(places[0]).body == archive.read(places[2]).body == BODY
    assert archive.overwrite_all(lambda url: url.startswith("https://example.org/"), at=NOON) == 4
    with pytest.raises(Unreadable) as caught:
        archive.read(places[2])
    assert caught.value.code == "erased"


def test_days_expire(root):
    archive = Archive(root)
    old = archive.append(exchange())
    archive.sync()
    young = archive.append(exchange(b"other", at=NOON + timedelta(days=30)))
    archive.sync()
    assert archive.expire(before=date(2026, 6, 20)) == ["2026-06-01"]
    assert list(archive.files()) == [young.file]
    with pytest.raises(Unreadable) as caught:
        archive.read(old)
    assert caught.value.code == "container_missing"


def test_threads_share_an_archive_and_each_sync_covers_its_own(root):
    archive = Archive(root)
    reader = Archive(root)
    wrong: list[str] = []

    def write(number: int) -> None:
        for turn in range(4):
            url = f"https://example.org/{number}/{turn}"
            place = archive.append(exchange(url.encode() * 50, url=url))
            archive.sync()
            if reader.read(place).body != url.encode() * 50:
                wrong.append(url)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sum(seen.type == "response" for name in reader.files() for seen in reader.walk(name)) == 24


def test_a_store_that_fails_keeps_the_bytes_for_the_next_sync(root):
    archive = Archive(root)
    place = archive.append(exchange())
    files = archive._shelf._files
    put, tries = files.pipe_file, iter([OSError("no route")])

    def fails_once(*args: object, **kwargs: object) -> None:
        if (error := next(tries, None)) is not None:
            raise error
        put(*args, **kwargs)

    files.pipe_file = fails_once
    try:
        with pytest.raises(OSError, match="no route"):
            archive.sync()
        later = archive.append(replace(exchange(), url="https://example.org/later"))
        archive.sync()
    finally:
        files.pipe_file = put
    assert Archive(root).read(place).body == Archive(root).read(later).body == BODY


def test_a_store_nobody_knows_stops_the_start():
    if importlib.util.find_spec("fsspec") is None:
        pytest.skip("object stores need fsspec")
    with pytest.raises(Misconfigured):
        Archive("nosuch://bucket/prefix")


def test_a_place_that_never_was_is_missing(root):
    with pytest.raises(Unreadable) as caught:
        Archive(root).read(Place("2026-06-01/never.warc.gz", 0, 10))
    assert caught.value.code == "container_missing"


def test_a_probe_leaves_nothing_and_tells_what_is_not_there(root):
    archive = Archive(root)
    archive.probe()
    assert archive._shelf._files.find(archive._shelf._root) == []
    if root.startswith("s3:"):
        with pytest.raises(Misconfigured, match="nothing can be put into the archive at nowhere"):
            Archive("s3://nowhere-at-all/archive").probe()
