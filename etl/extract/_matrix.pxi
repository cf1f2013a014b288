# What a column means is said in `features`, `wordage` and `whereabouts`. Sums are taken in the same order.

cdef struct Row:
    double length, words, link_share, strong_share, ending, beginning, stops, commas
    double length_before1, length_before2, length_after1, length_after2, links_before, links_after, same_before, same_after
    double root_depth, core_depth, wide_depth, core_apart, set_apart, depth, near_low, near_high, far_low, far_high, own_sum
    double parent_share, grand_share, great_share, parent_links, grand_links, great_links, parent_good, in_article
    double good_before, good_after, since_good, until_good, sweep, in_teasers, in_root_span
    double shape_count, shape_share, shape_links, shape_in_root
    double seen_before, in_description, in_json, after_h1
    double page_good, page_runs, page_weight, average_length
    double own_density, place_before, place_after, since_heading, page_place, text_place, picture_up, picture_share
    double brothers, brothers_good, parent_density, grand_density, great_density
    double articles, article_place, article_has_head, head_up, head_down, head_depth
    double digits, marks, is_title  # late: left empty

cdef int64_t _APART = surroundings.APART, _FIGURE = features.FIGURE, _ARTICLE = features.ARTICLE
cdef int _SHAPE_CLASS_CHARS = features.SHAPE_CLASS_CHARS, MASKS = len(features.MASKS), WIDTH = len(features.NUMBERS)
cdef frozenset _HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
cdef Row _EMPTY
memset(&_EMPTY, 0, sizeof(Row))
if tuple(<dict>_EMPTY) != features.NUMBERS:
    raise ImportError("other columns than those of features")


