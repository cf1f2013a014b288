# cython: boundscheck=False, wraparound=False, cdivision=True
"""The compiled form of `signature`: the words as one text, the hash of every run of them, and the smallest of these."""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int32_t, uint32_t

from etl.dedupe import signature

cdef enum:
    KEY_WORDS = 5
    WORDS_MAX = 5000
    SAMPLE_WORDS = 200
    SPAN_KEYS_MAX = 7

if (signature.KEY_WORDS, signature.WORDS_MAX, signature.SAMPLE_WORDS, max(count for _, count in signature.KEY_SPANS)) != (
    KEY_WORDS, WORDS_MAX, SAMPLE_WORDS, SPAN_KEYS_MAX
):
    raise ImportError("other keys than those compiled")
if signature.UNSPACED != (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
):
    raise ImportError("other scripts than those compiled")
cdef object _read = signature.as_read
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


cdef inline bint _is_unspaced(Py_UCS4 letter) noexcept:
    if letter < 0x0E00:
        return False
    return (
        letter <= 0x0EFF or 0x1000 <= letter <= 0x109F or 0x1780 <= letter <= 0x17FF or 0x3005 <= letter <= 0x3007
        or 0x3040 <= letter <= 0x30FF or 0x3400 <= letter <= 0x9FFF or 0xF900 <= letter <= 0xFAFF
        or 0x20000 <= letter <= 0x3FFFF
    )


cdef inline Py_ssize_t _put(uint32_t letter, unsigned char *at) noexcept:
    """Write *letter*, no surrogate, in UTF-8."""
    if letter < 0x80:
        at[0] = letter
        return 1
    if letter < 0x800:
        at[0] = 0xC0 | (letter >> 6)
        at[1] = 0x80 | (letter & 0x3F)
        return 2
    if letter < 0x10000:
        at[0] = 0xE0 | (letter >> 12)
        at[1] = 0x80 | ((letter >> 6) & 0x3F)
        at[2] = 0x80 | (letter & 0x3F)
        return 3
    at[0] = 0xF0 | (letter >> 18)
    at[1] = 0x80 | ((letter >> 12) & 0x3F)
    at[2] = 0x80 | ((letter >> 6) & 0x3F)
    at[3] = 0x80 | (letter & 0x3F)
    return 4


cdef Py_ssize_t _spread(str text, unsigned char *letters, Py_ssize_t *starts, bint *is_unspaced) noexcept:
    """Write the words of *text*, each with a space behind it, and where they begin; return how many they are."""
    cdef Py_ssize_t count = 0, at = 0, sampled = 0
    cdef bint is_open = False, is_ascii = True, is_alone
    cdef Py_UCS4 letter
    for letter in text:
        is_alone = _is_unspaced(letter)
        if is_open and (is_alone or letter == u"_" or not letter.isalnum()):
            letters[at] = c" "
            at += 1
            is_open = False
        if not is_open:
            if not is_alone and (letter == u"_" or not letter.isalnum()):
                continue
            if count == WORDS_MAX:
                break
            starts[count] = at
            count += 1
            is_open = True
        at += _put(letter, letters + at)
        if count <= SAMPLE_WORDS:
            sampled += 1
            is_ascii = is_ascii and letter < 0x80
        if is_alone:
            letters[at] = c" "
            at += 1
            is_open = False
    if is_open:
        letters[at] = c" "
        at += 1
    starts[count] = at
    is_unspaced[0] = sampled < 1.5 * min(count, SAMPLE_WORDS) and not is_ascii
    return count


def signature_keys(title, text):
    """Return up to KEYS_MAX distinct signed 32-bit keys in ascending order: the order in which locks on them are taken.

    The title counts only when there is no text, since copies change it; without any word there are no keys.
    """
    return _keys(_read(text)) or _keys(_read(title))


cdef tuple _keys(str text):
    cdef Py_ssize_t starts[WORDS_MAX + 1]
    cdef uint32_t hashes[WORDS_MAX]
    cdef uint32_t smallest[SPAN_KEYS_MAX]
    cdef uint32_t value
    cdef Py_ssize_t size, length, number, count, found, wanted, held, place
    cdef bint is_unspaced
    cdef int scale
    # Four bytes a letter at most, and a space behind it.
    cdef unsigned char *letters = <unsigned char *>PyMem_Malloc(5 * len(text) + 1)
    if letters is NULL:
        raise MemoryError
    try:
        count = _spread(text, letters, starts, &is_unspaced)
        if not count:
            return ()
        scale = 2 if is_unspaced else 1
        size = KEY_WORDS * scale
        if count <= size:
            hashes[0] = _crc32(letters, letters + starts[count] - 1)
            found = 1
        else:
            found = count - size + 1
            for number in range(found):
                hashes[number] = _crc32(letters + starts[number], letters + starts[number + size] - 1)
    finally:
        PyMem_Free(letters)
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
