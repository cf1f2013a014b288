# Tables of words that are looked up letter by letter.

from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp

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
