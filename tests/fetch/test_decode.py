from __future__ import annotations

import gzip
import random
import resource
import time
import tracemalloc
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from newsroom import bomb

from etl.errors import Refused, Transient
from etl.fetch.decode import codings, decoded

TEXT = "".join(f"<p>Absatz {n}: die Nachricht vom Tage, mit Umlauten äöü.</p>" for n in range(3000)).encode()


def bare_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(6, zlib.DEFLATED, -15)
    return stream.compress(body) + stream.flush()


ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZIP": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda body: brotli.compress(body, quality=4),
    "zstd": zstandard.compress,
    "identity": bytes,
    "": bytes,
    "gzip, br": lambda body: brotli.compress(gzip.compress(body, 1), quality=1),
}


def pieces(wire: bytes, size: int):
    return (wire[start : start + size] for start in range(0, len(wire), size))


@pytest.mark.parametrize("size", [1, 7, 1000, 65536])
@pytest.mark.parametrize("name", ENCODERS)
def test_each_coding_is_undone_whatever_the_pieces(name, size):
    body = TEXT[:5000] if size == 1 else TEXT
    assert decoded(pieces(ENCODERS[name](body), size), codings(name), max_bytes=10**7) == body


@pytest.mark.parametrize("size", [1000, 65536, 10**7])
@pytest.mark.parametrize("name", ENCODERS)
def test_large_bodies_arrive_whole(name, size):
    """Several steps of output for one piece of input: 2 MB that pack well, then 1 MB that does not."""
    body = TEXT * 12 + random.Random(3).randbytes(1_000_000) + TEXT
    assert decoded(pieces(ENCODERS[name](body), size), codings(name), max_bytes=10**7) == body


@pytest.mark.parametrize(
    ("wire", "coding"),
    [
        pytest.param(bare_deflate(TEXT), "deflate", id="deflate without its zlib header"),
        pytest.param(gzip.compress(TEXT[:900]) + gzip.compress(TEXT[900:]), "gzip", id="gzip of two members"),
        pytest.param(gzip.compress(TEXT) + b"\0" * 512, "gzip", id="gzip with padding behind"),
        pytest.param(TEXT, "gzip", id="plain text that claims to be gzip"),
        pytest.param(zstandard.compress(TEXT[:900]) + zstandard.compress(TEXT[900:]), "zstd", id="zstd of two frames"),
    ],
)
@pytest.mark.parametrize("size", [5, 65536])
def test_what_servers_get_wrong_is_read_all_the_same(wire, coding, size):
    assert decoded(pieces(wire, size), codings(coding), max_bytes=10**7) == TEXT


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_stream_that_breaks_off_is_truncated_never_short(name, share):
    wire = ENCODERS[name](TEXT)
    with pytest.raises(Transient) as caught:
        decoded(pieces(wire[: int(len(wire) * share)], 4096), codings(name), max_bytes=10**7)
    assert caught.value.code == "truncated"


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_a_connection_that_breaks_after_the_streams_own_end_does_no_harm(name):
    def broken():
        yield ENCODERS[name](TEXT)
        raise Transient("fewer bytes than announced", code="truncated")

    assert decoded(broken(), codings(name), max_bytes=10**7) == TEXT


@pytest.mark.parametrize(
    ("wire", "coding"),
    [
        pytest.param(b"\x1f\x8b" + TEXT, "gzip", id="gzip"),
        pytest.param(b"\x78\x9c" + TEXT, "deflate", id="deflate"),
        pytest.param(TEXT, "br", id="br"),
        pytest.param(TEXT, "zstd", id="zstd"),
        pytest.param(gzip.compress(TEXT)[:-8] + b"\0" * 8, "gzip", id="wrong checksum"),
    ],
)
def test_rubbish_is_bad_encoding(wire, coding):
    with pytest.raises(Transient) as caught:
        decoded(pieces(wire, 4096), codings(coding), max_bytes=10**7)
    assert caught.value.code in ("bad_encoding", "truncated")


@pytest.mark.parametrize("text", ["compress", "aes128gcm", "gzip, gzip, gzip", "br; q=1"])
def test_codings_that_cannot_be_undone_are_refused(text):
    with pytest.raises(Refused) as caught:
        codings(text)
    assert caught.value.code == "bad_encoding"


def zstd_bomb(megabytes: int):
    stream = zstandard.ZstdCompressor(level=3).compressobj()
    for _ in range(megabytes):
        yield stream.compress(bytes(1024 * 1024))
    yield stream.flush()


def brotli_bomb(megabytes: int):
    stream = brotli.Compressor(quality=3)
    for _ in range(megabytes):
        yield stream.process(bytes(1024 * 1024))
    yield stream.finish()


@pytest.mark.parametrize(
    ("wire", "coding"),
    [
        pytest.param(lambda: bomb(10_000), "gzip", id="10 GB of gzip"),
        pytest.param(lambda: iter([gzip.compress(b"".join(bomb(200)))]), "gzip, gzip", id="gzip in gzip"),
        pytest.param(lambda: brotli_bomb(100), "br", id="br"),
        pytest.param(lambda: zstd_bomb(100), "zstd", id="zstd"),
        pytest.param(lambda: iter([b"".join(brotli_bomb(100))]), "br", id="br in one piece"),
        pytest.param(lambda: iter([b"".join(zstd_bomb(100))]), "zstd", id="zstd in one piece"),
    ],
)
def test_a_bomb_costs_little_memory_and_time(wire, coding):
    prepared = wire()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    tracemalloc.start()
    with pytest.raises(Refused) as caught:
        decoded(prepared, codings(coding), max_bytes=60_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.code == "bomb"
    assert peak < 25_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # Kilobytes on Linux.
    assert time.process_time() - started < 1.0


def test_the_cap_holds_for_honest_bodies_too():
    noise = bytes(range(256)) * 4000
    assert decoded(iter([noise]), (), max_bytes=len(noise)) == noise
    with pytest.raises(Refused) as caught:
        decoded(iter([noise, b"x"]), (), max_bytes=len(noise))
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_no_bytes_are_an_empty_body_under_any_coding(name):
    assert decoded(iter([]), codings(name), max_bytes=10) == b""


def test_a_cut_returns_the_first_bytes_exactly():
    assert decoded(iter([b"abc", b"defg"]), (), max_bytes=5, cuts=True) == b"abcde"


@given(st.binary(max_size=4000), st.sampled_from(["gzip", "deflate", "br", "zstd"]), st.integers(1, 700))
def test_what_was_encoded_comes_back(body, name, size):
    assert decoded(pieces(ENCODERS[name](body), size), (name,), max_bytes=10**6) == body


@given(st.binary(max_size=600), st.sampled_from(["gzip", "deflate", "br", "zstd"]))
def test_no_bytes_at_all_cause_another_error_than_ours(wire, name):
    codes = set()
    try:
        decoded(iter([wire]), (name,), max_bytes=10**6)
    except (Transient, Refused) as error:
        codes.add(error.code)
    assert codes <= {"bad_encoding", "truncated", "too_large", "bomb"}
