/* cass_snapshot._wire: rows out of a page as it came over the wire. See wire.h for its form. */
#include "wire.h"

enum { COLUMNS_MAX = 65536 };

/* Where rows begin, and how many there are of how many cells. */
typedef struct {
    Wire wire;
    const unsigned char *first;
    Py_ssize_t rows;
    Py_ssize_t columns;
} Content;

static int read_content(PyObject *args, Content *content)
{
    const char *data;
    Py_ssize_t size, start;
    if (!PyArg_ParseTuple(args, "y#nnn", &data, &size, &start, &content->rows, &content->columns))
        return 0;
    if (start < 0 || start > size || content->rows < 0 || content->columns < 1 ||
        content->columns > COLUMNS_MAX || content->rows > size) {
        PyErr_Format(PyExc_ValueError, "no page: %zd rows of %zd columns from byte %zd of %zd",
                     content->rows, content->columns, start, size);
        return 0;
    }
    content->first = (const unsigned char *)data;
    content->wire.at = content->first + start;
    content->wire.end = content->first + size;
    return 1;
}

static PyObject *torn(const Content *content, Py_ssize_t row)
{
    return PyErr_Format(PyExc_ValueError, "a page of %zd rows ends in its row %zd", content->rows,
                        row + 1);
}

PyDoc_STRVAR(last_doc,
"last(data, start, rows, columns)\n--\n\n"
"Return where the last of so many rows begins; ValueError where they are not all that is there.");

static PyObject *last(PyObject *self, PyObject *args)
{
    Content content;
    (void)self;
    if (!read_content(args, &content))
        return NULL;
    Wire wire = content.wire;
    Py_ssize_t begin = wire.at - content.first, size;
    for (Py_ssize_t row = 0; row < content.rows; row++) {
        begin = wire.at - content.first;
        for (Py_ssize_t i = 0; i < content.columns; i++)
            if (wire_cell(&wire, &size) == NULL)
                return torn(&content, row);
    }
    if (wire.at != wire.end)
        return PyErr_Format(PyExc_ValueError, "a page of %zd rows has %zd more bytes", content.rows,
                            wire.end - wire.at);
    return PyLong_FromSsize_t(begin);
}

static PyObject *read_row(Wire *wire, Py_ssize_t columns)
{
    PyObject *row = PyTuple_New(columns);
    for (Py_ssize_t i = 0; row != NULL && i < columns; i++) {
        Py_ssize_t size;
        const unsigned char *at = wire_cell(wire, &size);
        PyObject *cell = NULL;
        if (at != NULL)
            cell = size < 0 ? Py_NewRef(Py_None) : PyBytes_FromStringAndSize((const char *)at, size);
        if (cell == NULL)
            Py_CLEAR(row);
        else
            PyTuple_SET_ITEM(row, i, cell);
    }
    return row;
}

PyDoc_STRVAR(rows_doc,
"rows(data, start, rows, columns)\n--\n\n"
"Return so many rows as tuples of bytes, None for a null; ValueError where they are not there.");

static PyObject *rows(PyObject *self, PyObject *args)
{
    Content content;
    (void)self;
    if (!read_content(args, &content))
        return NULL;
    PyObject *found = PyList_New(content.rows);
    for (Py_ssize_t i = 0; found != NULL && i < content.rows; i++) {
        PyObject *row = read_row(&content.wire, content.columns);
        if (row != NULL) {
            PyList_SET_ITEM(found, i, row);
            continue;
        }
        Py_CLEAR(found);
        if (!PyErr_Occurred())
            torn(&content, i);
    }
    return found;
}

static PyMethodDef METHODS[] = {
    {"last", last, METH_VARARGS, last_doc},
    {"rows", rows, METH_VARARGS, rows_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT,
    .m_name = "cass_snapshot._wire",
    .m_doc = "Rows out of a page as it came over the wire.",
    .m_methods = METHODS,
};

PyMODINIT_FUNC PyInit__wire(void)
{
    return PyModuleDef_Init(&MODULE);
}
