/* The rows that the compiled encoder is given, a row at a time. */
#ifndef CASS_SNAPSHOT_ROWS_H
#define CASS_SNAPSHOT_ROWS_H

#include "encode.h"
#include "wire.h"

enum { NULL_CELL = -1, NO_BYTES = -2 };

/* A cell of the row at hand; its size may be NULL_CELL or NO_BYTES, which is no cell at all. */
typedef struct {
    const Byte *bytes;
    Py_ssize_t size;
} Cell;

/* The rows of a page, taken one after the other: a list of tuples, or as they came over the wire. */
typedef struct {
    PyObject *list;          /* NULL: they are on the wire */
    Wire wire;
    Py_ssize_t count;
    Py_ssize_t width;
    Cell *cells;             /* of the row that was taken last */
} Rows;

/* Say what rows are given, of `rows->width` cells each; 0 with a Python error where it is neither
 * form of them. */
int rows_read(PyObject *given, Rows *rows);

/* Take a row into `rows->cells`; on the wire it is the next one. 0 where it is none of this table. */
int rows_take(Rows *rows, Py_ssize_t row);

#endif
