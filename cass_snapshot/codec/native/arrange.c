/* The lines of a text sorted, or of several merged: both for codec/order.py. */
#include "sort.h"

/* Return None for lines that are left to Python. */
static PyObject *failed(Result result)
{
    if (result == NO_MEMORY)
        return PyErr_NoMemory();
    if (result == BROKEN_LINES)
        return PyErr_Format(PyExc_ValueError, "other lines than they should be");
    return Py_NewRef(Py_None);
}

static int is_key(const Sort *sort)
{
    if (*sort->parts && sort->parts[strspn(sort->parts, "ti")] == 0)
        return 1;
    PyErr_Format(PyExc_ValueError, "no key in these lines");
    return 0;
}

/* Return size and rows of the stretches of sorted lines. */
static PyObject *sizes_of(const Sort *sort, Py_ssize_t cut, Py_ssize_t rows_max)
{
    PyObject *sizes = PyList_New(0);
    Py_ssize_t size;
    for (Py_ssize_t first = 0, end; sizes != NULL && first < sort->count; first = end) {
        end = stretch_end(sort, first, cut, rows_max, &size);
        PyObject *stretch = Py_BuildValue("nn", size, end - first);
        if (stretch == NULL || PyList_Append(sizes, stretch) < 0)
            Py_CLEAR(sizes);
        Py_XDECREF(stretch);
    }
    return sizes;
}

PyObject *arrange(PyObject *self, PyObject *args)
{
    const char *data;
    Py_ssize_t size, rows, cut, rows_max;
    Sort sort = {0};
    Result result;
    (void)self;
    if (!PyArg_ParseTuple(args, "y#nsnn", &data, &size, &rows, &sort.parts, &cut, &rows_max) ||
        !is_key(&sort))
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    result = find_lines(&sort, data, data + size);
    if (result == SORTED)
        result = sort.count == rows && rows > 0 ? sort_lines(&sort) : BROKEN_LINES;
    Py_END_ALLOW_THREADS
    PyObject *made = NULL;
    if (result != SORTED)
        made = failed(result);
    else if ((made = PyBytes_FromStringAndSize(NULL, size)) != NULL) {
        copy_lines(&sort, 0, sort.count, PyBytes_AS_STRING(made));
        made = Py_BuildValue("NN", made, sizes_of(&sort, cut, rows_max));
    }
    sort_end(&sort);
    return made;
}

/* What is left of a merge. Each stretch is made when it is asked for: the memory of one serves for
 * the next, which costs less than pages that the system has to clear. */
typedef struct {
    PyObject_HEAD
    Sort sort;
    PyObject *pieces;
    Py_ssize_t next;
    Py_ssize_t cut;
    Py_ssize_t rows_max;
} Merged;

static void merged_end(PyObject *self)
{
    Merged *merged = (Merged *)self;
    sort_end(&merged->sort);
    Py_XDECREF(merged->pieces);
    PyObject_Free(self);
}

static PyObject *merged_next(PyObject *self)
{
    Merged *merged = (Merged *)self;
    Py_ssize_t first = merged->next, size;
    if (first == merged->sort.count)
        return NULL;
    Py_ssize_t end = stretch_end(&merged->sort, first, merged->cut, merged->rows_max, &size);
    PyObject *made = PyBytes_FromStringAndSize(NULL, size);
    if (made == NULL)
        return NULL;
    merged->next = end;
    char *to = PyBytes_AS_STRING(made);
    Py_BEGIN_ALLOW_THREADS
    copy_lines(&merged->sort, first, end, to);
    Py_END_ALLOW_THREADS
    return Py_BuildValue("Nn", made, end - first);
}

static PyTypeObject MERGED = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "cass_snapshot.codec._encode.Merged",
    .tp_basicsize = sizeof(Merged),
    .tp_dealloc = merged_end,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = merged_next,
};

/* Take the bounds of a merge, each a line of key alone, or None. */
static Result take_bounds(Sort *sort, PyObject *low, PyObject *high)
{
    PyObject *bounds[] = {low, high};
    const char **places[] = {&sort->low, &sort->high};
    for (int i = 0; i < 2; i++) {
        if (bounds[i] == Py_None)
            continue;
        const char *text = PyBytes_AS_STRING(bounds[i]);
        if (key_end(sort->parts, text, text + PyBytes_GET_SIZE(bounds[i])) == NULL)
            return OTHER_LINES;
        *places[i] = text;
    }
    return SORTED;
}

/* Find the lines of all pieces and sort them. */
static Result merge_pieces(Sort *sort, PyObject *pieces)
{
    Result result = SORTED;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(pieces) && result == SORTED; i++) {
        PyObject *piece = PyTuple_GET_ITEM(pieces, i);
        const char *data = PyBytes_AS_STRING(piece);
        result = find_lines(sort, data, data + PyBytes_GET_SIZE(piece));
    }
    if (result == SORTED)
        result = sort_lines(sort);
    Py_END_ALLOW_THREADS
    return result;
}

PyObject *merge(PyObject *self, PyObject *args)
{
    PyObject *pieces, *low, *high;
    Py_ssize_t cut, rows_max;
    Sort sort = {0};
    (void)self;
    if (!PyArg_ParseTuple(args, "O!sOOnn", &PyTuple_Type, &pieces, &sort.parts, &low, &high, &cut, &rows_max) ||
        !is_key(&sort) || PyType_Ready(&MERGED) < 0)
        return NULL;
    if ((low != Py_None && !PyBytes_Check(low)) || (high != Py_None && !PyBytes_Check(high)))
        return PyErr_Format(PyExc_TypeError, "bounds are bytes or None");
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(pieces); i++)
        if (!PyBytes_Check(PyTuple_GET_ITEM(pieces, i)))
            return PyErr_Format(PyExc_TypeError, "pieces are bytes");
    Result result = take_bounds(&sort, low, high);
    if (result == SORTED)
        result = merge_pieces(&sort, pieces);
    Merged *merged = result == SORTED ? PyObject_New(Merged, &MERGED) : NULL;
    if (merged == NULL) {
        sort_end(&sort);
        return PyErr_Occurred() ? NULL : failed(result);
    }
    sort.parts = sort.low = sort.high = NULL; /* which are the caller's */
    merged->sort = sort;
    merged->pieces = Py_NewRef(pieces);
    merged->next = 0;
    merged->cut = cut;
    merged->rows_max = rows_max;
    return (PyObject *)merged;
}
