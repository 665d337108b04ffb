/* Lines sorted by a key of fixed width that stands at the same place in each, as bytes compare.
 *
 * A Sort begins as zeros with `at` and `width`, takes lines, is sorted, and ends with sort_end. It
 * needs no lock of Python's, and the texts that it was given stay where they are until its end. */
#ifndef CASS_SNAPSHOT_SORT_H
#define CASS_SNAPSHOT_SORT_H

#include "encode.h"

typedef struct {
    const char *text;
    Py_ssize_t size;
} Line;

/* Eight bytes of a line's key as a number, which decide nearly every comparison, and which line. */
typedef struct {
    uint64_t head;
    Py_ssize_t line;
} Mark;

typedef struct {
    Py_ssize_t at;           /* where the key begins in every line */
    Py_ssize_t width;        /* and how many bytes it has, */
    Py_ssize_t common;       /* of which the first ones are the same in all lines */
    const char *low;         /* the least key that is wanted, NULL for any */
    const char *high;        /* the least one above that is not */
    Line *lines;
    Mark *marks;
    Mark *spare;
    Py_ssize_t *ends;        /* where each ascending stretch of marks ends */
    Py_ssize_t runs;
    Py_ssize_t count;
    Py_ssize_t room;         /* of each array but `spare` */
} Sort;

typedef enum { SORTED, OTHER_LINES, NO_MEMORY } Result;

/* Take note of the lines of a text; with bounds, of those between them, and the text is sorted. */
Result find_lines(Sort *sort, const char *data, const char *end);

/* Bring what was found into order; of equal keys the later one stays later. */
Result sort_lines(Sort *sort);

/* Return where the stretch ends that begins at `first`, and its size: with the line that brings it
 * to `cut` bytes or to `rows_max` rows. */
Py_ssize_t stretch_end(const Sort *sort, Py_ssize_t first, Py_ssize_t cut, Py_ssize_t rows_max,
                       Py_ssize_t *size);

/* Write the sorted lines from `first` to before `end`. */
void copy_lines(const Sort *sort, Py_ssize_t first, Py_ssize_t end, char *to);

void sort_end(Sort *sort);

#endif
