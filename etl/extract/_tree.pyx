# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""The compiled form of tree.py, which says what the arrays hold.

It asks lexbor itself, by the functions that selectolax's extension module exports for other programs: no layout of a structure is
written down here. What selectolax wraps in an object per node and per answer is a call of two nanoseconds so.
"""

from cpython.object cimport PyObject
from cpython.ref cimport Py_XDECREF
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdlib cimport free, realloc
from libc.string cimport memcmp, memcpy, memset

cdef extern from "dlfcn.h" nogil:
    void* dlopen(const char* path, int mode)
    void* dlsym(void* library, const char* name)
    enum:
        RTLD_NOW
        RTLD_NOLOAD

cdef extern from "Python.h":
    void PyUnicode_InternInPlace(PyObject** text)
    bint Py_UNICODE_ISSPACE(Py_UCS4 character)
    Py_UCS4 PyUnicode_READ_CHAR(object text, Py_ssize_t at)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    void Py_INCREF(object thing)
    list PyList_New(Py_ssize_t size)
    void PyList_SET_ITEM(object made, Py_ssize_t at, object item)
    PyObject* PyList_GET_ITEM(object made, Py_ssize_t at)

ctypedef const unsigned char* Bytes
ctypedef void* Node
ctypedef Node (*NodeOfNode)(Node) noexcept nogil
ctypedef size_t (*NumberOfNode)(Node) noexcept nogil
ctypedef unsigned int (*TypeOfNode)(Node) noexcept nogil
ctypedef Bytes (*BytesOfNode)(Node, size_t*) noexcept nogil

cdef NodeOfNode next_of, before_of, parent_of, first_of, last_of, first_attribute, next_attribute
cdef NumberOfNode tag_id_of
cdef TypeOfNode type_of
cdef BytesOfNode text_of, tag_of, attribute_name, attribute_value

cdef enum:
    ELEMENT = 1  # The numbers of the DOM Standard, `Node.nodeType`.
    TEXT = 3
    COMMON_TAGS = 256
    NAME_SLOTS = 512
    NUMBERS_MAX = 16384
    SAME_SLOTS = 512
    PARTS_MAX = 16

cdef enum Kind:
    UNSEEN
    INLINE
    BLOCK

# Numbers that stand in many lists are made once.
cdef list numbers = list(range(1024))
cdef Py_ssize_t numbers_made = len(numbers)


def connect(str path):
    """Look up lexbor's functions in the module at *path*, which is loaded already; say whether all are there."""
    global next_of, before_of, parent_of, first_of, last_of, first_attribute, next_attribute
    global tag_id_of, type_of, text_of, tag_of, attribute_name, attribute_value
    cdef bytes name = path.encode("utf-8", "surrogateescape")
    cdef void* library = dlopen(name, RTLD_NOW | RTLD_NOLOAD)
    if library == NULL:
        return False
    next_of = <NodeOfNode>dlsym(library, b"lxb_dom_node_next_noi")
    before_of = <NodeOfNode>dlsym(library, b"lxb_dom_node_prev_noi")
    parent_of = <NodeOfNode>dlsym(library, b"lxb_dom_node_parent_noi")
    first_of = <NodeOfNode>dlsym(library, b"lxb_dom_node_first_child_noi")
    last_of = <NodeOfNode>dlsym(library, b"lxb_dom_node_last_child_noi")
    first_attribute = <NodeOfNode>dlsym(library, b"lxb_dom_element_first_attribute_noi")
    next_attribute = <NodeOfNode>dlsym(library, b"lxb_dom_element_next_attribute_noi")
    tag_id_of = <NumberOfNode>dlsym(library, b"lxb_dom_node_tag_id_noi")
    type_of = <TypeOfNode>dlsym(library, b"lxb_dom_node_type_noi")
    text_of = <BytesOfNode>dlsym(library, b"lxb_dom_node_text_content")
    tag_of = <BytesOfNode>dlsym(library, b"lxb_dom_element_qualified_name")
    attribute_name = <BytesOfNode>dlsym(library, b"lxb_dom_attr_qualified_name")
    attribute_value = <BytesOfNode>dlsym(library, b"lxb_dom_attr_value_noi")
    return not (
        next_of == NULL or before_of == NULL or parent_of == NULL or first_of == NULL or last_of == NULL or type_of == NULL
        or first_attribute == NULL or next_attribute == NULL or tag_id_of == NULL or text_of == NULL or tag_of == NULL
        or attribute_name == NULL or attribute_value == NULL
    )


