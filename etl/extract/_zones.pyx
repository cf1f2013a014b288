# cython: boundscheck=False, wraparound=False, cdivision=True
"""The compiled form of `zones`: the words of class names are looked up letter by letter, a quarter of the time."""

from cpython.unicode cimport PyUnicode_DATA, PyUnicode_KIND
from libc.stdlib cimport malloc
from libc.string cimport strstr

from etl.extract import zones

include "_arrays.pxi"
include "_words.pxi"

cdef enum:
    TEXT = 0
    MENU = 1
    FOOTER = 2
    IS_MENU = 1
    IS_FOOTER = 2
    IS_NOT_PAGE = 4
    NAME_MAX = 1000

if (zones.TEXT, zones.MENU, zones.FOOTER) != (TEXT, MENU, FOOTER):
    raise ImportError("other zones than those compiled")
cdef object _zone_of = zones.zone_of, _is_embed = zones.EMBED.search
cdef frozenset _MARKED = zones.MARKED
cdef list _pairs = [pair.encode("ascii") for pair in zones.MENU_PAIRS]
cdef Words _words = Words(len(zones.MENU_WORDS) + len(zones.FOOTER_WORDS) + len(zones.NOT_PAGE))
for _word in zones.MENU_WORDS:
    _words.keep(_word, IS_MENU)
for _word in zones.FOOTER_WORDS:
    _words.keep(_word, IS_FOOTER)
for _word in zones.NOT_PAGE:
    _words.keep(_word, IS_NOT_PAGE)


cdef class Zones:
    """Answers for one page, each element looked at once."""

    cdef list parents, ends, tags, attrs
    cdef object doc
    cdef int32_t container
    cdef Py_ssize_t size
    cdef uint8_t *known
    cdef int32_t *path

    def __cinit__(self, doc, running):
        self.doc, self.container = doc, running.container
        self.parents, self.ends, self.tags, self.attrs = doc.parents, doc.ends, doc.tags, doc.attrs
        self.size = len(self.tags)
        # One more than the zone; 0 when it was not looked at. What is above the root stands in the text.
        self.known = <uint8_t *>calloc(self.size + 1, 1)
        self.path = <int32_t *>malloc((self.size + 1) * sizeof(int32_t))
        if not (self.known and self.path):
            raise MemoryError
        self.known[0] = TEXT + 1

    def __dealloc__(self):
        free(self.known)
        free(self.path)

    cpdef int zone(self, int32_t element) except -1:
        """Return TEXT, MENU or FOOTER for the place of *element*."""
        cdef int answer, own
        cdef Py_ssize_t length = 0
        if not -1 <= element < self.size:
            raise IndexError(element)
        while not self.known[element + 1]:
            self.path[length] = element
            length += 1
            element = at(self.parents, element)
        answer = self.known[element + 1] - 1
        while length:
            length -= 1
            element = self.path[length]
            if answer != FOOTER:
                own = self._own_zone(element)
                answer = own if own > answer else answer
            self.known[element + 1] = answer + 1
        return answer

    def kind(self, int32_t element, *, is_headed=False):
        return zones.kind(self.doc, element, is_headed=is_headed)

    cdef int _own_zone(self, int32_t element) except -1:
        cdef str tag = self.tags[element]
        cdef dict attrs = self.attrs[element]
        cdef int answer
        if tag in _MARKED:
            if element <= self.container < at(self.ends, element):
                return TEXT
            if tag == "footer":
                return MENU if self._in_article(element) else FOOTER
            if tag == "blockquote":
                return FOOTER if _is_embed(self.doc.hint(element)) is not None else TEXT
            return MENU if tag == "nav" else TEXT
        if not attrs:
            return TEXT
        answer = _name_zone(attrs.get("class") or "", attrs.get("id") or "", attrs.get("role") or "")
        return TEXT if answer and element <= self.container < at(self.ends, element) else answer

    cdef bint _in_article(self, int32_t element) except -1:
        element = at(self.parents, element)
        while element >= 0:
            if self.tags[element] in ("article", "main"):
                return True
            element = at(self.parents, element)
        return False


def _zone_said(str label, str name, str role):
    """Return the zone that a class, an id and a role say."""
    return _name_zone(label, name, role)


cdef int _name_zone(str label, str name, str role) except -1:
    cdef char letters[NAME_MAX + 4]
    cdef Py_ssize_t size = 0
    cdef int said = 0, before = 0, bits
    cdef Py_ssize_t place, start = 0
    cdef uint32_t hashed = SEED
    cdef bytes pair
    if len(label) + len(name) + len(role) > NAME_MAX:
        return _zone_of(f"{label} {name} {role}")
    if not (_put(label, letters, &size) and _put(name, letters, &size) and _put(role, letters, &size)):
        return _zone_of(f"{label} {name} {role}")
    letters[size] = 0
    for place in range(size):
        if letters[place] != c"-":
            hashed = (hashed ^ <uint8_t>letters[place]) * STEP
            continue
        if place > start:
            bits = _words.find(letters + start, <int>(place - start), hashed).bits
            if bits & IS_FOOTER and not before & IS_NOT_PAGE:
                return FOOTER
            said |= bits
            before = bits
        start, hashed = place + 1, SEED
    if said & IS_MENU:
        return MENU
    for pair in _pairs:
        if strstr(letters, pair) != NULL:
            return MENU
    return TEXT


cdef bint _put(str name, char *letters, Py_ssize_t *size) noexcept:
    """Add *name* in small letters, its words parted by dashes, and a dash; say whether that can be done letter by letter."""
    cdef const uint8_t *given = <const uint8_t *>PyUnicode_DATA(name)
    cdef Py_ssize_t place
    cdef uint8_t letter
    if PyUnicode_KIND(name) != 1:
        return False
    for place in range(len(name)):
        letter = given[place]
        if letter == 0:
            return False
        if c"A" <= letter <= c"Z":
            letter |= 32
        elif letter in (c"_", c" ", c"\n", c"\t"):
            letter = c"-"
        letters[size[0]] = <char>letter
        size[0] += 1
    letters[size[0]] = c"-"
    size[0] += 1
    return True
