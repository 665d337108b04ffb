#include "rows.h"

static int take_tuple(Rows *rows, PyObject *tuple)
{
    if (!PyTuple_Check(tuple) || PyTuple_GET_SIZE(tuple) != rows->width)
        return 0;
    for (Py_ssize_t i = 0; i < rows->width; i++) {
        PyObject *cell = PyTuple_GET_ITEM(tuple, i);
        rows->cells[i].size = cell == Py_None ? NULL_CELL : NO_BYTES;
        if (PyBytes_Check(cell)) {
            rows->cells[i].bytes = (const Byte *)PyBytes_AS_STRING(cell);
            rows->cells[i].size = PyBytes_GET_SIZE(cell);
        }
    }
    return 1;
}

int rows_take(Rows *rows, Py_ssize_t row)
{
    if (rows->list != NULL)
        return take_tuple(rows, PyList_GET_ITEM(rows->list, row));
    for (Py_ssize_t i = 0; i < rows->width; i++) {
        rows->cells[i].bytes = wire_cell(&rows->wire, &rows->cells[i].size);
        if (rows->cells[i].bytes == NULL)
            return 0;
    }
    return 1;
}

int rows_read(PyObject *given, Rows *rows)
{
    const char *data;
    Py_ssize_t size, start, columns;
    if (PyList_Check(given)) {
        rows->list = given;
        rows->count = PyList_GET_SIZE(given);
        return 1;
    }
    if (!PyTuple_Check(given)) {
        PyErr_SetString(PyExc_TypeError, "rows are a list, or a tuple of what WireRows hold");
        return 0;
    }
    if (!PyArg_ParseTuple(given, "y#nnn", &data, &size, &start, &rows->count, &columns))
        return 0;
    if (start < 0 || start > size || rows->count < 0 || rows->count > size || columns != rows->width) {
        PyErr_SetString(PyExc_ValueError, "other rows than those of the columns");
        return 0;
    }
    rows->wire.at = (const Byte *)data + start;
    rows->wire.end = (const Byte *)data + size;
    return 1;
}