def look(node):
    """Return all that is asked of one node: tag's number, neighbours, name of an element, its text, its attributes."""
    cdef size_t address = node.mem_id
    cdef Node at = <Node>address
    cdef bint is_element = type_of(at) == ELEMENT
    return (
        tag_id_of(at),
        [<size_t>next_of(at), <size_t>before_of(at), <size_t>parent_of(at), <size_t>first_of(at), <size_t>last_of(at)],
        decoded(tag_of, at) if is_element else None,
        decoded(text_of, at) if type_of(at) == TEXT else None,
        Names().attributes(at) if is_element else {},
    )


cdef str decoded(BytesOfNode ask, Node at):
    """What *ask* says of a node, as selectolax decodes it; None where it says nothing."""
    cdef size_t length = 0
    cdef Bytes text = ask(at, &length)
    return None if text == NULL else PyUnicode_DecodeUTF8(<const char*>text, length, "replace")


cdef bint is_white(Bytes text, size_t length) noexcept nogil:
    cdef size_t at
    for at in range(length):
        if text[at] not in (32, 9, 10, 12, 13):
            return False
    return True


cdef bint is_empty_text(Node at) noexcept nogil:
    cdef size_t length = 0
    cdef Bytes text = NULL
    if type_of(at) == TEXT:
        text = text_of(at, &length)
    return text != NULL and is_white(text, length)


cdef bint is_spaced(Node at) noexcept nogil:
    """Say whether white space that the walk left out stands right before a text."""
    while at != NULL and before_of(at) == NULL:
        at = parent_of(at)
    if at != NULL:
        at = before_of(at)
    while at != NULL and not is_empty_text(at):
        at = last_of(at)
    return at != NULL


cdef Py_ssize_t visible(str text):
    """How many characters are left of *text* without white space at its ends."""
    cdef Py_ssize_t first = 0, last = PyUnicode_GET_LENGTH(text)
    while first < last and Py_UNICODE_ISSPACE(PyUnicode_READ_CHAR(text, first)):
        first += 1
    while last > first and Py_UNICODE_ISSPACE(PyUnicode_READ_CHAR(text, last - 1)):
        last -= 1
    return last - first


cdef Py_ssize_t count_below(Node top, Py_ssize_t most) noexcept nogil:
    """How many nodes stand below *top*; a number over *most* stands for all of them."""
    cdef Py_ssize_t count = 0
    cdef Node at = first_of(top)
    while at != NULL and count <= most:
        count += 1
        if first_of(at) != NULL:
            at = first_of(at)
            continue
        while at != top and next_of(at) == NULL:
            at = parent_of(at)
        at = NULL if at == top else next_of(at)
    return count


cdef class Row:
    """Numbers in C that become a list at the end."""

    cdef Py_ssize_t* items
    cdef Py_ssize_t size, room

    def __dealloc__(self):
        free(self.items)

    cdef inline int add(self, Py_ssize_t item) except -1:
        if self.size == self.room:
            self.grow()
        self.items[self.size] = item
        self.size += 1
        return 0

    cdef int grow(self) except -1:
        cdef Py_ssize_t room = 2 * self.room + 2048
        cdef Py_ssize_t* items = <Py_ssize_t*>realloc(self.items, room * sizeof(Py_ssize_t))
        if items == NULL:
            raise MemoryError
        self.items, self.room = items, room
        return 0

    cdef list listed(self):
        cdef Py_ssize_t at, value
        cdef list made = PyList_New(self.size)
        for at in range(self.size):
            value = self.items[at]
            if 0 <= value < numbers_made:
                item = <object>PyList_GET_ITEM(numbers, value)
            else:
                item = number(value)
            Py_INCREF(item)
            PyList_SET_ITEM(made, at, item)
        return made


cdef object number(Py_ssize_t value):
    global numbers_made
    if value < 0 or value >= NUMBERS_MAX:
        return value
    if value >= numbers_made:
        numbers.extend(range(numbers_made, min(max(value + 1, 2 * numbers_made), NUMBERS_MAX)))
        numbers_made = len(numbers)
    return <object>PyList_GET_ITEM(numbers, value)


cdef inline size_t mixed(size_t before, size_t more) noexcept nogil:
    before = (before ^ more) * <size_t>0x9E3779B97F4A7C15ULL
    return before ^ (before >> 29)


cdef inline size_t hashed(size_t found, Bytes text, size_t length) noexcept nogil:
    cdef size_t eight
    found = mixed(found, length)
    while length >= 8:
        memcpy(&eight, text, 8)
        found = mixed(found, eight)
        text += 8
        length -= 8
    if length:
        eight = 0
        memcpy(&eight, text, length)
        found = mixed(found, eight)
    return found


cdef struct Part:
    Bytes name
    size_t name_length
    Bytes value
    size_t length


cdef struct Same:
    size_t hash
    Node element
    PyObject* made


