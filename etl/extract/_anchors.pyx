# cython: boundscheck=False, wraparound=False, cdivision=True
"""The compiled form of `anchors`: links and the shape of their URLs letter by letter, half the time.

What the shapes mean is said in `article_urls`, what a link is in `anchors`; their folders and words are asked of them. Letters
beyond ASCII, percent signs and queries are left to their patterns.
"""

from cpython.unicode cimport PyUnicode_DATA
from libc.string cimport memcmp

from etl.extract import anchors, article_urls

cdef enum:
    OTHER = 0
    PLAIN = 1
    WEAK = 2
    STRONG = 3
    SEGMENTS_MAX = 64

cdef int OWN = anchors.OWN
cdef object _Anchor = anchors.Anchor, _new = tuple.__new__, _slow_shape = article_urls.shape, _may_be = anchors.MAY_BE.search
cdef object _has_day = article_urls.DAYS.search, _is_dated = article_urls.DATED.search
cdef object _is_dated_id = article_urls.DATED_ID.match
cdef object _site_of = anchors.site_of, _TRACKING = anchors.TRACKING.sub
cdef frozenset _LISTS = article_urls.LISTS, _NEVER = article_urls.NEVER, _SERVICES = article_urls.SERVICES
cdef frozenset _SAY_NO = article_urls.SAY_NO
cdef tuple _LEGAL = article_urls.LEGAL, _PEOPLE = article_urls.PEOPLE, _NO_PAGE = anchors.NO_PAGE
cdef object _is_file = article_urls.FILE.search, _has_query_id = article_urls.QUERY_ID.search
cdef int _WORDS = article_urls.SLUG_WORDS, _WORDS_WEAK = article_urls.SLUG_WORDS_WEAK
cdef int _WORDS_SURE = article_urls.SLUG_WORDS_SURE
if (article_urls.STRONG, article_urls.WEAK, article_urls.PLAIN, article_urls.OTHER) != (STRONG, WEAK, PLAIN, OTHER):
    raise ImportError("other shapes than those compiled")


cdef inline bint _is_digit(char letter) noexcept:
    return c"0" <= letter <= c"9"


cdef inline bint _parts(char letter) noexcept:
    """Say whether *letter* stands between two words of a slug."""
    return letter in (c"-", c"_", c"+", c".")


cdef bint may_be(str href, Py_ssize_t start, Py_ssize_t size) except -1:
    """Say whether *href* has from *start* on what no article's URL is without, as `anchors.MAY_BE`."""
    cdef const char *letters
    cdef Py_ssize_t at
    cdef bint is_open = False
    if not href.isascii():
        return _may_be(href[start:]) is not None
    letters = <const char *>PyUnicode_DATA(href)
    for at in range(start, size):
        if _is_digit(letters[at]):
            return True
        if letters[at] == c"/":
            is_open = False
        elif _parts(letters[at]) or letters[at] == c"%":
            if is_open or (letters[at] == c"." and size - at > 3 and not memcmp(letters + at + 1, b"pdf", 3)):
                return True
            is_open = True
    return False


cdef int slug_words(const char *segment, Py_ssize_t size) noexcept:
    """Return the number of words in one segment of a path, as `article_urls.slug_words`."""
    cdef Py_ssize_t at, start = 0
    cdef int words = 1, numbers = 0
    cdef bint is_number = True
    for at in range(size):
        if _parts(segment[at]):
            words += 1
            numbers += is_number and at > start
            start, is_number = at + 1, True
        elif not _is_digit(segment[at]):
            is_number = False
    if words < _WORDS_WEAK:
        return words
    numbers += is_number and size > start
    for at in range(max(0, size - 6), size - 3):
        if segment[at] == c".":
            return words - numbers - 1
    return words - numbers


cdef bint is_numbered(str path, const char *letters, Py_ssize_t start, Py_ssize_t size) except -1:
    """Say whether a path carries a number, date or hash, as `article_urls.is_numbered`."""
    cdef Py_ssize_t at
    cdef int digits = 0, most_digits = 0, run = 0
    cdef bint has_digit = False, is_hash = False, may_be_day = False
    for at in range(start, size):
        run += 1
        if _is_digit(letters[at]):
            digits += 1
            most_digits = max(most_digits, digits)
            has_digit = True
        else:
            digits = 0
            if not c"a" <= (letters[at] | 32) <= c"z":
                # A day has a year or underscores, the start of a UUID eight letters in a row.
                may_be_day |= letters[at] == c"_" or run > 8
                run, has_digit = 0, False
        is_hash |= run >= 9 and has_digit
    if most_digits < 2:
        return False
    if most_digits >= 5 or is_hash:
        return True
    return (may_be_day or most_digits == 4) and _has_day(path, start) is not None


def _shape_of(str key, own=None):
    """Return STRONG, WEAK, PLAIN or OTHER for *key*, as `article_urls.shape`."""
    return _shape(key, own)