cdef class Matrix(Elements):
    """The columns of `features` for every run of a page."""

    cdef int32_t root
    cdef Row *rows
    cdef int64_t *masks

    def __cinit__(self, doc, runs):
        self.rows = <Row *>calloc(self.count + 1, sizeof(Row))
        self.masks = <int64_t *>calloc(self.count * MASKS + 1, sizeof(int64_t))
        if not (self.rows and self.masks):
            raise MemoryError

    def __dealloc__(self):
        free(self.rows)
        free(self.masks)

    cdef int read(self, str description, str json_body, list teasers) except -1:
        if self.count:
            self.learn()
            self._mask()
            self._read_texts(self.runs.linked, self.runs.strong)
            self._stand(self.runs.links_before)
            self._order(teasers)
            self._dress()
            self._claim(self.runs.first, description, json_body)
            self._where(self.runs.strong)
        return 0

    cdef int _mask(self) except -1:
        cdef Py_ssize_t run
        cdef Element *one
        cdef Element *above
        cdef Element *grand
        cdef Element *great
        for run in range(self.count):
            one = self.elements + self.boxes[run]
            above = self.elements + one.parent
            grand = self.elements + above.parent
            great = self.elements + grand.parent
            self.masks[run * MASKS] = one.own
            self.masks[run * MASKS + 1] = above.own
            self.masks[run * MASKS + 2] = grand.own | great.own
            self.masks[run * MASKS + 3] = self.elements[great.parent].up
        return 0

    cdef int _read_texts(self, list linked, list strong) except -1:
        """Fill in what needs only the run's own text, as `wordage.columns`, and its weight as running text."""
        cdef double scale = self._scale(), length, share
        cdef Py_ssize_t run, size
        cdef int64_t inside
        cdef Counted counted
        cdef Row *row
        for run in range(self.count):
            row = self.rows + run
            size, inside = len(<str>self.texts[run]), linked[run]
            count(self.texts[run], &counted)
            row.words, row.stops, row.commas = counted.spaces + 1.0, counted.stops, counted.commas
            row.beginning, row.ending = counted.beginning, counted.ending
            row.length = length = size * scale
            row.link_share = share = <double>inside / <double>size if inside < size else 1.0
            inside = strong[run]
            row.strong_share = <double>inside / <double>size if inside < size else 1.0
            self.good[run] = 0.0
            if length >= 60 and row.stops and share < 0.4:
                if not (self.masks[run * MASKS] | self.masks[run * MASKS + 1]) & _FIGURE:
                    self.good[run] = length * (1.0 - share)
        return 0

    cdef double _scale(self) except -1.0:
        """Return what one character counts: as `wordage.scale_of`, asked only when there are letters that may be wide."""
        cdef Py_ssize_t run
        for run in range(self.count):
            if PyUnicode_KIND(<str>self.texts[run]) > 1:
                return wordage.scale_of(self.texts)
        return 1.0

    cdef int _stand(self, list links_before) except -1:
        """Fill in where each run stands relative to where the running text of the page is."""
        cdef Element *elements = self.elements
        cdef Element *own
        cdef Element *parent
        cdef Element *grand
        cdef Element *great
        cdef Py_ssize_t run
        cdef int32_t one, element, root, core, wide, root_end, core_end, wide_end, first, last
        cdef int count, level
        cdef bint is_any = False, differs = False
        cdef double total, depth, value
        cdef Row *row
        cdef double *weights
        count = self.weigh()
        total = 0.4 * elements[1].weight
        for one in range(1, self.known):
            own = elements + one
            own.is_apart = elements[own.parent].is_apart or (own.own & _APART and own.weight <= total)
            first, last = at(self.first_text, own.element), at(self.last_text, own.element)
            level = at(self.chars, last) - at(self.chars, first)
            own.linked = <double>(at(links_before, last) - at(links_before, first)) / <double>(level if level > 1 else 1)
        weights = <double *>malloc(self.count * sizeof(double))
        if not weights:
            raise MemoryError
        memcpy(weights, self.good, self.count * sizeof(double))
        try:
            for run in range(self.count):
                if elements[self.boxes[run]].is_apart and self.good[run]:
                    self.good[run], differs = 0.0, True
                is_any |= self.good[run] != 0.0
            if is_any and differs:
                while count:
                    count -= 1
                    elements[self.order[count]].weight = 0.0
                count = self.weigh()
            else:
                memcpy(self.good, weights, self.count * sizeof(double))
            total = elements[1].weight or 1.0
            core, wide = self.smallest(count, 0.6 * total), self.smallest(count, 0.9 * total)
            root = self.find_root()
            memcpy(self.good, weights, self.count * sizeof(double))
        finally:
            free(weights)
        self.root = elements[root].element
        one, count = core, 0
        while one:
            # One more than the levels up from the core; 0 elsewhere.
            count += 1
            elements[one].level = count
            one = elements[one].parent
        for one in range(1, self.known):
            if not elements[one].level:
                elements[one].level = elements[elements[one].parent].level
                elements[one].steps = elements[elements[one].parent].steps + 1
        root_end, core_end = at(self.ends, self.root), at(self.ends, elements[core].element)
        wide_end = at(self.ends, elements[wide].element)
        for run in range(self.count):
            row = self.rows + run
            own = elements + self.boxes[run]
            parent = elements + own.parent
            # Above the root there is nothing, and above that the same nothing.
            grand = elements + parent.parent
            great = elements + grand.parent
            element, depth = own.element, own.depth
            row.root_depth = depth - elements[root].depth if self.root <= element < root_end else -1.0
            row.core_depth = depth - elements[core].depth if elements[core].element <= element < core_end else -1.0
            row.wide_depth = depth - elements[wide].depth if elements[wide].element <= element < wide_end else -1.0
            row.core_apart = (own.level - 1) * 10.0 + (own.steps if own.steps < 9 else 9)
            row.set_apart, row.depth = own.is_apart, depth
            row.near_low = least(own.low, least(parent.low, grand.low))
            row.near_high = most(own.high, most(parent.high, grand.high))
            row.far_low, row.far_high = great.lowest, great.highest
            row.own_sum = own.sum + parent.sum + grand.sum
            row.parent_share, row.grand_share, row.great_share = parent.weight / total, grand.weight / total, great.weight / total
            row.parent_links, row.grand_links, row.great_links = parent.linked, grand.linked, great.linked
            row.parent_good = parent.paragraphs
            row.in_article = (self.masks[run * MASKS + 1] | self.masks[run * MASKS + 2] | self.masks[run * MASKS + 3]) & _ARTICLE != 0
            if run:
                row.length_before1, row.links_before = (row - 1).length, (row - 1).link_share
                (row - 1).length_after1, (row - 1).links_after = row.length, row.link_share
                one = self.boxes[run - 1]
                if one == self.boxes[run] or elements[one].parent == own.parent:
                    value = 2.0 if <str>self.tags[elements[one].element] == <str>self.tags[element] else 1.0
                    row.same_before = (row - 1).same_after = value
            if run > 1:
                row.length_before2, (row - 2).length_after2 = (row - 2).length, row.length
        return 0

    cdef int _order(self, list teasers) except -1:
        """Fill in where each run stands in the row of all, and the votes of three simple readers."""
        cdef Py_ssize_t run, low = 0, high = -1, first = 0, last = 0, start = 0, members = 0
        cdef double gap = 30.0, total = 0.0, page_total, before = 0.0, best = 0.0, value
        cdef Row *row
        cdef int32_t root_end = at(self.ends, self.root), element
        cdef bint is_inside = False
        cdef int64_t span_start, span_end
        spans, no_span = iter(teasers), (self.size + 1, self.size + 1)
        span_start, span_end = next(spans, no_span)
        # The interpreter's own sum: from Python 3.12 on it is more exact than adding.
        page_total = sum([self.good[run] for run in range(self.count)])
        for run in range(self.count - 1, -1, -1):
            self.rows[run].until_good = gap
            gap = 1.0 if self.good[run] else least(30.0, gap + 1)
        for run in range(self.count):
            row = self.rows + run
            total += row.length * (1.0 - 2.0 * row.link_share) - 45.0
            if total > best:
                best, first, last = total, start, run + 1
            elif total < 0.0:
                total, start = 0.0, run + 1
            if self.good[run]:
                members += 1
                if self.root <= self.elements[self.boxes[run]].element < root_end:
                    if not is_inside:
                        is_inside, low = True, run
                    high = run
        total, gap = page_total or 1.0, 30.0
        for run in range(self.count):
            row = self.rows + run
            element, value = self.elements[self.boxes[run]].element, self.good[run]
            while span_end <= element:
                span_start, span_end = next(spans, no_span)
            row.good_before, row.good_after, row.since_good = before / total, (total - before - value) / total, gap
            row.sweep, row.in_teasers, row.in_root_span = first <= run < last, span_start <= element, low <= run <= high
            row.page_good, row.page_runs, row.page_weight = members, self.count, page_total
            row.average_length = page_total / (members if members > 1 else 1)
            before += value
            gap = 1.0 if value else least(30.0, gap + 1)
        return 0

    cdef int _dress(self) except -1:
        """Fill in what the runs of equal markup have in common."""
        cdef dict shapes = {}
        cdef list members
        cdef Py_ssize_t run
        cdef int32_t element, end = at(self.ends, self.root)
        cdef double total = self.rows[0].page_weight or 1.0, count, share, linked, inside
        cdef Row *row
        cdef Element *own
        for run in range(self.count):
            own = self.elements + self.boxes[run]
            shape = self.tags[own.element], self._class(own.element), self._class(self.elements[own.parent].element)
            members = shapes.get(shape)
            if members is None:
                shapes[shape] = [run]
            else:
                members.append(run)
        for members in shapes.values():
            count = len(members)
            share = sum([self.good[run] for run in members]) / total
            linked = sum([self.rows[run].link_share for run in members]) / count
            inside = sum([self.root <= self.elements[self.boxes[run]].element < end for run in members]) / count
            for run in members:
                row = self.rows + run
                row.shape_count, row.shape_share, row.shape_links, row.shape_in_root = count, share, linked, inside
        return 0

    cdef str _class(self, int32_t element):
        cdef str name
        if element < 0:
            return ""
        name = (<dict>self.attrs[element]).get("class") or ""
        return name if len(name) <= _SHAPE_CLASS_CHARS else name[:_SHAPE_CLASS_CHARS]

    cdef int _claim(self, list firsts, str description, str json_body) except -1:
        """Fill in how each run agrees with what the page says elsewhere."""
        cdef list heads = self.doc.by_tag.get("h1")
        cdef Py_ssize_t run, since, first_head = left(firsts, at(self.first_text, heads[0])) if heads else -1
        cdef str start = description.rstrip(".… ")[:60], text
        cdef bint is_described = len(start) > 25, is_said
        cdef set seen = set()
        cdef Row *row
        for run in range(self.count):
            row, text = self.rows + run, self.texts[run]
            is_said = is_described and (start in text or (len(text) > 25 and text[:60] in description))
            row.seen_before, row.in_description = text in seen, is_said
            row.in_json = -1.0 if not json_body else text[:50] in json_body
            since = run - first_head
            row.after_h1 = -30.0 if first_head < 0 else -20.0 if since < -20 else 20.0 if since > 20 else since
            seen.add(text)
        return 0

    cdef int _where(self, list strong) except -1:
        """Fill in the columns of `whereabouts`."""
        cdef Element *elements = self.elements
        cdef Element *own
        cdef Element *parent
        cdef list images = self.doc.by_tag.get("img", []), articles = self.doc.by_tag.get("article", [])
        cdef list heads = self.doc.by_tag.get("h1")
        cdef Py_ssize_t run, heading = -31, length
        cdef int64_t said = 0, total = 0, size
        cdef int32_t one, head = -1, element
        cdef int chain = 0, up
        cdef Row *row
        if heads:
            element = head = at(heads, 0)
            while element >= 0:
                # Those that are known hold one more than their levels above the headline.
                chain += 1
                if self.slots[element + 1]:
                    elements[self.slots[element + 1]].head_up = chain
                element = at(self.parents, element)
            for one in range(1, self.known):
                if not elements[one].head_up:
                    elements[one].head_up = elements[elements[one].parent].head_up
                    elements[one].head_down = elements[elements[one].parent].head_down + 1
        for run in range(self.count):
            parent = elements + elements[self.boxes[run]].parent
            parent.members += 1
            parent.good += self.good[run] != 0.0
            total += len(<str>self.texts[run])
        for run in range(self.count):
            row = self.rows + run
            own = elements + self.boxes[run]
            parent = elements + own.parent
            element, length = own.element, len(<str>self.texts[run])
            if self.tags[element] in _HEADINGS or (length < 60 and 10 * <int64_t>strong[run] > 8 * length):
                heading = run
            up, size = self._picture(images, own)
            row.own_density = own.density
            row.place_before = least(20.0, parent.placed)
            row.place_after = least(20.0, parent.members - 1.0 - parent.placed)
            row.since_heading = run - heading if run - heading < 31 else 31.0
            row.page_place, row.text_place = <double>run / <double>self.count, <double>said / <double>total
            row.picture_up = up
            row.picture_share = 0.0 if not size else <double>length / <double>size if length < 2 * size else 2.0
            row.brothers, row.brothers_good = least(60.0, parent.members), <double>parent.good / <double>parent.members
            row.parent_density, row.grand_density = parent.density, elements[parent.parent].density
            row.great_density = elements[elements[parent.parent].parent].density
            row.articles, row.article_place, row.article_has_head = len(articles), parent.article, -1.0
            if parent.article >= 0:
                one = at(articles, parent.article)
                row.article_has_head = -2.0 if head < 0 else one <= head < at(self.ends, one)
            row.head_up = row.head_down = row.head_depth = -1.0
            if chain:
                up = parent.head_up - 1 if parent.head_up else chain
                row.head_up, row.head_down, row.head_depth = up, parent.head_down, chain - up
            parent.placed += 1
            said += length
        return 0

    cdef (int, int64_t) _picture(self, list images, Element *own):
        """Return how many levels above a run the next image is, and how much text stands there."""
        cdef int up
        cdef Py_ssize_t place
        for up in range(4):
            place = left(images, own.element)
            if place < len(images) and at(images, place) < at(self.ends, own.element):
                return up, at(self.chars, at(self.last_text, own.element)) - at(self.chars, at(self.first_text, own.element))
            own = self.elements + own.parent
            if own.element < 0:
                break
        return 9, 0
