/* Lines sorted by a key of fixed width that stands at the same place in each, as bytes compare. */
#include "encode.h"

/* A line, and the first eight bytes of its key as a number, which decide nearly every comparison. */
typedef struct {
    uint64_t head;
    const char *line;
    Py_ssize_t size;
} Line;

typedef struct {
    Line *lines;
    Py_ssize_t count;
    Py_ssize_t at;
    Py_ssize_t width;
} Page_lines;

static int after(const Page_lines *page, const Line *one, const Line *other)
{
    if (one->head != other->head)
        return one->head > other->head;
    return memcmp(one->line + page->at, other->line + page->at, (size_t)page->width) > 0;
}

static void merge(const Page_lines *page, const Line *from, Line *to, Py_ssize_t low, Py_ssize_t middle,
                  Py_ssize_t high)
{
    Py_ssize_t left = low, right = middle;
    for (Py_ssize_t i = low; i < high; i++) {
        /* Of equal keys the left one comes first: the sort is stable. */
        int take_right = left == middle || (right < high && after(page, from + left, from + right));
        to[i] = take_right ? from[right++] : from[left++];
    }
}

/* Sort by merging runs of 1, 2, 4 ... lines; return which of both arrays holds the result. */
static Line *sort_lines(const Page_lines *page, Line *spare)
{
    Line *from = page->lines, *to = spare;
    for (Py_ssize_t run = 1; run < page->count; run *= 2) {
        for (Py_ssize_t low = 0; low < page->count; low += 2 * run) {
            Py_ssize_t middle = low + run < page->count ? low + run : page->count;
            Py_ssize_t high = middle + run < page->count ? middle + run : page->count;
            merge(page, from, to, low, middle, high);
        }
        Line *done = to;
        to = from;
        from = done;
    }
    return from;
}

/* Find the lines of a text; 0 where they are not as many, or one is too short to hold its key. */
static int find_lines(Page_lines *page, const char *data, Py_ssize_t size)
{
    const char *end = data + size;
    for (Py_ssize_t i = 0; i < page->count; i++) {
        const char *stop = memchr(data, '\n', (size_t)(end - data));
        if (stop == NULL || stop - data < page->at + page->width)
            return 0;
        Py_ssize_t head = page->width < 8 ? page->width : 8;
        page->lines[i].head = read_big((const Byte *)data + page->at, head);
        page->lines[i].line = data;
        page->lines[i].size = stop + 1 - data;
        data = stop + 1;
    }
    return data == end;
}

/* Copy the lines one after the other; return the sizes of stretches of at least `cut` bytes. */
static PyObject *copy_lines(const Line *lines, Py_ssize_t count, char *at, Py_ssize_t cut)
{
    PyObject *sizes = PyList_New(0);
    Py_ssize_t size = 0;
    for (Py_ssize_t i = 0; sizes != NULL && i < count; i++) {
        memcpy(at, lines[i].line, (size_t)lines[i].size);
        at += lines[i].size;
        size += lines[i].size;
        if (size < cut && i + 1 < count)
            continue;
        PyObject *number = PyLong_FromSsize_t(size);
        if (number == NULL || PyList_Append(sizes, number) < 0)
            Py_CLEAR(sizes);
        Py_XDECREF(number);
        size = 0;
    }
    return sizes;
}

PyObject *arrange(PyObject *self, PyObject *args)
{
    const char *data;
    Py_ssize_t size, cut;
    Page_lines page = {0};
    (void)self;
    if (!PyArg_ParseTuple(args, "y#nnnn", &data, &size, &page.count, &page.at, &page.width, &cut))
        return NULL;
    if (page.count < 1 || page.at < 0 || page.width < 1 || page.count > size)
        return PyErr_Format(PyExc_ValueError, "no lines, or no key in them");
    Line *spare = PyMem_New(Line, (size_t)page.count);
    PyObject *made = PyBytes_FromStringAndSize(NULL, size), *sizes = NULL;
    page.lines = PyMem_New(Line, (size_t)page.count);
    if (spare == NULL || page.lines == NULL || made == NULL)
        PyErr_NoMemory();
    else if (!find_lines(&page, data, size))
        PyErr_Format(PyExc_ValueError, "other lines than they should be");
    else
        sizes = copy_lines(sort_lines(&page, spare), page.count, PyBytes_AS_STRING(made), cut);
    PyMem_Free(spare);
    PyMem_Free(page.lines);
    if (sizes != NULL)
        return Py_BuildValue("NN", made, sizes);
    Py_XDECREF(made);
    return NULL;
}
