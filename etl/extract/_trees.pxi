# The trees of `chooser`, walked over the rows of a matrix; what `chooser.is_never` decides comes first.

cdef struct Node:
    double value
    # A number, or, from MASK on, a bit of a mask; LEAF: `value` is the answer.
    int column
    uint16_t low, high

cdef enum:
    LEAF = -1
    MASK = 1024
    BITS = 64
    EXITS_MAX = 16

cdef int LATE = features.NUMBERS.index(wordage.LATE[0])
cdef int64_t FIGURE = chooser.FIGURE, TABLE = chooser.TABLE, ASIDE = chooser.ASIDE, LISTED = chooser.LISTED
cdef int64_t ITEM = chooser.ITEM, POINTER = chooser.POINTER, PICTURE = chooser.PICTURE, PARAGRAPH = chooser.PARAGRAPH
cdef int SET_APART = features.NUMBERS.index("set_apart"), IN_TEASERS = features.NUMBERS.index("in_teasers")
cdef int LINK_SHARE = features.NUMBERS.index("link_share"), WORDS = features.NUMBERS.index("words")
cdef int LENGTH = features.NUMBERS.index("length"), PICTURE_UP = features.NUMBERS.index("picture_up")
cdef int PICTURE_SHARE = features.NUMBERS.index("picture_share")
cdef double CAPTION_SHARE = chooser.CAPTION_SHARE
cdef double CAPTION_WORDS_MAX = chooser.CAPTION_WORDS_MAX, CAPTION_LENGTH_MAX = chooser.CAPTION_LENGTH_MAX
cdef Node *_nodes
cdef uint16_t *_trees
cdef int _count, _first_late
cdef int _exits[EXITS_MAX]
cdef double _floors[EXITS_MAX]
cdef double _ceilings[EXITS_MAX]
cdef double _SURE = chooser.SURE


cdef int _size(tree):
    return 1 + _size(tree[2]) + _size(tree[3]) if isinstance(tree, list) else 1


cdef int _plant(tree, dict columns, int place) except -1:
    """Write *tree* from node *place* on; return the place behind it."""
    cdef Node *node = _nodes + place
    if not isinstance(tree, list):
        node.column, node.value = LEAF, tree
        return place + 1
    name, threshold, low, high = tree
    node.column, node.value = columns[name], threshold
    node.low = place + 1
    node.high = _plant(low, columns, place + 1)
    return _plant(high, columns, node.high)


cdef int _plant_all(dict learned) except -1:
    global _nodes, _trees, _count, _first_late
    columns = {name: place for place, name in enumerate(features.NUMBERS)}
    for place, mask in enumerate(features.MASKS):
        for shift, name in enumerate(wording.NAMES if mask == "words" else surroundings.MASK_NAMES):
            columns[f"{mask}:{name}"] = MASK + BITS * place + shift
    trees = learned["trees"]
    sizes = [_size(tree) for tree in trees]
    if sum(sizes) >= 1 << 16 or len(learned["exits"]) >= EXITS_MAX or len(surroundings.MASK_NAMES) >= BITS:
        raise ImportError("chooser.json is larger than what this was written for")
    _count, _first_late = len(trees), -1
    _nodes = <Node *>malloc(sum(sizes) * sizeof(Node))
    _trees = <uint16_t *>malloc(_count * sizeof(uint16_t))
    if not (_nodes and _trees):
        raise MemoryError
    first = 0
    for place, tree in enumerate(trees):
        _trees[place] = first
        last = _plant(tree, columns, first)
        if _first_late < 0 and any(_is_late(_nodes[node].column) for node in range(first, last)):
            _first_late = place
        first = last
    for place, (after, low, high) in enumerate(learned["exits"]):
        _exits[place], _floors[place], _ceilings[place] = after, low, high
    _exits[len(learned["exits"])] = -1
    return 0


cdef bint _is_late(int column):
    return LATE <= column < MASK or column >= MASK + BITS * (MASKS - 1)


_plant_all(chooser.learned())


cdef list _judge(list texts, int64_t *masks, double *numbers, late):
    """Return per run the chance that it is body, as `chooser.judge`. *late* reads a run's late columns."""
    cdef Py_ssize_t run
    cdef list chances = []
    cdef double total
    for run in range(len(texts)):
        if _is_never(masks, numbers, texts[run]):
            chances.append(0.0)
        else:
            total = _sum(masks, numbers, late, run)
            chances.append(1.0 / (1.0 + <double>exp(-(30.0 if total > 30.0 else -30.0 if total < -30.0 else total))))
        masks += MASKS
        numbers += WIDTH
    return chances


cdef double _sum(int64_t *masks, double *numbers, late, Py_ssize_t run) except? -1.0:
    cdef double total = 0.0
    cdef int place, way = 0
    cdef Node *node
    cdef bint is_high
    for place in range(_count):
        if place == _first_late:
            masks[MASKS - 1], numbers[LATE], numbers[LATE + 1], numbers[LATE + 2] = late(run)
        node = _nodes + _trees[place]
        while node.column != LEAF:
            if node.column < MASK:
                is_high = not numbers[node.column] <= node.value
            else:
                is_high = masks[(node.column - MASK) / BITS] >> ((node.column - MASK) % BITS) & 1
            node = _nodes + (node.high if is_high else node.low)
        total += node.value
        if place + 1 == _exits[way]:
            if total < _floors[way]:
                return total - _SURE
            if total > _ceilings[way]:
                return total + _SURE
            way += 1
    return total


cdef bint _is_never(int64_t *masks, double *numbers, str text) except -1:
    cdef int64_t own = masks[0], close = masks[0] | masks[1], above = masks[0] | masks[1] | masks[2] | masks[3]
    if above & FIGURE and not close & TABLE:
        return True
    if above & ASIDE and numbers[SET_APART]:
        return True
    if numbers[IN_TEASERS] and not own & LISTED:
        return True
    if numbers[PICTURE_SHARE] > CAPTION_SHARE:
        if numbers[WORDS] < CAPTION_WORDS_MAX and numbers[LENGTH] < CAPTION_LENGTH_MAX:
            if close & PICTURE and numbers[PICTURE_UP] <= 1:
                return True
            if 0 < numbers[PICTURE_UP] <= 2 and not own & PARAGRAPH:
                return True
    return numbers[LINK_SHARE] > 0.5 and not own & ITEM and <int64_t>wording.read(text) & POINTER
