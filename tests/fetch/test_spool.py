"""Bodies that are too large for memory."""

from __future__ import annotations

import hashlib

import pytest

from etl.fetch.spool import PIECE_BYTES, SPOOLED_FROM_BYTES, Spool, collected

BODY = bytes(range(256)) * (SPOOLED_FROM_BYTES // 256 + 1)


@pytest.mark.parametrize("size", [0, 1, SPOOLED_FROM_BYTES - 1])
def test_what_is_small_stays_in_memory(size):
    assert collected([BODY[:size]]) == BODY[:size]


@pytest.mark.parametrize("step", [7919, PIECE_BYTES, len(BODY)])
def test_what_is_large_is_a_stream_with_its_length_and_hash(step):
    spool = collected(BODY[at : at + step] for at in range(0, len(BODY), step))
    assert isinstance(spool, Spool)
    assert (spool.size, spool.sha256) == (len(BODY), hashlib.sha256(BODY).digest())
    assert spool.stream().read() == b"".join(spool.pieces()) == BODY


def test_readers_do_not_disturb_each_other():
    spool = collected([BODY])
    assert isinstance(spool, Spool)
    assert spool.stream().read(1000) == BODY[:1000]
    assert b"".join(spool.pieces()) == BODY
    assert spool.stream().read() == BODY


def test_the_file_goes_with_its_spool():
    spool = Spool()
    stream = spool.stream()
    del spool
    assert stream.closed
