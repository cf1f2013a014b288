from __future__ import annotations

import gzip
import hashlib
import io
import os
import signal
import stat
import subprocess
import sys
import threading
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from etl.errors import Misconfigured, Unreadable
from etl.fetch import warc
from etl.fetch.archive import REVISIT_WITHIN, Archive
from etl.fetch.exchange import Exchange, Hop
from etl.model import Capture, Place

NOON = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
BODY = ("<html><body>" + "<p>Una noticia cualquiera, con eñes y tildes.</p>" * 500).encode()


def hop(url: str, wire: bytes, *headers: tuple[str, str], status: int = 200) -> Hop:
    request = f"GET / HTTP/1.1\r\nHost: example.org\r\nX-Asked: {url}\r\n\r\n".encode()
    return Hop(url, request, status, "OK", "HTTP/1.1", headers, wire, "93.184.215.14")


def exchange(body: bytes = BODY, *hops: Hop, url: str = "https://example.org/a", at: datetime = NOON) -> Exchange:
    hops = hops or (hop(url, body, ("Content-Type", "text/html"), ("Content-Length", str(len(body)))),)
    return Exchange(url, hops, body, hashlib.sha256(body).digest(), at, 0.1)


def captured(given_exchange: Exchange, place: Place) -> Capture:
    return Capture(
        given_exchange.url,
        given_exchange.final.url,
        200,
        {},
        given_exchange.body_sha256,
        len(given_exchange.body),
        given_exchange.fetched_at,
        place,
    )


def records(root: Path, name: str):
    with (root / name).open("rb") as file:
        return [
            (record.rec_type, dict(record.rec_headers.headers), record.content_stream().read())
            for record in ArchiveIterator(file)
        ]


ENCODED = {
    "plain": (BODY, ()),
    "gzip": (gzip.compress(BODY), (("Content-Encoding", "gzip"),)),
    "br": (brotli.compress(BODY), (("Content-Encoding", "br"),)),
    "zstd": (zstandard.compress(BODY), (("Content-Encoding", "zstd"),)),
    "chunked gzip": (gzip.compress(BODY), (("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked"))),
    "deflate": (zlib.compress(BODY), (("Content-Encoding", "deflate"),)),
    "gzip in gzip": (gzip.compress(gzip.compress(BODY)), (("Content-Encoding", "gzip, gzip"),)),
    "plain, called gzip": (BODY, (("Content-Encoding", "gzip"),)),
    "larger than one stored block": (gzip.compress(os.urandom(200_000), 1), (("Content-Encoding", "gzip"),)),
    "empty": (b"", ()),
}


@pytest.mark.parametrize("name", ENCODED)
def test_a_response_is_read_back_as_it_was_by_us_and_by_warcio(archive, tmp_path, name):
    wire, headers = ENCODED[name]
    body = gzip.decompress(wire) if name.startswith("larger") else BODY if wire else b""
    given_exchange = exchange(body, hop("https://example.org/ä?x=1", wire, *headers, ("X-Odd", "Ünïcode")))
    place = archive.append(given_exchange)
    archive.sync()
    kept = archive.read(place)
    assert (kept.status, kept.url, kept.body, kept.fetched_at) == (200, "https://example.org/ä?x=1", body, NOON)
    assert kept.headers["x-odd"] == "Ünïcode"
    kinds = records(tmp_path / "archive", place.file)
    assert [kind for kind, _, _ in kinds] == ["warcinfo", "response", "request"]
    assert kinds[1][2] == body
    assert kinds[2][1]["WARC-Concurrent-To"] == kinds[1][1]["WARC-Record-ID"]


def test_a_body_of_two_gzip_members_is_read_whole(archive):
    """warcio 1.8 stops after the first, so only our reader is asked."""
    wire = gzip.compress(BODY[:99]) + gzip.compress(BODY[99:])
    place = archive.append(exchange(BODY, hop("https://example.org/a", wire, ("Content-Encoding", "gzip"))))
    assert archive.read(place).body == BODY


