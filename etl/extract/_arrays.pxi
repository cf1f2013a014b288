# The numbers in the shared arrays of a page.

from cpython.ref cimport PyObject
from libc.stdint cimport int32_t

cdef extern from "Python.h":
    PyObject *PyList_GET_ITEM(object, Py_ssize_t) noexcept
    long PyLong_AsLong(PyObject *) noexcept


cdef inline int32_t at(list numbers, Py_ssize_t place) noexcept:
    return <int32_t>PyLong_AsLong(PyList_GET_ITEM(numbers, place))


cdef inline double least(double one, double other) noexcept:
    return other if other < one else one


cdef inline double most(double one, double other) noexcept:
    return other if other > one else one


cdef Py_ssize_t left(list numbers, long value) noexcept:
    """Return where *value* belongs among sorted *numbers*, before its equals."""
    cdef Py_ssize_t low = 0, high = len(numbers), middle
    while low < high:
        middle = (low + high) >> 1
        if at(numbers, middle) < value:
            low = middle + 1
        else:
            high = middle
    return low