cdef int _shape(str key, own) except -1:
    cdef const char *letters
    cdef Py_ssize_t size, at, slash = -1, longest = 0, widest = -1, last = 0, previous = -1
    cdef str lowered, path, query = "", segment
    cdef int words, segments = 0
    cdef bint lists = False, services = False, never = False, is_dated_id
    if not key.isascii():
        return _slow_shape(key, own)
    lowered = key.lower()
    letters, size = <const char *>PyUnicode_DATA(lowered), len(lowered)
    for at in range(size):
        if letters[at] == c"?":
            query, size = key[at + 1 :], at
            break
        if letters[at] == c"/":
            if slash < 0:
                slash = at
            else:
                segments += 1
                if at - last > widest:
                    longest, widest = last, at - last
                previous = last
            last = at + 1
        elif letters[at] <= 32 or letters[at] == 127 or letters[at] == c"%":
            return _slow_shape(key, own)
    if query and _has_query_id(query):
        return STRONG
    if slash < 0:
        return OTHER
    segments += 1
    if size - last > widest:
        longest, widest = last, size - last
    if segments == 1 and size - last < 4:
        return OTHER
    if size - last >= 4 and not memcmp(letters + size - 4, b".pdf", 4):
        return WEAK
    words = slug_words(letters + longest, widest)
    path = key if size == len(key) else key[:size]
    for segment in (lowered if size == len(key) else lowered[:size])[slash + 1 :].split("/"):
        if segment in _SAY_NO:
            lists |= segment in _LISTS
            services |= segment in _SERVICES
            never |= segment in _NEVER
    # Now it is the last.
    if (words < _WORDS_SURE and lists) or (words < _WORDS and services):
        if _is_dated_id(segment) is None:
            return OTHER
    elif never or segment.startswith(_LEGAL) or ("." in segment and _is_file(segment) is not None):
        return OTHER
    if "author" in lowered and _has_people(lowered[slash + 1 : max(slash + 1, last - 1)]):
        return OTHER
    if words >= _WORDS:
        return WEAK if own and own.is_numbered and not query and not is_numbered(path, letters, slash, size) else STRONG
    if is_numbered(path, letters, slash, size):
        if size - last <= 2 and segment.isdigit() and lowered[previous : last - 1].isdigit():
            return OTHER
        if own and own.words >= _WORDS and words <= _WORDS_WEAK and not query and not _is_dated(path):
            return WEAK
        return STRONG
    return WEAK if words >= _WORDS_WEAK and not (own and own.is_numbered and not query) else PLAIN


cdef bint _has_people(str folders) except -1:
    for folder in folders.split("/"):
        if folder.endswith(_PEOPLE):
            return True
    return False


cdef class _Links:
    """What the links of one page are resolved against and compared with: what `anchors.Own` knows."""

    cdef object doc, fetched
    cdef str scheme, origin, site
    cdef frozenset keys, ids
    cdef set above
    cdef tuple parts, folders
    cdef dict homes

    def __init__(self, doc, own):
        self.doc, self.fetched, self.scheme, self.origin, self.site = doc, own.fetched, own.scheme, own.origin, own.site
        self.keys, self.ids, self.above, self.parts, self.folders = own.keys, own.ids, own.above, own.parts, own.folders
        self.homes = {}

    def find(self, int most):
        """Return the first *most* `<a href>` that may lead to an article, as `anchors.find`."""
        cdef list found = [], attrs = self.doc.attrs
        cdef dict known = {}, own
        cdef str href
        cdef Py_ssize_t start
        cdef object judged
        for element in self.doc.by_tag.get("a", [])[:most]:
            own = attrs[<Py_ssize_t>element]
            href = own.get("href")
            if not href:
                continue
            judged = known.get(href, self)
            if judged is self:
                start, judged = 0, None
                if href.startswith("http"):
                    start = href.find("/", 8)
                    start = len(href) - 1 if start < 0 else start
                if may_be(href, start, len(href)) or (self.folders and href[start:].startswith(self.folders)):
                    judged = self.judge(href)
                known[href] = judged
            if judged is not None and ("rel" not in own or "sponsored" not in (own["rel"] or "")):
                found.append(_new(_Anchor, (element, *judged)))
        return found

    cpdef tuple judge(self, str href):
        """Return URL, identity and shape of a link, as `anchors.Own.judge`."""
        cdef str url = href.strip(), key, host, number
        cdef Py_ssize_t slash = url.find("#")
        cdef int found
        if slash >= 0:
            url = url[:slash]
        if url.startswith("/"):
            url = f"{self.scheme if url.startswith('//') else self.origin}{url}"
        elif not (url.startswith("https://") or url.startswith("http://")):
            if url.startswith(_NO_PAGE):
                return None
            url = self.doc.absolute(url) or "" if url else ""
            if not url.startswith("http"):
                return None
        key = identity(url)
        if key in self.keys or key.startswith(self.parts):
            return url, key, OWN
        for number in self.ids:
            if number in key:
                return url, key, OWN
        if key in self.above:
            return url, key, OTHER
        slash = key.find("/")
        host = key if slash < 0 else key[:slash]
        if host in self.homes:
            own = self.homes[host]
        else:
            own = self.homes[host] = self.fetched if _site_of(url) == self.site else None
        found = _shape(key, own)
        # A topic beside a numbered article has no number of its own, be it as short as it may.
        if found == PLAIN and self.folders and key[slash : key.rfind("/") + 1] in self.folders:
            if key[len(key) - 1].isdigit() or not (own and own.is_numbered):
                found = WEAK
        return url, key, found


def find(doc):
    """Return the `<a href>` that may lead to an article or document of the web, in document order."""
    return _Links(doc, anchors.Own(doc)).find(anchors.ANCHORS_MAX)


cdef str identity(str url):
    """Return what two URLs of one page have in common, as `anchors.identity`."""
    cdef Py_ssize_t start = url.find("://") + 3, size = url.find("#"), mark, slash
    cdef str path, host, query
    if size < 0:
        size = len(url)
    mark = url.find("?", start, size)
    path = url[start:size] if mark < 0 else url[start:mark]
    slash = path.find("/")
    host = path if slash < 0 else path[:slash]
    if not host.islower():
        path = host.lower() + path[len(host) :]
    path = path.rstrip("/")
    if mark >= 0 and mark + 1 < size:
        query = _TRACKING("", url[mark + 1 : size]).lstrip("&")
        if query:
            return f"{path}?{query}"
    return path
