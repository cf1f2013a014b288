# cython: boundscheck=False, wraparound=False
"""The compiled forms of scan.py, which says what they answer. Here the bytes of a page are pointers, read from left to right once."""

from cpython.unicode cimport PyUnicode_DATA, PyUnicode_GET_LENGTH, PyUnicode_KIND
from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcmp, memcpy, strlen

from etl.extract import scan

cdef extern from "Python.h":
    bint Py_UNICODE_ISSPACE(Py_UCS4 character) noexcept nogil
    str PyUnicode_FromKindAndData(int kind, const void* data, Py_ssize_t length)
    str PyUnicode_DecodeASCII(const char* data, Py_ssize_t length, const char* errors)

ctypedef const unsigned char* Bytes

cdef enum:
    LETTER = 1       # a-z A-Z
    SMALL = 2        # a-z 0-9: the name of a tag
    USUAL = 4        # a-z and -: the name of a usual attribute
    WHITE = 8        # space, tab, line feed, carriage return
    NO_NAME = 16     # what ends the name of any attribute
    NO_VALUE = 32    # what ends a value without quotes
    SPACE = 64       # WHITE and form feed
    BETWEEN = 128    # SPACE and /

cdef unsigned char KIND[256]

cdef void mark(Bytes characters, unsigned char kind):
    cdef size_t at
    for at in range(strlen(<const char*>characters)):
        KIND[characters[at]] |= kind

