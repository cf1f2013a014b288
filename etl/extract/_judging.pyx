# cython: boundscheck=False, wraparound=False, cdivision=True
"""The compiled form of `judging`: the columns of `features` and the trees of `chooser` in C arrays, a fifth of the time.

Each number is the same to the last bit, and so is each chance (`tests/extract/test_judging.py`).
"""

from cpython.unicode cimport PyUnicode_DATA, PyUnicode_KIND, PyUnicode_READ
from libc.stdint cimport uint16_t
from libc.stdlib cimport malloc, realloc
from libc.string cimport memcpy, memset

from math import exp

from etl.extract import chooser, features, hints, surroundings, wordage, wording

include "_arrays.pxi"
include "_words.pxi"
include "_letters.pxi"
include "_elements.pxi"
include "_matrix.pxi"
include "_trees.pxi"


def chances(doc, runs, teasers=(), *, str title="", str description="", str json_body=""):
    """Return per run the chance that it is body, and the root."""
    cdef Matrix matrix = Matrix(doc, runs)
    matrix.read(description, json_body, sorted(teasers))
    late = wordage.Late(runs.texts, title).read
    return _judge(matrix.texts, matrix.masks, <double *>matrix.rows, late), matrix.root


def _table(doc, runs, teasers, *, str title="", str description="", str json_body=""):
    """Return the masks and the numbers of each run without what is late, and the root, as `features.read`."""
    cdef Matrix matrix = Matrix(doc, runs)
    cdef Py_ssize_t run, place
    cdef double *row
    cdef list masks = [], numbers = []
    del title
    matrix.read(description, json_body, sorted(teasers))
    for run in range(matrix.count):
        row = <double *>(matrix.rows + run)
        masks.append(tuple([matrix.masks[run * MASKS + place] for place in range(MASKS - 1)]))
        numbers.append(tuple([row[place] for place in range(LATE)]))
    return masks, numbers, matrix.root


def _said(dict attrs):
    """Return what *attrs* say about their element, as `hints.read`."""
    cdef Said said
    say(attrs, &said)
    return said.bits, (said.low, said.high, said.sum)
