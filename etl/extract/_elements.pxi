# The same as `surroundings.Surroundings` and the sums of `features`, in the same order, so that each is the same to the last bit.

cdef struct Element:
    # What is known of an element above some run. The first is what stands above the root; parents come before children.
    int64_t own, up
    double depth, low, high, sum, lowest, highest
    double weight, pull, paragraphs, linked, density
    int32_t element, parent, level, steps, members, good, placed, article, head_up, head_down
    bint is_apart


cdef dict _KINDS = surroundings.KIND_BIT
cdef int64_t _HIDDEN = surroundings.HIDDEN
cdef object _is_hidden = surroundings.is_hidden


cdef class Elements:
    """The elements above the runs of a page, each read once, and what running text they hold."""

    cdef Py_ssize_t count, size
    cdef int32_t known
    cdef Element *elements
    cdef int32_t *slots
    cdef int32_t *order
    cdef int32_t *boxes
    cdef double *good
    cdef list tags, parents, ends, chars, first_text, last_text, attrs, texts
    cdef object doc, runs

    def __cinit__(self, doc, runs):
        self.doc, self.runs = doc, runs
        self.tags, self.parents, self.ends, self.chars = doc.tags, doc.parents, doc.ends, doc.chars
        self.first_text, self.last_text, self.attrs, self.texts = doc.first_text, doc.last_text, doc.attrs, runs.texts
        self.count, self.size = len(runs.boxes), len(self.tags)
        # By element, from what is above the root: its place among those known, or 0.
        self.slots = <int32_t *>calloc(self.size + 1, sizeof(int32_t))
        self.boxes = <int32_t *>malloc((self.count + 1) * sizeof(int32_t))
        self.good = <double *>malloc((self.count + 1) * sizeof(double))
        if not (self.slots and self.boxes and self.good):
            raise MemoryError

    def __dealloc__(self):
        free(self.elements)
        free(self.slots)
        free(self.order)
        free(self.boxes)
        free(self.good)

    cdef int learn(self) except -1:
        """Read the elements above the runs, as `surroundings.Surroundings`."""
        cdef list boxes = self.runs.boxes, articles = self.doc.by_tag.get("article", [])
        cdef Py_ssize_t run, length
        cdef int32_t element, room = 256
        cdef Element *one
        self.order = <int32_t *>malloc((self.size + 1) * sizeof(int32_t))
        self.elements = <Element *>calloc(room, sizeof(Element))
        if not (self.order and self.elements):
            raise MemoryError
        self.known = 1
        self.elements[0].element = self.elements[0].article = -1
        self.elements[0].depth = -1.0
        for run in range(self.count):
            element, length = at(boxes, run), 0
            if not 0 <= element < self.size:
                raise IndexError("a run of no element")
            while element >= 0 and not self.slots[element + 1]:
                self.order[length] = element
                length += 1
                if not -1 <= at(self.parents, element) < element:
                    raise ValueError("a parent behind its child")
                element = at(self.parents, element)
            if self.known + length > room:
                room = 2 * room + length
                one = <Element *>realloc(self.elements, room * sizeof(Element))
                if not one:
                    raise MemoryError
                self.elements = one
            while length:
                length -= 1
                self.read_element(self.order[length], self.slots[element + 1], articles)
                element = self.order[length]
            self.boxes[run] = self.slots[element + 1]
        return 0

    cdef int read_element(self, int32_t element, int32_t parent, list articles) except -1:
        cdef Element *one = self.elements + self.known
        cdef Element *above = self.elements + parent
        cdef dict attrs = self.attrs[element]
        cdef str tag = self.tags[element]
        cdef object bits = _KINDS.get(tag)
        cdef Said said
        cdef int32_t first, last
        memset(one, 0, sizeof(Element))
        one.element, one.parent, one.depth = element, parent, above.depth + 1.0
        one.lowest, one.highest = above.lowest, above.highest
        if bits is not None:
            one.own = bits
        if attrs:
            # The classes of <html> and <body> describe the page's frame, not a block of it.
            if one.depth > 1.0:
                say(attrs, &said)
                one.own |= said.bits
                one.low, one.high, one.sum = said.low, said.high, said.sum
                one.lowest, one.highest = least(above.lowest, one.low), most(above.highest, one.high)
            if (len(attrs) > 1 or "class" not in attrs) and (
                "hidden" in attrs or (("aria-hidden" in attrs or "style" in attrs) and _is_hidden(attrs))
            ):
                one.own |= _HIDDEN
        one.up = above.up | one.own
        one.article = left(articles, element) if tag == "article" else above.article
        first, last = at(self.first_text, element), at(self.last_text, element)
        one.density = least(200.0, <double>(at(self.chars, last) - at(self.chars, first)) / (at(self.ends, element) - element))
        self.slots[element + 1] = self.known
        self.known += 1
        return 0

    cdef int weigh(self) except -1:
        """Sum the weights of the runs under each element; return how many hold any, in `order` of their first."""
        cdef Element *elements = self.elements
        cdef Py_ssize_t run
        cdef int32_t one
        cdef int count = 0
        for run in range(self.count):
            one = self.boxes[run] if self.good[run] != 0.0 else 0
            while one:
                if elements[one].weight == 0.0:
                    self.order[count] = one
                    count += 1
                elements[one].weight += self.good[run]
                one = elements[one].parent
        return count

    cdef int32_t smallest(self, int count, double least):
        """Return the deepest element that holds at least *least*."""
        cdef Element *elements = self.elements
        cdef int32_t found = 1
        cdef double deepest = -1.0
        cdef int place
        for place in range(count):
            if elements[self.order[place]].weight >= least and elements[self.order[place]].depth > deepest:
                found, deepest = self.order[place], elements[self.order[place]].depth
        return found

    cdef int32_t find_root(self) except -1:
        """Return the element that holds most running text in few levels, and count the paragraphs in each parent."""
        cdef Element *elements = self.elements
        cdef Py_ssize_t run
        cdef int32_t one, found = 1
        cdef int count = 0, place
        cdef double share, most = 0.0
        for run in range(self.count):
            one, share = self.boxes[run], self.good[run]
            if share == 0.0:
                continue
            elements[elements[one].parent].paragraphs += 1
            while one and share > 1.0:
                if elements[one].pull == 0.0:
                    self.order[count] = one
                    count += 1
                elements[one].pull += share
                share *= 0.6
                one = elements[one].parent
        for place in range(count):
            if elements[self.order[place]].pull > most:
                found, most = self.order[place], elements[self.order[place]].pull
        return found