def test_warcio_finds_no_fault_in_a_file(archive, tmp_path, capsys):
    for wire, headers in ENCODED.values():
        archive.append(exchange(BODY, hop("https://example.org/a", wire, *headers)))
    place = archive.append(exchange())
    archive.append(exchange(at=NOON + timedelta(hours=1)), previous=captured(exchange(), place))
    archive.append(exchange(BODY, replace(hop("https://example.org/imported", BODY), request=b"", address="")))
    archive.close()
    checker = Checker(type("Arguments", (), {"inputs": [str(tmp_path / "archive" / place.file)], "verbose": False}))
    checker.process_all()
    assert checker.exit_value == 0, capsys.readouterr().out


def test_compressed_bytes_are_kept_as_they_came(archive):
    noise = gzip.compress(os.urandom(300_000))
    place = archive.append(
        exchange(gzip.decompress(noise), hop("https://example.org/a", noise, ("Content-Encoding", "gzip")))
    )
    assert len(noise) < place.length < len(noise) + 700


def test_redirects_are_kept_beside_the_answer(archive, tmp_path):
    hops = (
        hop("http://example.org/a", b"moved", ("Location", "https://example.org/a"), status=301),
        hop("https://example.org/a", BODY),
    )
    place = archive.append(exchange(BODY, *hops, url="http://example.org/a"))
    kinds = records(tmp_path / "archive", place.file)
    assert [(kind, fields.get("WARC-Target-URI")) for kind, fields, _ in kinds[1:]] == [
        ("response", "https://example.org/a"),
        ("request", "https://example.org/a"),
        ("response", "http://example.org/a"),
        ("request", "http://example.org/a"),
    ]
    assert {fields["WARC-Concurrent-To"] for _, fields, _ in kinds[2:]} == {kinds[1][1]["WARC-Record-ID"]}


def test_an_identical_body_becomes_a_revisit_that_reads_like_the_original(archive, tmp_path):
    first = archive.append(exchange())
    places = [first]
    for hour in (1, 2):
        again = exchange(at=NOON + timedelta(hours=hour))
        places.append(archive.append(again, previous=captured(again, places[-1])))
    assert archive.read(places[2]).body == BODY
    assert archive.read(places[2]).fetched_at == NOON + timedelta(hours=2)
    kinds = records(tmp_path / "archive", first.file)
    revisits = [fields for kind, fields, _ in kinds if kind == "revisit"]
    assert [fields["WARC-Profile"] for fields in revisits] == [warc.REVISIT_PROFILE] * 2
    # Both name the record with the body, not each other.
    assert {fields["WARC-Refers-To"] for fields in revisits} == {kinds[1][1]["WARC-Record-ID"]}
    assert {fields["WARC-Refers-To-Date"] for fields in revisits} == {"2026-06-01T12:00:00.123456Z"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda capture: replace(capture, body_sha256=b"other"), id="another body"),
        pytest.param(lambda capture: replace(capture, place=Place("2026-01-01/gone.warc.gz", 0, 9)), id="file is gone"),
        pytest.param(lambda capture: replace(capture, place=replace(capture.place, offset=7)), id="place is wrong"),
    ],
)
def test_a_body_is_kept_whole_when_the_earlier_one_cannot_stand_for_it(archive, tmp_path, change):
    capture = captured(exchange(), archive.append(exchange()))
    archive = Archive(tmp_path / "archive")  # Another process, which remembers nothing.
    place = archive.append(exchange(at=NOON + timedelta(hours=1)), previous=change(capture))
    assert [seen.type for seen in archive.walk(place.file) if seen.place == place] == ["response"]


def test_a_revisit_never_outlives_its_body(archive):
    capture = captured(exchange(), archive.append(exchange()))
    young = archive.append(exchange(at=NOON + REVISIT_WITHIN), previous=capture)
    old = archive.append(exchange(at=NOON + REVISIT_WITHIN + timedelta(days=1)), previous=captured(exchange(), young))
    archive.close()
    kinds = {seen.place: seen.type for place in (young, old) for seen in archive.walk(place.file)}
    assert (kinds[young], kinds[old]) == ("revisit", "response")
    assert archive.expire(before=date(2026, 6, 8)) == []
    assert archive.read(young).body == BODY
    assert archive.expire(before=date(2026, 6, 9)) == ["2026-06-01"]
    with pytest.raises(Unreadable) as caught:
        archive.read(capture.place)
    assert caught.value.code == "container_missing"


