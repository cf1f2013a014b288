# cython: boundscheck=False, wraparound=False, cdivision=True
"""The compiled form of `runs`: marks and sums in C arrays, a third of the time."""

from cpython.unicode cimport PyUnicode_DATA, PyUnicode_KIND, PyUnicode_READ
from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from etl.extract import runs

include "_arrays.pxi"

cdef frozenset _SAID = runs.SAID, _CELLS = runs.CELLS
cdef int64_t _LABEL_MAX_CHARS = runs.LABEL_MAX_CHARS, _CELL_CHARS_MAX = runs.CELL_CHARS_MAX
cdef int64_t _CELL_CHUNKS_MAX = runs.CELL_CHUNKS_MAX, _RUNS_MAX = runs.RUNS_MAX


cdef class _Marks:
    """Per chunk of a page: whether it stands outside of the text, how much is linked and strong before it, the breaks before it."""

    cdef Py_ssize_t count
    cdef uint8_t *marks
    cdef uint8_t *outside
    cdef int32_t *links
    cdef int32_t *strong
    cdef int32_t *breaks
    cdef list first_text, last_text, chars
    cdef dict by_tag

    def __cinit__(self, doc):
        cdef Py_ssize_t chunk
        cdef int32_t first, last
        self.count = len(doc.texts)
        self.first_text, self.last_text, self.chars, self.by_tag = doc.first_text, doc.last_text, doc.chars, doc.by_tag
        self.marks = <uint8_t *>calloc(self.count + 1, 1)
        self.outside = <uint8_t *>calloc(self.count + 1, 1)
        self.links = <int32_t *>calloc(self.count + 1, sizeof(int32_t))
        self.strong = <int32_t *>calloc(self.count + 1, sizeof(int32_t))
        self.breaks = <int32_t *>calloc(self.count + 1, sizeof(int32_t))
        if not (self.marks and self.outside and self.links and self.strong and self.breaks):
            raise MemoryError
        self.mark(self.outside, runs.OUTSIDE)
        for element in runs.quote_feet(doc):
            first, last = at(self.first_text, element), at(self.last_text, element)
            if last > first:
                memset(self.outside + first, 0, last - first)
        self.sum(self.links, runs.LINKS)
        self.sum(self.strong, runs.STRONG)
        for element in self.by_tag.get("br", ()):
            chunk = at(self.first_text, element)
            if 0 <= chunk <= self.count:
                self.breaks[chunk] += 1

    def __dealloc__(self):
        free(self.marks)
        free(self.outside)
        free(self.links)
        free(self.strong)
        free(self.breaks)

    cdef int mark(self, uint8_t *marks, tuple tags) except -1:
        """Mark the chunks inside one of *tags*."""
        cdef int32_t first, last
        for tag in tags:
            for element in self.by_tag.get(tag, ()):
                first, last = at(self.first_text, element), at(self.last_text, element)
                if last == first + 1:
                    marks[first] = 1
                elif last > first:
                    memset(marks + first, 1, last - first)
        return 0

    cdef int sum(self, int32_t *sums, tuple tags) except -1:
        """Count the characters before each chunk that stand inside one of *tags*."""
        cdef Py_ssize_t chunk
        memset(self.marks, 0, self.count + 1)
        self.mark(self.marks, tags)
        for chunk in range(self.count):
            sums[chunk + 1] = sums[chunk] + (at(self.chars, chunk + 1) - at(self.chars, chunk) if self.marks[chunk] else 0)
        return 0


cdef str _collapsed(str text):
    """Return *text* as `document.collapse`; most has single spaces already, and is not taken apart for that."""
    cdef str bare = text.strip()
    cdef int kind = PyUnicode_KIND(bare)
    cdef const void *letters = PyUnicode_DATA(bare)
    cdef Py_ssize_t place
    cdef Py_UCS4 letter
    cdef bint after_space = False
    for place in range(len(bare)):
        letter = PyUnicode_READ(kind, letters, place)
        if 32 < letter < 128:
            after_space = False
        elif letter == 32 and not after_space:
            after_space = True
        elif letter <= 32 or letter.isspace():
            return " ".join(bare.split())
        else:
            after_space = False
    return bare


def read(doc):
    """Return the runs that may be body, as the Python form."""
    cdef list tags = doc.tags, texts = doc.texts, boxes = doc.boxes, parents = doc.parents, chars = doc.chars
    cdef list firsts = [], lasts = [], found = [], said = [], linked_chars = [], strong_chars = []
    cdef _Marks marks = _Marks(doc)
    cdef Py_ssize_t count = marks.count, start = 0, stop, chunk, length
    cdef int32_t box, row
    cdef int64_t linked
    cdef str tag, text
    if "body" in doc.by_tag:
        start = at(doc.first_text, doc.by_tag["body"][0])
    while start < count and len(said) < _RUNS_MAX:
        box, stop = at(boxes, start), start + 1
        while stop < count and at(boxes, stop) == box and marks.breaks[stop] < 2:
            stop += 1
        tag = tags[box]
        if tag in _CELLS and stop - start <= _CELL_CHUNKS_MAX:
            # The cells of a row of figures are one line to a reader; cells with blocks inside have boxes of their own.
            row = at(parents, box)
            while (
                stop < count
                and marks.breaks[stop] < 2
                and tags[at(boxes, stop)] in _CELLS
                and at(parents, at(boxes, stop)) == row
                and len(<str>texts[stop]) < _CELL_CHARS_MAX
            ):
                stop += 1
        linked = marks.links[stop] - marks.links[start]
        # Most labels are one text in one link: it is left out unread.
        if not marks.outside[start] and not (
            stop == start + 1
            and 0 < linked < _LABEL_MAX_CHARS
            and at(chars, stop) - at(chars, start) == linked
            and tag not in _SAID
        ):
            text = _collapsed(texts[start] if stop == start + 1 else "".join(texts[start:stop]))
            length = len(text)
            if length and (not linked or length >= _LABEL_MAX_CHARS or linked < 0.8 * length or tag in _SAID):
                firsts.append(start)
                lasts.append(stop)
                found.append(box)
                said.append(text)
                linked_chars.append(linked)
                strong_chars.append(marks.strong[stop] - marks.strong[start])
        start = stop
    links_before = [marks.links[chunk] for chunk in range(count + 1)]
    return runs.Runs(firsts, lasts, found, said, linked_chars, strong_chars, links_before)
