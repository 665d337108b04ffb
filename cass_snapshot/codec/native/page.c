/* cass_snapshot.codec._encode: pages of cells to WAL lines. See encode.h for what it leaves alone. */
#include "encode.h"
#include "rows.h"

enum { ROW_ESTIMATE = 128, COLUMNS_MAX = 65536 };

char *page_grow(Page *page, Py_ssize_t size)
{
    Py_ssize_t used = page->at - PyBytes_AS_STRING(page->bytes);
    Py_ssize_t have = PyBytes_GET_SIZE(page->bytes);
    if (size > PY_SSIZE_T_MAX / 2 - have) {
        PyErr_NoMemory();
        return NULL;
    }
    Py_ssize_t size_new = have + (size > have ? size : have);
    if (_PyBytes_Resize(&page->bytes, size_new) < 0)
        return NULL;
    page->at = PyBytes_AS_STRING(page->bytes) + used;
    page->end = PyBytes_AS_STRING(page->bytes) + size_new;
    return page->at;
}

static const struct {
    const char *name;
    Writer write;
} KINDS[] = {
    {"text", write_text},       {"hex", write_hex},           {"uuid", write_uuid},
    {"inet", write_inet},       {"boolean", write_boolean},   {"integer", write_integer},
    {"varint", write_varint},   {"decimal", write_decimal},   {"number", write_fraction},
    {"date", write_date},       {"time", write_time},         {"datetime", write_datetime},
};

static int read_column(PyObject *described, Column *column)
{
    const char *kind;
    long long least, most, origin, unit;
    memset(column, 0, sizeof *column);
    if (described == Py_None)
        return 0;
    if (!PyTuple_Check(described)) {
        PyErr_SetString(PyExc_TypeError, "a column is described by a tuple or None");
        return -1;
    }
    if (!PyArg_ParseTuple(described, "snppppnnnnLLLLnn", &kind, &column->width, &column->nullable,
                          &column->identity, &column->quoted, &column->spaces, &column->bytes_min,
                          &column->bytes_max, &column->chars_max, &column->code_max, &least, &most,
                          &origin, &unit, &column->whole_max, &column->fraction_max))
        return -1;
    column->least = least;
    column->most = most;
    column->origin = origin;
    column->unit = unit;
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (strcmp(kind, KINDS[i].name) == 0)
            column->write = KINDS[i].write;
    if (column->write == NULL || column->width < 0 || column->width > 16 || unit < 1) {
        PyErr_Format(PyExc_ValueError, "no such column: %R", described);
        return -1;
    }
    return 0;
}

static Outcome write_bytes(Page *page, const char *text, Py_ssize_t size)
{
    char *at = page_room(page, size);
    if (at == NULL)
        return FAILED;
    memcpy(at, text, (size_t)size);
    page->at = at + size;
    return WRITTEN;
}

/* Write a cell, or the text that is ready in its stead. */
static Outcome write_cell(Page *page, Column *column, const Cell *cell, PyObject *ready, Py_ssize_t row)
{
    if (ready != Py_None) {
        PyObject *text = PyList_GET_ITEM(ready, row);
        if (!PyBytes_Check(text))
            return OTHER;
        return write_bytes(page, PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text));
    }
    if (cell->size == NULL_CELL) {
        column->nulls++;
        return column->nullable ? write_bytes(page, "null", 4) : OTHER;
    }
    if (cell->size == NO_BYTES || column->write == NULL)
        return OTHER;
    return column->write(page, column, cell->bytes, cell->size);
}

/* Write the row that was taken; `place` becomes that of the column that is left to Python. */
static Outcome write_row(Page *page, Column *columns, const Rows *rows, PyObject *ready, Py_ssize_t row,
                         Py_ssize_t *place)
{
    Py_ssize_t count = PyTuple_GET_SIZE(ready);
    for (Py_ssize_t i = 0; i < count; i++) {
        char *at = page_room(page, 3);
        if (at == NULL)
            return FAILED;
        *at = i ? ',' : '[';
        page->at = at + 1;
        /* Behind a row's own columns stand those that are made from its place, all ready. */
        Outcome outcome = write_cell(page, columns + i, rows->cells + i, PyTuple_GET_ITEM(ready, i), row);
        if (outcome != WRITTEN) {
            *place = i;
            return outcome;
        }
    }
    return write_bytes(page, "]\n", 2);
}

/* Write all rows. Where one is left to Python, `place` says which column is; -1: the row itself. */
static Outcome write_page(Page *page, Column *columns, Rows *rows, PyObject *ready, Py_ssize_t *place)
{
    for (Py_ssize_t row = 0; row < rows->count; row++) {
        *place = -1;
        if (!rows_take(rows, row))
            return OTHER;
        Outcome outcome = write_row(page, columns, rows, ready, row, place);
        if (outcome != WRITTEN)
            return outcome;
    }
    return WRITTEN;
}

