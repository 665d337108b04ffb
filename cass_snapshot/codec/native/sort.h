/* Lines sorted by a key that is their first values: strings as bytes compare, integers as numbers.
 *
 * A Sort begins as zeros with `parts`, takes lines, is sorted, and ends with sort_end. It needs no
 * lock of Python's, and the texts that it was given stay where they are until its end. A line whose
 * key has an escape, or is of another kind, is not for it: OTHER_LINES. Text that does not end with
 * a line is no lines at all: BROKEN_LINES. */
#ifndef CASS_SNAPSHOT_SORT_H
#define CASS_SNAPSHOT_SORT_H

#include "encode.h"

typedef struct {
    const char *text;
    Py_ssize_t size;
} Line;

/* Where the keys of all lines begin to differ, as a number: it decides nearly every comparison. */
typedef struct {
    uint64_t head;
    Py_ssize_t line;
} Mark;

typedef struct {
    const char *parts;       /* a letter for each value of the key: `t`ext or `i`nteger */
    Py_ssize_t common;       /* how many bytes the lines have in common at their beginning */
    const char *low;         /* the least key that is wanted, as a line begins; NULL for any */
    const char *high;        /* the least one above that is not */
    Line *lines;
    Mark *marks;
    Mark *spare;
    Py_ssize_t *ends;        /* where each ascending stretch of marks ends */
    Py_ssize_t runs;
    Py_ssize_t count;
    Py_ssize_t room;         /* of each array but `spare` */
} Sort;

typedef enum { SORTED, OTHER_LINES, BROKEN_LINES, NO_MEMORY } Result;

/* Return where the key ends of a line that begins at `at`; NULL where it is of another kind. */
const char *key_end(const char *parts, const char *at, const char *end);

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