mark(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", LETTER)
mark(b"abcdefghijklmnopqrstuvwxyz0123456789", SMALL)
mark(b"abcdefghijklmnopqrstuvwxyz-", USUAL)
mark(b" \t\r\n", WHITE)
mark(b" \t\n\r\f/>\"'<=", NO_NAME)
mark(b" \t\n\r\f>\"'<", NO_VALUE)
mark(b" \t\n\r\f", SPACE)
mark(b" \t\n\r\f/", BETWEEN)

cdef const char** DRESSED = [b"b", b"big", b"code", b"em", b"font", b"i", b"nobr", b"s", b"small", b"strike", b"strong", b"tt", b"u", NULL]


cdef inline bint is_named(Bytes at, Bytes end) noexcept nogil:
    """<html…, <body…, or formatting with something behind its name."""
    cdef int number = 0
    cdef size_t length
    if end - at >= 4 and (memcmp(at, <const char*>b"html", 4) == 0 or memcmp(at, <const char*>b"body", 4) == 0):
        return True
    while DRESSED[number] != NULL:
        length = strlen(DRESSED[number])
        if <size_t>(end - at) > length and memcmp(at, DRESSED[number], length) == 0:
            if at[length] in (32, 9, 10, 13, 12, 47):
                return True
        number += 1
    return False


cdef inline Bytes past_usual(Bytes at, Bytes end) noexcept nogil:
    """Behind ` name="value"`; NULL where there is none."""
    cdef Bytes name
    if at >= end or at[0] != 32:
        return NULL
    at += 1
    name = at
    while at < end and KIND[at[0]] & USUAL:
        at += 1
    if at == name or end - at < 2 or at[0] != 61 or at[1] != 34:
        return NULL
    at = <Bytes>memchr(at + 2, 34, end - at - 2)
    return NULL if at == NULL else at + 1


cdef inline Bytes past_any(Bytes at, Bytes end) noexcept nogil:
    """Behind white space and an attribute of any usual form; NULL where there is none."""
    cdef Bytes first = at
    cdef Bytes close
    while at < end and KIND[at[0]] & WHITE:
        at += 1
    if at == first:
        return NULL
    first = at
    while at < end and not KIND[at[0]] & NO_NAME:
        at += 1
    if at == first:
        return NULL
    if end - at < 2 or at[0] != 61:
        return at
    if at[1] == 34 or at[1] == 39:
        close = <Bytes>memchr(at + 2, at[1], end - at - 2)
        return at if close == NULL else close + 1
    first = at + 1
    if KIND[first[0]] & NO_VALUE:
        return at
    while first < end and not KIND[first[0]] & NO_VALUE:
        first += 1
    return first


cdef bint is_plain(Bytes at, Bytes end) noexcept nogil:
    """Whether what stands behind a `<` is no tag or a plainly short one."""
    cdef Bytes name = at
    cdef Bytes next_
    cdef int count
    if at >= end:
        return False
    if not KIND[at[0]] & LETTER:
        return True
    while at < end and KIND[at[0]] & SMALL:
        at += 1
    if at == name:
        return False
    if at < end and at[0] == 62:
        return True
    if is_named(name, end):
        return False
    for count in range(12):
        next_ = past_usual(at, end)
        if next_ == NULL:
            break
        at = next_
    if at < end and at[0] == 62:
        return True
    for count in range(12):
        next_ = past_any(at, end)
        if next_ == NULL:
            break
        at = next_
    while at < end and (at[0] == 32 or at[0] == 10):
        at += 1
    if at < end and at[0] == 47:
        at += 1
    return at < end and at[0] == 62


cdef inline Bytes unclear(Bytes at, Bytes end, Py_ssize_t* tags) noexcept nogil:
    """The next `<` that is not plainly short; NULL where there is none. *tags* counts those on the way."""
    while at < end:
        at = <Bytes>memchr(at, 60, end - at)
        if at == NULL:
            return NULL
        at += 1
        if not is_plain(at, end):
            return at - 1
        tags[0] += 1
    return NULL


def next_unclear(bytes body not None, Py_ssize_t start):
    cdef Bytes first = body
    cdef Bytes at
    cdef Py_ssize_t tags = 0
    at = unclear(first + min(max(start, 0), len(body)), first + len(body), &tags)
    return -1 if at == NULL else at - first


cdef inline Bytes short_end(Bytes start, Bytes stop, Py_ssize_t most) noexcept nogil:
    """As `end_of_short`; NULL for a closer look."""
    cdef Bytes at = start
    cdef Bytes end = <Bytes>memchr(at, 62, stop - at)
    cdef Bytes double = NULL
    cdef Bytes single = NULL
    cdef Py_ssize_t starts = 0
    if end == NULL:
        return NULL
    while at < end:
        if at[0] == 34:
            double = at
        elif at[0] == 39:
            single = at
        elif KIND[at[0]] & BETWEEN:
            starts += 1
        elif at[0] == 61 and at + 1 < end and (at[1] == 34 or at[1] == 39):
            starts += 1
        at += 1
    if double != NULL and is_before_value(double):
        return NULL
    if single != NULL and is_before_value(single):
        return NULL
    return end if end - start < 2 * most or starts < most else NULL


def end_of_short(bytes body not None, Py_ssize_t start, Py_ssize_t most):
    cdef Bytes first = body
    cdef Bytes end = short_end(first + start, first + len(body), most)
    return -1 if end == NULL else end - first


cdef inline bint is_before_value(Bytes quote) noexcept nogil:
    return (quote - 1)[0] == 61 or KIND[(quote - 1)[0]] & SPACE


cdef inline Bytes past_attribute(Bytes at, Bytes end) noexcept nogil:
    """Behind an attribute as the Standard reads it; NULL where none begins."""
    cdef Bytes close
    if at >= end or at[0] == 62 or KIND[at[0]] & BETWEEN:
        return NULL
    at += 1
    while at < end and at[0] != 62 and at[0] != 61 and not KIND[at[0]] & BETWEEN:
        at += 1
    close = at
    while close < end and KIND[close[0]] & SPACE:
        close += 1
    if close >= end or close[0] != 61:
        return at
    at = close + 1
    while at < end and KIND[at[0]] & SPACE:
        at += 1
    if at < end and (at[0] == 34 or at[0] == 39):
        close = <Bytes>memchr(at + 1, at[0], end - at - 1)
        return end if close == NULL else close + 1
    while at < end and at[0] != 62 and not KIND[at[0]] & SPACE:
        at += 1
    return at


cdef inline Bytes some_attributes(Bytes at, Bytes end, bint is_tag) noexcept nogil:
    """As `past_attributes`."""
    cdef Bytes next_
    cdef int count
    if is_tag:
        if end - at < 2 or at[0] != 60 or not KIND[at[1]] & LETTER:
            return at
        at += 2
        while at < end and at[0] != 62 and not KIND[at[0]] & BETWEEN:
            at += 1
    for count in range(100):
        next_ = at
        while next_ < end and KIND[next_[0]] & BETWEEN:
            next_ += 1
        next_ = past_attribute(next_, end)
        if next_ == NULL:
            break
        at = next_
        while at < end and KIND[at[0]] & BETWEEN:
            at += 1
    while at < end and KIND[at[0]] & BETWEEN:
        at += 1
    return at


def past_attributes(bytes body not None, Py_ssize_t start, *, bint is_tag):
    cdef Bytes first = body
    return some_attributes(first + start, first + len(body), is_tag) - first


cdef inline bint is_ended(Bytes at, Bytes end) noexcept nogil:
    """Whether a tag's name ends here, with something behind it."""
    return at < end and (at[0] == 32 or at[0] == 47 or 9 <= at[0] <= 13)


cdef inline bint is_word(Bytes at, Bytes end, const char* word) noexcept nogil:
    cdef size_t length = strlen(word), place
    if <size_t>(end - at) <= length:
        return False
    for place in range(length):
        if (at[place] | 32) != word[place]:
            return False
    return is_ended(at + length, end)


cdef inline bint is_dressed(Bytes at, Bytes end) noexcept nogil:
    cdef int number = 0
    while DRESSED[number] != NULL:
        if is_word(at, end, DRESSED[number]):
            return True
        number += 1
    return False


cdef inline Py_ssize_t attributes_in(Bytes at, Bytes end) noexcept nogil:
    cdef Py_ssize_t count = 0
    cdef Bytes next_
    while at < end:
        next_ = past_attribute(at, end)
        if next_ == NULL:
            at += 1
        else:
            count += 1
            at = next_
    return count


def affordable(bytes body not None, Py_ssize_t most):
    cdef Bytes first = body
    cdef Bytes stop = first + len(body)
    cdef Bytes start
    cdef Bytes at
    cdef Bytes end
    cdef Py_ssize_t comparisons_max = scan.COMPARISONS_MAX
    cdef Py_ssize_t left = scan.READ_MAX * len(body) + scan.READ_LEAST
    cdef Py_ssize_t comparisons = 0, merged = 0, dressed = 0, tags = 0, count
    with nogil:
        start = unclear(first, stop, &tags)
        while start != NULL:
            count = 0
            at = short_end(start, stop, most)
            end = NULL
            if at == NULL:
                at = start
                end = some_attributes(start, stop, True)
            while end > at and comparisons <= comparisons_max:
                at = end
                if at >= stop or at[0] == 62:
                    break
                count += 100
                if count >= most:
                    comparisons += 200 * count
                end = some_attributes(at, stop, False)
            if is_dressed(start + 1, stop):
                dressed += 1
            elif is_word(start + 1, stop, b"html") or is_word(start + 1, stop, b"body"):
                count = attributes_in(start + 5, at)
                merged += count
                comparisons += count * merged
            left -= at - start
            if left < 0 or comparisons > comparisons_max:
                break
            tags += 1
            start = unclear(start + 1, stop, &tags)
    return len(body) if start == NULL else start - first, dressed, tags


def is_utf8(bytes body not None):
    cdef Bytes at = body
    cdef Bytes end = at + len(body)
    cdef unsigned char lead
    cdef unsigned long long eight
    cdef bint is_valid = True
    with nogil:
        while at < end:
            while end - at >= 8:
                memcpy(&eight, at, 8)
                if eight & 0x8080808080808080ULL:
                    break
                at += 8
            if at >= end:
                break
            lead = at[0]
            if lead < 0x80:
                at += 1
            elif lead < 0xC2:
                is_valid = False
                break
            elif lead < 0xE0:
                if end - at < 2 or (at[1] & 0xC0) != 0x80:
                    is_valid = False
                    break
                at += 2
            elif lead < 0xF0:
                if (
                    end - at < 3
                    or (at[1] & 0xC0) != 0x80
                    or (at[2] & 0xC0) != 0x80
                    or (lead == 0xE0 and at[1] < 0xA0)
                    or (lead == 0xED and at[1] > 0x9F)
                ):
                    is_valid = False
                    break
                at += 3
            elif lead < 0xF5:
                if (
                    end - at < 4
                    or (at[1] & 0xC0) != 0x80
                    or (at[2] & 0xC0) != 0x80
                    or (at[3] & 0xC0) != 0x80
                    or (lead == 0xF0 and at[1] < 0x90)
                    or (lead == 0xF4 and at[1] > 0x8F)
                ):
                    is_valid = False
                    break
                at += 4
            else:
                is_valid = False
                break
    return is_valid


cdef unsigned char APART[256]  # White space between words, of the first 256 characters.

cdef void set_apart():
    cdef unsigned int character
    for character in range(256):
        APART[character] = Py_UNICODE_ISSPACE(character)

set_apart()


cdef inline bint is_apart(unsigned int character) noexcept nogil:
    if character < 256:
        return APART[character]
    return Py_UNICODE_ISSPACE(character)


ctypedef fused Letters:
    uint8_t
    uint16_t
    uint32_t


cdef Py_ssize_t collapsed(const Letters* text, Py_ssize_t length, Letters* made, bint* is_same) noexcept nogil:
    """Write *text* with single spaces to *made* and return its length; *is_same*: that is what it was."""
    cdef Py_ssize_t at = 0, left = 0
    cdef Letters letter
    is_same[0] = True
    while at < length:
        letter = text[at]
        at += 1
        if not is_apart(letter):
            made[left] = letter
            left += 1
            continue
        is_same[0] = is_same[0] and letter == 32
        if left and made[left - 1] != 32:
            made[left] = 32
            left += 1
    if left and made[left - 1] == 32:
        left -= 1
    is_same[0] = is_same[0] and left == length
    return left


def collapse(str text not None):
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(text), left
    cdef int kind = PyUnicode_KIND(text)
    cdef void* data = PyUnicode_DATA(text)
    cdef uint8_t near[2048]
    cdef void* made = near
    cdef bint is_same
    if length * kind > <Py_ssize_t>sizeof(near):
        made = malloc(length * kind)
        if made == NULL:
            raise MemoryError
    try:
        if kind == 1:
            left = collapsed(<const uint8_t*>data, length, <uint8_t*>made, &is_same)
        elif kind == 2:
            left = collapsed(<const uint16_t*>data, length, <uint16_t*>made, &is_same)
        else:
            left = collapsed(<const uint32_t*>data, length, <uint32_t*>made, &is_same)
        return text if is_same else PyUnicode_FromKindAndData(kind, made, left)
    finally:
        if made != near:
            free(made)


def spelled(str text not None, bytes letters not None):
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(text), at, left = 0
    cdef const uint8_t* data = <const uint8_t*>PyUnicode_DATA(text)
    cdef const uint8_t* table = letters
    cdef uint8_t near[1024]
    cdef uint8_t* made = near
    cdef uint8_t letter
    if not text.isascii() or len(letters) != 256:
        raise ValueError(text)
    if length > <Py_ssize_t>sizeof(near):
        made = <uint8_t*>malloc(length)
        if made == NULL:
            raise MemoryError
    try:
        for at in range(length):
            letter = table[data[at]]
            if letter != 32:
                made[left] = letter
                left += 1
            elif left and made[left - 1] != 32:
                made[left] = 32
                left += 1
        if left and made[left - 1] == 32:
            left -= 1
        return PyUnicode_DecodeASCII(<const char*>made, left, NULL)
    finally:
        if made != near:
            free(made)