cdef class Names:
    """The attributes of one page. Names are told by where the parser keeps them, made once, valid as long as the page.

    Half of a page's elements say what another said before them: they have its attributes.
    """

    cdef void* places[NAME_SLOTS]
    cdef PyObject* names[NAME_SLOTS]
    cdef Same sames[SAME_SLOTS]

    def __cinit__(self):
        memset(self.places, 0, sizeof(self.places))
        memset(self.names, 0, sizeof(self.names))
        memset(self.sames, 0, sizeof(self.sames))

    def __dealloc__(self):
        cdef int slot
        for slot in range(NAME_SLOTS):
            Py_XDECREF(self.names[slot])
        for slot in range(SAME_SLOTS):
            Py_XDECREF(self.sames[slot].made)

    cdef dict attributes(self, Node element):
        cdef Node at = first_attribute(element)
        cdef Part parts[PARTS_MAX]
        cdef Part* part
        cdef size_t count = 0, hash_ = 0
        cdef Same* same
        cdef dict found
        while at != NULL and count < PARTS_MAX:
            part = &parts[count]
            part.length = 0
            part.name, part.value = attribute_name(at, &part.name_length), attribute_value(at, &part.length)
            hash_ = hashed(mixed(hash_, <size_t>part.name), part.value, part.length)
            count += 1
            at = next_attribute(at)
        same = &self.sames[hash_ % SAME_SLOTS]
        if at == NULL and same.made != NULL and same.hash == hash_ and says(same.element, parts, count):
            return <dict>same.made
        found = self.made(parts, count)
        if at == NULL:
            Py_INCREF(found)
            Py_XDECREF(same.made)
            same.made, same.hash, same.element = <PyObject*>found, hash_, element
            return found
        while at != NULL:
            parts[0].length = 0
            parts[0].name, parts[0].value = attribute_name(at, &parts[0].name_length), attribute_value(at, &parts[0].length)
            found.update(self.made(parts, 1))
            at = next_attribute(at)
        return found

    cdef dict made(self, Part* parts, size_t count):
        cdef dict made = {}
        cdef size_t place, slot
        cdef Part* part
        cdef PyObject* kept
        for place in range(count):
            part = &parts[place]
            slot = (<size_t>part.name >> 3) % NAME_SLOTS
            if self.places[slot] != <void*>part.name:
                name = PyUnicode_DecodeUTF8(<const char*>part.name, part.name_length, "replace")
                kept = <PyObject*>name
                Py_INCREF(name)
                PyUnicode_InternInPlace(&kept)
                Py_XDECREF(self.names[slot])
                self.names[slot], self.places[slot] = kept, <void*>part.name
            if part.value == NULL:
                made[<object>self.names[slot]] = None
            else:
                made[<object>self.names[slot]] = PyUnicode_DecodeUTF8(<const char*>part.value, part.length, "replace")
        return made


cdef bint says(Node element, Part* parts, size_t count) noexcept nogil:
    """Say whether *element* has just these attributes."""
    cdef Node at = first_attribute(element)
    cdef Bytes name
    cdef Bytes value
    cdef size_t place, length
    for place in range(count):
        if at == NULL:
            return False
        name = attribute_name(at, &length)
        length = 0
        value = attribute_value(at, &length)
        if name != parts[place].name or length != parts[place].length or (value == NULL) != (parts[place].value == NULL):
            return False
        if memcmp(value, parts[place].value, length) != 0:
            return False
        at = next_attribute(at)
    return at == NULL


cdef class Kept:
    """Where the elements and scripts of a page stand in the parser's tree, which lives as long as this does."""

    cdef object root
    cdef Row elements, places, programs

    def numbers(self):
        cdef Py_ssize_t at
        return {<size_t>self.places.items[at]: self.elements.items[at] for at in range(self.places.size)}

    def scripts(self):
        cdef Py_ssize_t at
        return [decoded(text_of, <Node>self.programs.items[at]) or "" for at in range(self.programs.size)]


cdef class Tags:
    """The tags of one page, by the parser's number for each: name, kind and the elements of that name."""

    cdef list names, alike
    cdef Row kinds
    cdef dict rare, by_tag
    cdef int common[COMMON_TAGS]

    def __cinit__(self):
        self.names, self.alike, self.kinds, self.rare, self.by_tag = [], [], Row(), {}, {}
        memset(self.common, 0xFF, sizeof(self.common))

    cdef Py_ssize_t entry(self, Node element, frozenset unseen, frozenset inline) except -1:
        cdef size_t tag_id = tag_id_of(element)
        cdef Py_ssize_t entry
        entry = self.common[tag_id] if tag_id < COMMON_TAGS else self.rare.get(tag_id, -1)
        if entry >= 0:
            return entry
        entry = len(self.names)
        name = decoded(tag_of, element) or "-"
        if name[0] in "-!":
            raise ValueError(name)
        self.names.append(name)
        self.alike.append(self.by_tag.setdefault(name, []))
        self.kinds.add(UNSEEN if name in unseen else INLINE if name in inline else BLOCK)
        if tag_id < COMMON_TAGS:
            self.common[tag_id] = entry
        else:
            self.rare[tag_id] = entry
        return entry


