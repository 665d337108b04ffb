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

/* Return where the ascending stretch of lines ends that begins at `low`. */
static Py_ssize_t run_end(const Page_lines *page, const Line *lines, Py_ssize_t low)
{
    Py_ssize_t high = low + 1;
    while (high < page->count && !after(page, lines + high - 1, lines + high))
        high++;
    return high < page->count ? high : page->count;
}

/* Merge neighbouring runs into `to`; return how many there are then. */
static Py_ssize_t merge_runs(const Page_lines *page, const Line *from, Line *to)
{
    Py_ssize_t runs = 0;
    for (Py_ssize_t low = 0; low < page->count; runs++) {
        Py_ssize_t middle = run_end(page, from, low);
        Py_ssize_t high = middle < page->count ? run_end(page, from, middle) : middle;
        merge(page, from, to, low, middle, high);
        low = high;
    }
    return runs;
}

/* Sort by merging what is in order already; return which of both arrays holds the result. */
static Line *sort_lines(const Page_lines *page, Line *spare)
{
    Line *from = page->lines, *to = spare;
    while (merge_runs(page, from, to) > 1) {
        Line *done = to;
        to = from;
        from = done;
    }
    return to;
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

/* Copy the lines one after the other; return size and rows of their stretches, each of which ends
 * with the line that brings it to `cut` bytes or to `rows_max` rows. */
static PyObject *copy_lines(const Line *lines, Py_ssize_t count, char *at, Py_ssize_t cut,
                            Py_ssize_t rows_max)
{
    PyObject *sizes = PyList_New(0);
    Py_ssize_t size = 0, rows = 0;
    for (Py_ssize_t i = 0; sizes != NULL && i < count; i++) {
        memcpy(at, lines[i].line, (size_t)lines[i].size);
        at += lines[i].size;
        size += lines[i].size;
        rows++;
        if (size < cut && rows < rows_max && i + 1 < count)
            continue;
        PyObject *stretch = Py_BuildValue("nn", size, rows);
        if (stretch == NULL || PyList_Append(sizes, stretch) < 0)
            Py_CLEAR(sizes);
        Py_XDECREF(stretch);
        size = rows = 0;
    }
    return sizes;
}

PyObject *arrange(PyObject *self, PyObject *args)
{
    const char *data;
    Py_ssize_t size, cut, rows_max;
    Page_lines page = {0};
    (void)self;
    if (!PyArg_ParseTuple(args, "y#nnnnn", &data, &size, &page.count, &page.at, &page.width, &cut,
                          &rows_max))
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
        sizes = copy_lines(sort_lines(&page, spare), page.count, PyBytes_AS_STRING(made), cut,
                           rows_max);
    PyMem_Free(spare);
    PyMem_Free(page.lines);
    if (sizes != NULL)
        return Py_BuildValue("NN", made, sizes);
    Py_XDECREF(made);
    return NULL;
}