/* Tell whether what is ready has a text a row, and each column without it is described. */
static int is_whole(const Rows *rows, PyObject *described, PyObject *ready)
{
    Py_ssize_t count = PyTuple_GET_SIZE(ready), width = PyTuple_GET_SIZE(described);
    if (count < width || count < 1 || count > COLUMNS_MAX)
        return 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *texts = PyTuple_GET_ITEM(ready, i);
        if (texts == Py_None ? i >= width
                             : !PyList_Check(texts) || PyList_GET_SIZE(texts) != rows->count)
            return 0;
    }
    return 1;
}

static PyObject *counted(const Column *columns, Py_ssize_t width)
{
    PyObject *nulls = PyTuple_New(width);
    for (Py_ssize_t i = 0; nulls != NULL && i < width; i++) {
        PyObject *count = PyLong_FromSsize_t(columns[i].nulls);
        if (count == NULL)
            Py_CLEAR(nulls);
        else
            PyTuple_SET_ITEM(nulls, i, count);
    }
    return nulls;
}

static PyObject *encode_rows(Rows *rows, Column *columns, PyObject *ready)
{
    Py_ssize_t place = -1;
    Page page = {.bytes = PyBytes_FromStringAndSize(NULL, rows->count * ROW_ESTIMATE)};
    if (page.bytes == NULL)
        return NULL;
    page.at = PyBytes_AS_STRING(page.bytes);
    page.end = page.at + PyBytes_GET_SIZE(page.bytes);
    Outcome outcome = write_page(&page, columns, rows, ready, &place);
    PyObject *nulls = outcome == WRITTEN ? counted(columns, rows->width) : NULL;
    if (nulls != NULL && _PyBytes_Resize(&page.bytes, page.at - PyBytes_AS_STRING(page.bytes)) == 0)
        return Py_BuildValue("NNi", page.bytes, nulls, page.odd);
    Py_XDECREF(nulls);
    Py_XDECREF(page.bytes);
    return outcome == OTHER ? PyLong_FromSsize_t(place) : NULL;
}

PyDoc_STRVAR(encode_doc,
"encode(rows, columns, ready)\n--\n\n"
"Return the lines of some rows (a list of tuples; or content, start, number and width of WireRows), the nulls of each column, and whether a text that was written here is\n"
"not plain; or the index of the column to leave to Python, -1 where the rows themselves are not as\n"
"they should be.");

PyDoc_STRVAR(arrange_doc,
"arrange(data, rows, at, width, cut, rows_max)\n--\n\n"
"Return lines sorted by the bytes that stand at a place of each, of a width; and size and rows of their\n"
"stretches, each of which ends with the line that brings it to `cut` bytes or `rows_max` rows.");

PyDoc_STRVAR(merge_doc,
"merge(pieces, at, width, low, high, cut, rows_max)\n--\n\n"
"Return an iterator over the lines of sorted pieces, sorted as by arrange, of keys from `low` to below\n"
"`high`, either of which may be None; in stretches as arrange cuts them, each as its lines and how many.");

static PyObject *encode(PyObject *self, PyObject *args)
{
    PyObject *given, *described, *ready;
    (void)self;
    if (!PyArg_ParseTuple(args, "OO!O!", &given, &PyTuple_Type, &described, &PyTuple_Type, &ready))
        return NULL;
    Rows rows = {.width = PyTuple_GET_SIZE(described)};
    if (!rows_read(given, &rows))
        return NULL;
    if (!is_whole(&rows, described, ready))
        return PyErr_Format(PyExc_ValueError, "each column is described, or ready with a text a row");
    Column *columns = PyMem_New(Column, (size_t)PyTuple_GET_SIZE(ready));
    rows.cells = PyMem_New(Cell, (size_t)PyTuple_GET_SIZE(ready));
    PyObject *made = NULL;
    int failed = columns == NULL || rows.cells == NULL;
    if (failed)
        PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < rows.width && !failed; i++)
        failed = read_column(PyTuple_GET_ITEM(described, i), columns + i) < 0;
    if (!failed)
        made = encode_rows(&rows, columns, ready);
    PyMem_Free(columns);
    PyMem_Free(rows.cells);
    return made;
}

PyDoc_STRVAR(prepare_doc,
"prepare(powers, plus)\n--\n\n"
"Take the powers of ten from -292 to 324, 16 bytes each, that numbers with a point need, and whether\n"
"a positive exponent has its sign.");

static PyObject *prepare(PyObject *self, PyObject *args)
{
    const char *powers;
    Py_ssize_t size;
    int plus;
    (void)self;
    if (!PyArg_ParseTuple(args, "y#p", &powers, &size, &plus))
        return NULL;
    if (!fractions_start((const Byte *)powers, size, plus))
        return PyErr_Format(PyExc_ValueError, "not the powers of ten");
    Py_RETURN_NONE;
}

static PyMethodDef METHODS[] = {
    {"encode", encode, METH_VARARGS, encode_doc},
    {"arrange", arrange, METH_VARARGS, arrange_doc},
    {"merge", merge, METH_VARARGS, merge_doc},
    {"prepare", prepare, METH_VARARGS, prepare_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT,
    .m_name = "cass_snapshot.codec._encode",
    .m_doc = "Pages of cells to WAL lines, for ordinary cells.",
    .m_methods = METHODS,
};

PyMODINIT_FUNC PyInit__encode(void)
{
    return PyModuleDef_Init(&MODULE);
}
