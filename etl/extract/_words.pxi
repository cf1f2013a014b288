# Numbers of the shared arrays, and tables of words that are looked up letter by letter.

from cpython.ref cimport PyObject
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp

cdef extern from "Python.h":
    PyObject *PyList_GET_ITEM(object, Py_ssize_t) noexcept
    long PyLong_AsLong(PyObject *) noexcept


cdef inline int32_t at(list numbers, Py_ssize_t place) noexcept:
    return <int32_t>PyLong_AsLong(PyList_GET_ITEM(numbers, place))


cdef inline double least(double one, double other) noexcept:
    return other if other < one else one


cdef inline double most(double one, double other) noexcept:
    return other if other > one else one


cdef Py_ssize_t left(list numbers, long value) noexcept:
    """Return where *value* belongs among sorted *numbers*, before its equals."""
    cdef Py_ssize_t low = 0, high = len(numbers), middle
    while low < high:
        middle = (low + high) >> 1
        if at(numbers, middle) < value:
            low = middle + 1
        else:
            high = middle
    return low


cdef struct Word:
    const char *letters
    int size
    bint has_score
    int64_t bits
    double score


cdef enum:
    # How a word is hashed letter by letter: FNV-1a.
    SEED = 2166136261
    STEP = 16777619


cdef class Words:
    """A table of words in small ASCII letters, each with its bits and perhaps a score."""

    cdef Word *table
    cdef uint32_t mask
    cdef list kept

    def __cinit__(self, int count):
        self.mask, self.kept = 63, []
        while self.mask < 4 * count:
            self.mask = 2 * self.mask + 1
        self.table = <Word *>calloc(self.mask + 1, sizeof(Word))
        if not self.table:
            raise MemoryError

    def __dealloc__(self):
        free(self.table)

    cdef int keep(self, str letters, int64_t bits, object score=None) except -1:
        """Add *bits* to those of a word."""
        cdef bytes kept = letters.encode("ascii")
        cdef uint32_t hashed = SEED
        cdef uint8_t letter
        cdef Word *word
        for letter in kept:
            hashed = (hashed ^ letter) * STEP
        word = self.find(kept, len(kept), hashed)
        if not word.size:
            self.kept.append(kept)
            word.letters, word.size = kept, len(kept)
        word.bits |= bits
        word.has_score = score is not None
        word.score = score if word.has_score else 0.0
        return 0

    cdef Word *find(self, const char *letters, int size, uint32_t hashed) noexcept:
        """Return the place of a word: its own, or the empty one where it would be."""
        cdef Word *word
        while True:
            word = self.table + (hashed & self.mask)
            if not word.size or (word.size == size and not memcmp(word.letters, letters, size)):
                return word
            hashed += 1
