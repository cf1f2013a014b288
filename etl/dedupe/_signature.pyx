# cython: boundscheck=False, wraparound=False, cdivision=True
"""The compiled form of `signature`: the hash of every run of words, and the smallest of them, a sixth of the time."""

from libc.stdint cimport int32_t, uint32_t

from etl.dedupe import signature

cdef enum:
    KEY_WORDS = 5
    WORDS_MAX = 5000
    SPAN_KEYS_MAX = 7

if (signature.KEY_WORDS, signature.WORDS_MAX, max(count for _, count in signature.KEY_SPANS)) != (
    KEY_WORDS, WORDS_MAX, SPAN_KEYS_MAX
):
    raise ImportError("other keys than those compiled")
cdef object _words = signature.words, _is_unspaced = signature.is_unspaced
cdef tuple _spans = signature.KEY_SPANS
cdef uint32_t[256] _table


cdef void _make_table() noexcept:
    """CRC-32 of every byte (RFC 1952, section 8), as `zlib.crc32` has it."""
    cdef uint32_t value
    cdef int byte, bit
    for byte in range(256):
        value = byte
        for bit in range(8):
            value = (value >> 1) ^ 0xEDB88320U if value & 1 else value >> 1
        _table[byte] = value


_make_table()


cdef inline uint32_t _crc32(const unsigned char *at, const unsigned char *end) noexcept:
    cdef uint32_t value = 0xFFFFFFFFU
    while at < end:
        value = _table[(value ^ at[0]) & 0xFF] ^ (value >> 8)
        at += 1
    return value ^ 0xFFFFFFFFU


def signature_keys(title, text):
    """Return up to KEYS_MAX distinct signed 32-bit keys in ascending order: the order in which locks on them are taken.

    The title counts only when there is no text, since copies change it; without any word there are no keys.
    """
    cdef Py_ssize_t starts[WORDS_MAX + 1]
    cdef uint32_t hashes[WORDS_MAX]
    cdef uint32_t smallest[SPAN_KEYS_MAX]
    cdef uint32_t value
    cdef Py_ssize_t size, length, number, count = 0, found, wanted, held, place
    cdef int scale
    cdef tuple tokens = _words(text) or _words(title)
    if not tokens:
        return ()
    scale = 2 if _is_unspaced(tokens) else 1
    size = KEY_WORDS * scale
    cdef bytes joined = " ".join(tokens).encode("utf-8", "replace")
    cdef const unsigned char *letters = joined
    length = len(joined)
    starts[0] = 0
    for number in range(length):  # No word holds a space.
        if letters[number] == c" ":
            count += 1
            starts[count] = number + 1
    count += 1
    starts[count] = length + 1
    if count <= size:
        hashes[0] = _crc32(letters, letters + length)
        found = 1
    else:
        found = count - size + 1
        for number in range(found):
            hashes[number] = _crc32(letters + starts[number], letters + starts[number + size] - 1)
    cdef set kept = set()
    for span, keys in _spans:
        wanted = found if span is None else min(found, (<Py_ssize_t>span - KEY_WORDS) * scale + 1)
        held = 0
        for number in range(wanted):
            value = hashes[number]
            if held == keys and value >= smallest[held - 1]:
                continue
            place = held
            while place > 0 and smallest[place - 1] > value:
                place -= 1
            if place > 0 and smallest[place - 1] == value:
                continue
            if held < keys:
                held += 1
            for length in range(held - 1, place, -1):
                smallest[length] = smallest[length - 1]
            smallest[place] = value
        for number in range(held):
            kept.add(<int32_t>smallest[number])
    return tuple(sorted(kept))