def read(doc, root, frozenset unseen, frozenset inline, *, Py_ssize_t most):
    """Fill the arrays of *doc*; False, with nothing done, for a page of more than *most* nodes or out of memory."""
    try:
        return walked(doc, root, unseen, inline, most)
    except (MemoryError, ValueError):
        return False


cdef bint walked(doc, root, frozenset unseen, frozenset inline, Py_ssize_t most) except -1:
    cdef size_t address = root.mem_id, length
    cdef Node top = <Node>address, at = top
    cdef Tags known = Tags()
    cdef Names named = Names()
    cdef list tags = [], attrs = [], texts = [], json_ld = []
    cdef Row parents = Row(), first_text = Row(), box_of = Row(), owners = Row(), boxes = Row(), chars = Row()
    cdef Kept kept = Kept()
    cdef Py_ssize_t seen = 0, count = 0, chunk = 0, parent = -1, box, entry, kind, total = 0
    cdef bint is_apart = False, is_open
    cdef unsigned int type_
    cdef Bytes data
    cdef str text, last = ""
    cdef dict attributes
    kept.root, kept.elements, kept.places, kept.programs = root, Row(), Row(), Row()
    chars.add(0)
    while True:
        seen += 1
        if seen > most:
            return False
        is_open = False
        type_ = type_of(at)
        if type_ == TEXT:
            length = 0
            data = text_of(at, &length)
            if data == NULL:
                return False
            if parent >= 0 and not is_white(data, length):
                text = PyUnicode_DecodeUTF8(<const char*>data, length, "replace")
                box = box_of.items[parent]
                if chunk and (is_apart or box != boxes.items[chunk - 1] or not (
                    Py_UNICODE_ISSPACE(PyUnicode_READ_CHAR(last, PyUnicode_GET_LENGTH(last) - 1))
                    or Py_UNICODE_ISSPACE(PyUnicode_READ_CHAR(text, 0))
                    or not is_spaced(at)
                )):
                    texts[chunk - 1] = last + " "
                is_apart = False
                chunk += 1
                texts.append(text)
                owners.add(parent)
                boxes.add(box)
                total += visible(text)
                chars.add(total)
                last = text
        elif type_ == ELEMENT:
            entry = known.entry(at, unseen, inline)
            kind = known.kinds.items[entry]
            attributes = named.attributes(at)
            if kind == UNSEEN:
                if known.names[entry] == "script":
                    if "type" in attributes and "ld+json" in (attributes["type"] or "").lower():
                        json_ld.append(decoded(text_of, at) or "")
                    elif "src" not in attributes:
                        kept.programs.add(<Py_ssize_t>at)
                box_of.add(-1)
                seen += count_below(at, most)
                if seen > most:
                    return False
            else:
                is_open = True
                kept.places.add(<Py_ssize_t>at)
                kept.elements.add(count)
                if kind == INLINE and parent >= 0:
                    box_of.add(box_of.items[parent])
                else:
                    box_of.add(count)
                    is_apart = True
            (<list>known.alike[entry]).append(number(count))
            tags.append(known.names[entry])
            parents.add(parent)
            attrs.append(attributes)
            first_text.add(chunk)
            count += 1
        if is_open and first_of(at) != NULL:
            parent = count - 1
            at = first_of(at)
            continue
        while at != top and next_of(at) == NULL:
            at = parent_of(at)
            parent = parents.items[parent]
        if at == top:
            break
        at = next_of(at)
    if count == 0: return False
    doc.tags, doc.attrs, doc.texts, doc.json_ld, doc.by_tag = tags, attrs, texts, json_ld, known.by_tag
    doc.parents, doc.first_text, doc.chars = parents.listed(), first_text.listed(), chars.listed()
    doc.owners, doc.boxes = owners.listed(), boxes.listed()
    close(doc, parents, first_text, owners)
    doc.keep(root, kept)
    return True


cdef int close(doc, Row parents, Row first_text, Row owners) except -1:
    """Where each element ends, in elements and in texts."""
    cdef Row ends = Row(), last_text = first_text
    cdef Py_ssize_t at, parent
    for at in range(parents.size):
        ends.add(at + 1)
    for at in range(owners.size):
        last_text.items[owners.items[at]] = at + 1
    for at in range(parents.size - 1, 0, -1):
        parent = parents.items[at]
        ends.items[parent] = max(ends.items[parent], ends.items[at])
        last_text.items[parent] = max(last_text.items[parent], last_text.items[at])
    doc.ends, doc.last_text = ends.listed(), last_text.listed()
    return 0
