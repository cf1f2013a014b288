# What `hints` and `wordage` read letter by letter: the words in the names of a theme, the sentences of a run. The words and what
# they mean are those modules' own. A name is not remembered here: reading it takes no longer than looking it up.

cdef enum:
    NAME_MAX = 400
    WORD_MAX = 48

cdef struct Said:
    # What a class and an id say, as `hints.read`.
    int64_t bits
    double low, high, sum


cdef struct Counted:
    # What the letters of a run are, as `wordage.columns`.
    Py_ssize_t spaces, stops, commas
    double beginning, ending


cdef Words _words = Words(len(hints.KNOWN)), _stems = Words(len(hints.STEMS))
cdef int _STEM = hints.STEM_LETTERS, _NAME_MAX_CHARS = hints.NAME_MAX_CHARS
cdef object _read = hints.read
cdef double _ENDING[128]
cdef double _BEGINNING[128]


cdef int _fill() except -1:
    cdef int letter
    if max(map(len, hints.KNOWN)) > WORD_MAX or _NAME_MAX_CHARS > NAME_MAX:
        raise ImportError("longer words than this was written for")
    for known, (bits, score) in hints.KNOWN.items():
        _words.keep(known, bits, score)
    for stem, bits in hints.STEMS.items():
        _stems.keep(stem, bits)
    for letter in range(128):
        _ENDING[letter] = wordage.ending(chr(letter))
        _BEGINNING[letter] = wordage.beginning(chr(letter))
    return 0


_fill()


cdef int say(dict attrs, Said *said) except -1:
    """Read what *attrs* say about their element."""
    cdef str label = attrs.get("class") or "", name = attrs.get("id") or ""
    cdef Py_ssize_t size = len(label), beside = len(name)
    cdef Word *seen[NAME_MAX]
    cdef int count = 0, place
    cdef list scores
    if "role" in attrs or "itemprop" in attrs or size > _NAME_MAX_CHARS or (beside and size + beside >= _NAME_MAX_CHARS):
        said.bits, (said.low, said.high, said.sum) = _read(attrs)
        return 0
    said.bits = 0
    count = _read_name(label, size, said, seen, count)
    if beside:
        count = _read_name(name, beside, said, seen, count)
    said.low = said.high = said.sum = 0.0
    if count:
        said.low = said.high = said.sum = seen[0].score
        for place in range(1, count):
            said.low = seen[place].score if seen[place].score < said.low else said.low
            said.high = seen[place].score if seen[place].score > said.high else said.high
            said.sum += seen[place].score
        if count > 2:
            # The interpreter's own sum: from Python 3.12 on it is more exact than adding.
            said.sum = sum([seen[place].score for place in range(count)])
    return 0


cdef int _read_name(str name, Py_ssize_t size, Said *said, Word **seen, int count) except -1:
    """Add the bits of the words of *name*, and the words with a score to the *count* that were *seen*."""
    cdef int kind = PyUnicode_KIND(name), length, place
    cdef const void *letters = PyUnicode_DATA(name)
    cdef Py_ssize_t at = 0
    cdef uint32_t letter
    cdef char word[WORD_MAX + 1]
    cdef uint32_t hashed, stem
    cdef bint is_capitals
    cdef Word *found
    while at < size:
        letter = PyUnicode_READ(kind, letters, at)
        if not (97 <= letter <= 122 or 65 <= letter <= 90):
            at += 1
            continue
        # A capital before a small letter begins a word of small letters; capitals together are one.
        is_capitals = letter <= 90 and not (at + 1 < size and 97 <= <uint32_t>PyUnicode_READ(kind, letters, at + 1) <= 122)
        hashed = stem = SEED
        length = 0
        while True:
            if length < WORD_MAX:
                word[length] = <char>(letter | 32)
            hashed = (hashed ^ (letter | 32)) * STEP
            length += 1
            if length == _STEM:
                stem = hashed
            at += 1
            if at == size:
                break
            letter = PyUnicode_READ(kind, letters, at)
            if not (65 <= letter <= 90 if is_capitals else 97 <= letter <= 122):
                break
        if length <= WORD_MAX:
            found = _words.find(word, length, hashed)
            if found.size:
                said.bits |= found.bits
                if found.has_score:
                    place = 0
                    while place < count and seen[place] != found:
                        place += 1
                    if place == count:
                        seen[count] = found
                        count += 1
                continue
        if length >= _STEM:
            said.bits |= _stems.find(word, _STEM, stem).bits
        else:
            said.bits |= _stems.find(word, length, hashed).bits
    return count


cdef int count(str text, Counted *counted) except -1:
    """Count as the patterns of `wordage` do; some stops end a sentence wherever they stand."""
    cdef Py_ssize_t size = len(text), place, spaces = 0, stops = 0, commas = 0
    cdef int kind = PyUnicode_KIND(text)
    cdef const void *letters = PyUnicode_DATA(text)
    cdef const uint8_t *narrow = <const uint8_t *>letters
    cdef Py_UCS4 letter
    if not size:
        raise IndexError("a run without text")
    if kind == 1:
        for place in range(size):
            if narrow[place] > 63:
                continue
            letter = narrow[place]
            if letter == 32:
                spaces += 1
            elif letter == 44:
                commas += 1
            elif letter in (33, 46, 63):
                stops += place + 1 == size or _is_end(narrow[place + 1])
    else:
        for place in range(size):
            letter = PyUnicode_READ(kind, letters, place)
            if 63 < letter < 0x0589:
                continue
            if letter == 32:
                spaces += 1
            elif letter in (44, 0x060C, 0x3001, 0xFF0C):
                commas += 1
            elif letter in (0x3002, 0xFF01, 0xFF1F, 0x0964, 0x0965, 0x0F0D):
                stops += 1
            elif letter in (33, 46, 63, 0x0589, 0x061F, 0x1362, 0x2026):
                stops += place + 1 == size or _is_end(PyUnicode_READ(kind, letters, place + 1))
    counted.spaces, counted.stops, counted.commas = spaces, stops, commas
    letter = PyUnicode_READ(kind, letters, 0)
    counted.beginning = _BEGINNING[letter] if letter < 128 else wordage.beginning(letter)
    letter = PyUnicode_READ(kind, letters, size - 1)
    counted.ending = _ENDING[letter] if letter < 128 else wordage.ending(letter)
    return 0


cdef inline bint _is_end(Py_UCS4 letter):
    return letter in (34, 39, 41, 93, 0xBB, 0x2019, 0x201D, 0x300D, 0x300F) or letter.isspace()
