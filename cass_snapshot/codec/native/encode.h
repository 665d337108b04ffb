/* What the parts of the compiled encoder share: the page being written, a column's description, and
 * the writers, one a kind of value.
 *
 * The encoder in Python says what is right; this one gives the same bytes for the ordinary cell and
 * leaves every other to it (OTHER). A writer reads `size` bytes from `cell` and not one beyond. */
#ifndef CASS_SNAPSHOT_ENCODE_H
#define CASS_SNAPSHOT_ENCODE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

typedef unsigned char Byte;
typedef unsigned __int128 Wide;

typedef enum { WRITTEN, OTHER, FAILED /* a Python error is set */ } Outcome;

/* The lines of a page, in a bytes object that grows. */
typedef struct {
    PyObject *bytes;
    char *at;
    char *end;
    int odd;                 /* some text is not plain, as codec/plain.py says it */
} Page;

struct Column;
typedef Outcome (*Writer)(Page *, const struct Column *, const Byte *cell, Py_ssize_t size);

/* A column as codec/compiled.py describes it. Limits that the target lacks are the greatest (or
 * least) number of their type, so that a comparison is enough. */
typedef struct Column {
    Writer write;
    Py_ssize_t width;        /* bytes of each cell, of a varint the most */
    int nullable;
    int identity;            /* different cells must become different values */
    int quoted;              /* a number that stands in quotes */
    int spaces;              /* a text may end in a space */
    Py_ssize_t bytes_min;
    Py_ssize_t bytes_max;    /* of the cell in hexadecimal, else of the text */
    Py_ssize_t chars_max;
    Py_ssize_t code_max;     /* the greatest code point of a text */
    int64_t least;           /* bounds of the number */
    int64_t most;
    int64_t origin;          /* what stands for zero in the cell */
    int64_t unit;            /* an instant is a multiple of it */
    Py_ssize_t whole_max;    /* digits before the point */
    Py_ssize_t fraction_max; /* and after it; -1 where no limit is known */
    Py_ssize_t nulls;        /* counted while the page is written */
} Column;

/* Make room for `size` more bytes; NULL with a Python error where there is none. */
char *page_grow(Page *page, Py_ssize_t size);

static inline char *page_room(Page *page, Py_ssize_t size)
{
    return page->end - page->at >= size ? page->at : page_grow(page, size);
}

static inline uint64_t read_big(const Byte *cell, Py_ssize_t size)
{
    uint64_t number = 0;
    for (Py_ssize_t i = 0; i < size; i++)
        number = number << 8 | cell[i];
    return number;
}

/* A two's complement number of 1 to 8 bytes. */
static inline int64_t read_signed(const Byte *cell, Py_ssize_t size)
{
    int unused = (int)(64 - 8 * size);
    return (int64_t)(read_big(cell, size) << unused) >> unused;
}

extern const char TWO_DIGITS[201];

/* Write the digits of a number; return where they end. At most 20 characters. */
char *write_digits(char *at, uint64_t number);

static inline char *write_two(char *at, unsigned number)
{
    memcpy(at, TWO_DIGITS + 2 * number, 2);
    return at + 2;
}

/* Tell whether a text in ASCII of this length is within the column's limits. */
static inline int fits(const Column *column, Py_ssize_t length)
{
    return length <= column->chars_max && length <= column->bytes_max;
}

Outcome write_text(Page *, const Column *, const Byte *, Py_ssize_t);
Outcome write_hex(Page *, const Column *, const Byte *, Py_ssize_t);
Outcome write_uuid(Page *, const Column *, const Byte *, Py_ssize_t);
Outcome write_inet(Page *, const Column *, const Byte *, Py_ssize_t);
Outcome write_boolean(Page *, const Column *, const Byte *, Py_ssize_t);
Outcome write_integer(Page *, const Column *, const Byte *, Py_ssize_t);
Outcome write_varint(Page *, const Column *, const Byte *, Py_ssize_t);
Outcome write_decimal(Page *, const Column *, const Byte *, Py_ssize_t);
Outcome write_fraction(Page *, const Column *, const Byte *, Py_ssize_t);
Outcome write_date(Page *, const Column *, const Byte *, Py_ssize_t);
Outcome write_time(Page *, const Column *, const Byte *, Py_ssize_t);
Outcome write_datetime(Page *, const Column *, const Byte *, Py_ssize_t);

/* arrange(data, rows, at, width, cut, rows_max): the lines sorted, and how to cut them. */
PyObject *arrange(PyObject *self, PyObject *args);

/* merge(pieces, at, width, low, high, cut, rows_max): the lines of sorted pieces, in stretches. */
PyObject *merge(PyObject *self, PyObject *args);

/* Take the powers of ten that write_fraction needs, as codec/compiled.py computes them, and whether
 * exponents have a plus sign. Without them write_fraction leaves all to Python. */
int fractions_start(const Byte *powers, Py_ssize_t size, int plus);

#endif
