#include "sort.h"

#define AHEAD 6              /* lines asked of memory before they are copied: they lie anywhere */

void sort_end(Sort *sort)
{
    PyMem_RawFree(sort->lines);
    PyMem_RawFree(sort->marks);
    PyMem_RawFree(sort->spare);
    PyMem_RawFree(sort->ends);
}

static int grow(void **array, Py_ssize_t room, size_t each)
{
    void *larger = PyMem_RawRealloc(*array, (size_t)room * each);
    if (larger != NULL)
        *array = larger;
    return larger != NULL;
}

static int sort_grow(Sort *sort)
{
    Py_ssize_t room = 2 * sort->room + 1024;
    if (!grow((void **)&sort->lines, room, sizeof(Line)) || !grow((void **)&sort->marks, room, sizeof(Mark)) ||
        !grow((void **)&sort->ends, room, sizeof(Py_ssize_t)))
        return 0;
    sort->room = room;
    return 1;
}

static inline uint64_t head_of(const Sort *sort, const char *line)
{
    const Byte *at = (const Byte *)line + sort->at + sort->common;
    Py_ssize_t left = sort->width - sort->common;
    return left < 8 ? read_big(at, left) : read_big(at, 8);
}

static inline int after(const Sort *sort, const Mark *one, const Mark *other)
{
    if (one->head != other->head)
        return one->head > other->head;
    return memcmp(sort->lines[one->line].text + sort->at, sort->lines[other->line].text + sort->at,
                  (size_t)sort->width) > 0;
}

static inline int below(const Sort *sort, const char *line, const char *bound)
{
    return memcmp(line + sort->at, bound, (size_t)sort->width) < 0;
}

static inline Result add_line(Sort *sort, const char *line, Py_ssize_t size)
{
    Py_ssize_t i = sort->count;
    if (i == sort->room && !sort_grow(sort))
        return NO_MEMORY;
    sort->lines[i] = (Line){line, size};
    sort->marks[i] = (Mark){head_of(sort, line), i};
    if (i > 0 && after(sort, sort->marks + i - 1, sort->marks + i))
        sort->ends[sort->runs++] = i;
    sort->count++;
    return SORTED;
}

Result find_lines(Sort *sort, const char *data, const char *end)
{
    int early = sort->low != NULL;
    Result result = SORTED;
    while (data < end && result == SORTED) {
        const char *stop = memchr(data, '\n', (size_t)(end - data));
        if (stop == NULL || stop - data < sort->at + sort->width)
            return OTHER_LINES;
        if (sort->high != NULL && !below(sort, data, sort->high))
            return SORTED;
        early = early && below(sort, data, sort->low);
        if (!early)
            result = add_line(sort, data, stop + 1 - data);
        data = stop + 1;
    }
    return result;
}

static void merge_two(const Sort *sort, const Mark *left, const Mark *middle, const Mark *high, Mark *to)
{
    const Mark *right = middle;
    while (left < middle && right < high) {
        /* Of equal keys the left one comes first: the sort is stable. Which is taken cannot be
         * foreseen, so there is no jump that depends on it. */
        Py_ssize_t take_right = left->head > right->head;
        if (__builtin_expect(left->head == right->head, 0))
            take_right = after(sort, left, right);
        *to++ = left[(right - left) * take_right];
        right += take_right;
        left += 1 - take_right;
    }
    memcpy(to, left, (size_t)(middle - left) * sizeof(Mark));
    memcpy(to + (middle - left), right, (size_t)(high - right) * sizeof(Mark));
}

/* What is in order already is merged, neighbours with neighbours. */
Result sort_lines(Sort *sort)
{
    if (sort->count == 0)
        return SORTED;
    sort->ends[sort->runs++] = sort->count;
    if (sort->runs == 1)
        return SORTED;
    if (!grow((void **)&sort->spare, sort->count, sizeof(Mark)))
        return NO_MEMORY;
    while (sort->runs > 1) {
        Py_ssize_t low = 0, made = 0;
        for (Py_ssize_t run = 0; run < sort->runs; run += 2) {
            Py_ssize_t middle = sort->ends[run];
            Py_ssize_t high = run + 1 < sort->runs ? sort->ends[run + 1] : middle;
            merge_two(sort, sort->marks + low, sort->marks + middle, sort->marks + high, sort->spare + low);
            sort->ends[made++] = low = high;
        }
        sort->runs = made;
        Mark *done = sort->spare;
        sort->spare = sort->marks;
        sort->marks = done;
    }
    return SORTED;
}

Py_ssize_t stretch_end(const Sort *sort, Py_ssize_t first, Py_ssize_t cut, Py_ssize_t rows_max,
                       Py_ssize_t *size)
{
    Py_ssize_t end = first;
    *size = 0;
    do
        *size += sort->lines[sort->marks[end++].line].size;
    while (end < sort->count && *size < cut && end - first < rows_max);
    return end;
}

void copy_lines(const Sort *sort, Py_ssize_t first, Py_ssize_t end, char *to)
{
    for (Py_ssize_t i = first; i < end; i++) {
        const Line *line = sort->lines + sort->marks[i].line;
        const char *soon = sort->lines[sort->marks[i + AHEAD < end ? i + AHEAD : i].line].text;
        for (Py_ssize_t ahead = 0; ahead < 256; ahead += 64)
            __builtin_prefetch(soon + ahead);
        memcpy(to, line->text, (size_t)line->size);
        to += line->size;
    }
}