def test_files_roll_with_the_day_and_the_size(tmp_path):
    archive = Archive(tmp_path, file_max_bytes=3000)
    places = [archive.append(exchange(os.urandom(1200), url=f"https://example.org/{n}")) for n in range(4)]
    places.append(archive.append(exchange(at=NOON + timedelta(days=1))))
    archive.close()
    assert len({place.file for place in places[:4]}) == 2
    assert places[4].file.startswith("2026-06-02/")
    assert list(archive.files()) == sorted({place.file for place in places})
    for name in archive.files():
        assert not (tmp_path / name).stat().st_mode & stat.S_IWUSR  # Sealed.
        assert records(tmp_path, name)[0][0] == "warcinfo"


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from fetch.test_archive import exchange
from etl.fetch.archive import Archive
archive = Archive(Path({root!r}))
print(archive.append(exchange()).file, flush=True)
sys.stdin.read()
"""


def test_the_torn_tail_of_a_killed_writer_is_cut_and_the_living_are_left_alone(tmp_path):
    code = KILLED.format(tests=str(Path(__file__).parents[1]), root=str(tmp_path))
    writers = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    names = [writer.stdout.readline().strip() for writer in writers]
    whole = (tmp_path / names[0]).stat().st_size
    for name in names:
        with (tmp_path / name).open("ab") as file:
            file.write(warc.member((("WARC-Type", "response"),), body=BODY)[:300])
    writers[0].send_signal(signal.SIGKILL)
    writers[0].wait()
    reader = Archive(tmp_path)
    assert reader.repair() == {names[0]: 300}
    assert (tmp_path / names[0]).stat().st_size == whole
    assert [seen.type for seen in reader.walk(names[0])] == ["warcinfo", "response", "request"]
    assert reader.repair() == {}
    writers[1].communicate("")
    assert reader.repair() == {names[1]: 300}


@pytest.mark.parametrize("cut", [1, 9, 100, 400])
def test_walking_stops_at_a_torn_tail(archive, tmp_path, cut):
    places = [archive.append(exchange(url=f"https://example.org/{n}")) for n in range(3)]
    archive.close()
    path = tmp_path / "archive" / places[2].file
    path.chmod(0o644)
    os.truncate(path, places[2].offset + min(cut, places[2].length - 1))
    assert [seen.url for seen in archive.walk(places[2].file) if seen.type == "response"] == [
        "https://example.org/0",
        "https://example.org/1",
    ]
    with pytest.raises(Unreadable) as caught:
        archive.read(places[2])
    assert caught.value.code == "record_damaged"


@pytest.mark.parametrize("is_sealed", [False, True])
def test_what_is_erased_cannot_be_found_in_the_file_and_its_neighbours_can(archive, tmp_path, is_sealed):
    secret = b"a name that must be forgotten"
    before = archive.append(exchange(url="https://example.org/before"))
    hops = (
        hop("http://example.org/secret", secret, status=301),
        hop("https://example.org/secret", secret, ("X-Secret", secret.decode())),
    )
    place = archive.append(exchange(secret, *hops))
    after = archive.append(exchange(url="https://example.org/after"))
    if is_sealed:
        archive.close()
    size = (tmp_path / "archive" / place.file).stat().st_size
    archive.overwrite(place, at=NOON)
    archive.overwrite(place, at=NOON)
    raw = (tmp_path / "archive" / place.file).read_bytes()
    assert len(raw) == size
    everything = b"".join(repr(record).encode() for record in records(tmp_path / "archive", place.file))
    assert b"secret" not in everything
    assert secret not in everything
    assert archive.read(before).body == archive.read(after).body == BODY
    assert [seen.type for seen in archive.walk(place.file)].count("metadata") == 4
    with pytest.raises(Unreadable) as caught:
        archive.read(place)
    assert caught.value.code == "erased"


@given(st.integers(220, 5000))
@settings(max_examples=50)
def test_a_blot_has_the_length_it_must_have_and_is_a_record(length):
    blotted = warc.blot(length, at=NOON)
    assert len(blotted) == length
    assert warc.read_member(blotted).block == b"erased"
    (record,) = ArchiveIterator(io.BytesIO(blotted))
    assert record.rec_type == "metadata"


def test_erasing_a_domain_finds_what_no_row_points_to(archive, tmp_path):
    mine = archive.append(exchange(url="https://example.org/mine"))
    hops = (hop("https://t.example.net/short", b"", status=301), hop("https://other.example.com/a", BODY))
    archive.append(exchange(BODY, *hops))
    archive.close()
    archive.append(exchange(BODY, hop("https://other.example.com/b", BODY), at=NOON + timedelta(days=1)))
    assert archive.overwrite_all(lambda url: ".example.com/" in url, at=NOON) == 4
    assert archive.overwrite_all(lambda url: ".example.com/" in url, at=NOON) == 0
    urls = [seen.url for name in archive.files() for seen in archive.walk(name) if seen.type == "response"]
    assert urls == ["https://example.org/mine", "https://t.example.net/short"]
    assert archive.read(mine).body == BODY


def test_a_body_seen_again_at_the_same_url_is_not_kept_twice(archive):
    places = [archive.append(exchange(at=NOON + timedelta(minutes=n))) for n in range(3)]
    other = archive.append(exchange(url="https://example.org/b"))
    kinds = {seen.place: seen.type for seen in archive.walk(other.file)}
    assert [kinds[place] for place in (*places, other)] == ["response", "revisit", "revisit", "response"]
    assert archive.read(places[2]).body == BODY
    archive.overwrite(places[0], at=NOON)
    again = archive.append(exchange(at=NOON + timedelta(hours=1)))
    assert archive.read(again).body == BODY  # Not a revisit of what was erased.


def test_an_import_of_old_captures_stays_in_one_file_of_today(archive):
    """Their request and address are not known, and their dates jump."""
    days = [datetime(2019, 5, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)]
    unknown = replace(hop("https://example.org/a", BODY), request=b"", address="")
    places = [archive.append(exchange(BODY + bytes([n]), unknown, at=day), at=NOON) for n, day in enumerate(days)]
    assert {place.file.partition("/")[0] for place in places} == {"2026-06-01"}
    assert len({place.file for place in places}) == 1
    assert [archive.read(place).fetched_at for place in places] == days
    assert [seen.type for seen in archive.walk(places[0].file)] == ["warcinfo", "response", "response", "response"]


def test_threads_share_one_file_without_mixing_their_records(archive):
    places: dict[str, Place] = {}

    def write(number: int) -> None:
        for turn in range(20):
            url = f"https://example.org/{number}/{turn}"
            places[url] = archive.append(exchange(url.encode() * 50, url=url))
            archive.sync()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({place.file for place in places.values()}) == 1
    assert {url: archive.read(place).body for url, place in places.items()} == {
        url: url.encode() * 50 for url in places
    }


def test_a_full_disk_leaves_no_half_record_behind(tmp_path):
    code = f"""
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
import os
from fetch.test_archive import exchange
from etl.fetch.archive import Archive
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
archive = Archive(Path({str(tmp_path)!r}))
kept = [archive.append(exchange(b"small"))]
try:
    archive.append(exchange(os.urandom(30_000)))
except OSError as error:
    print(error)
kept.append(archive.append(exchange(b"small again")))
print([archive.read(place).body for place in kept])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[Errno 27] File too large", "[b'small', b'small again']"]


def test_a_root_that_cannot_be_a_folder_stops_the_start(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured):
        Archive(tmp_path / "file")


@given(st.binary(max_size=3000), st.booleans())
def test_any_bytes_survive_a_member(body, is_compressed):
    fields = (("WARC-Type", "resource"), ("WARC-Target-URI", "urn:x"))
    record = warc.read_member(warc.member(fields, head=b"head", body=body, is_compressed=is_compressed))
    assert record.block == b"head" + body
    assert (record.type, record.url) == ("resource", "urn:x")


@given(st.binary(max_size=300))
def test_rubbish_is_no_record(rubbish):
    with pytest.raises(ValueError, match=r".+"):
        warc.read_member(rubbish)
    with pytest.raises(ValueError, match=r".+"):
        warc.parse_record(rubbish)
