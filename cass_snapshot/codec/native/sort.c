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

static inline int is_digit(char sign)
{
    return sign >= '0' && sign <= '9';
}

const char *key_end(const char *parts, const char *at, const char *end)
{
    if (at == end || *at++ != '[')
        return NULL;
    for (; *parts; parts++) {
        const char *begin = at;
        if (*parts == 't') {
            if (at == end || *at++ != '"')
                return NULL;
            while (at < end && *at != '"')
                if (*at++ == '\\')
                    return NULL;
            at += at < end;
        } else {
            at += at < end && *at == '-';
            for (begin = at; at < end && is_digit(*at);)
                at++;
        }
        if (at == begin || at == end || *at != (parts[1] ? ',' : *at == ']' ? ']' : ','))
            return NULL;
        at++;
    }
    return at;
}

static int compare_integers(const char **one, const char **other)
{
    int minus = **one == '-', plus = **other != '-';
    if (minus == plus)
        return minus ? -1 : 1;
    const char *left = *one + minus, *right = *other + minus;
    Py_ssize_t size = 0, more = 0;
    while (is_digit(left[size]))
        size++;
    while (is_digit(right[more]))
        more++;
    int result = size != more ? (size > more) - (size < more) : memcmp(left, right, (size_t)size);
    *one = left + size;
    *other = right + more;
    return minus ? (result < 0) - (result > 0) : result;
}

/* Compare the keys of two lines that have one. */
static int compare_keys(const char *parts, const char *one, const char *other)
{
    for (one++, other++; *parts; parts++, one++, other++) {
        int result;
        if (*parts == 't') {
            for (one++, other++; *one == *other && *one != '"'; one++, other++)
                ;
            /* An end is below every sign, also below a space. */
            result = *one == *other ? 0 : *one == '"' ? -1 : *other == '"' ? 1 : (Byte)*one - (Byte)*other;
            one++;
            other++;
        } else
            result = compare_integers(&one, &other);
        if (result != 0)
            return result;
    }
    return 0;
}

static inline int after(const Sort *sort, const Mark *one, const Mark *other)
{
    if (one->head != other->head)
        return one->head > other->head;
    return compare_keys(sort->parts, sort->lines[one->line].text, sort->lines[other->line].text) > 0;
}

static inline int below(const Sort *sort, const char *line, const char *bound)
{
    return compare_keys(sort->parts, line, bound) < 0;
}

static inline Result add_line(Sort *sort, const char *line, Py_ssize_t size, Py_ssize_t key)
{
    Py_ssize_t i = sort->count, same = 0;
    if (i == sort->room && !sort_grow(sort))
        return NO_MEMORY;
    sort->lines[i] = (Line){line, size};
    Py_ssize_t most = i == 0 || key < sort->common ? key : sort->common;
    while (same < most && line[same] == sort->lines[0].text[same])
        same++;
    sort->common = same;
    sort->count++;
    return SORTED;
}

Result find_lines(Sort *sort, const char *data, const char *end)
{
    int early = sort->low != NULL;
    Result result = SORTED;
    while (data < end && result == SORTED) {
        const char *stop = memchr(data, '\n', (size_t)(end - data));
        if (stop == NULL)
            return BROKEN_LINES;
        const char *behind = key_end(sort->parts, data, stop);
        if (behind == NULL)
            return OTHER_LINES;
        if (sort->high != NULL && !below(sort, data, sort->high))
            return SORTED;
        early = early && below(sort, data, sort->low);
        if (!early)
            result = add_line(sort, data, stop + 1 - data, behind - data);
        data = stop + 1;
    }
    return result;
}

/* Return a number that is larger where an integer is; integers beyond 63 bits share two of them. */
static uint64_t head_of_integer(const char *at)
{
    const uint64_t middle = (uint64_t)1 << 63;
    int minus = *at == '-';
    uint64_t size = 0;
    for (at += minus; is_digit(*at); at++) {
        if (size > (middle - 10) / 10)
            return minus ? 0 : UINT64_MAX;
        size = 10 * size + (uint64_t)(*at - '0');
    }
    return minus ? middle - size : middle + size;
}

/* Return eight bytes of the texts from a place on, with a zero at the end of each, as a number. */
static uint64_t head_of_texts(const char *parts, const char *at)
{
    uint64_t head = 0;
    int left = 8;
    while (left > 0) {
        int ends = *at == '"';
        head = head << 8 | (ends ? 0 : (Byte)*at);
        left--;
        at += ends ? 3 : 1; /* over the quote, a comma and the next quote */
        if (ends && *++parts != 't')
            break;
    }
    return left > 0 ? head << (8 * left) : head;
}

/* Give each line its mark, and see which stretches of lines are in order already. */
static void mark_lines(Sort *sort)
{
    const char *first = sort->lines[0].text, *at = first + 1, *parts = sort->parts;
    /* The place is that of the first value that is not the same in all lines, and the same in all;
     * of a text that begins alike, behind what is alike. */
    for (;; parts++) {
        const char *behind = at;
        if (*parts == 't')
            behind = (const char *)memchr(at + 1, '"', (size_t)sort->lines[0].size) + 1;
        else
            while (*behind == '-' || is_digit(*behind))
                behind++;
        if (behind - first >= sort->common || parts[1] == 0)
            break;
        at = behind + 1;
    }
    Py_ssize_t place = at - first + (*parts == 't');
    if (*parts == 't' && sort->common > place) {
        const char *end = memchr(first + place, '"', (size_t)sort->lines[0].size);
        place = end - first < sort->common ? end - first : sort->common;
    }
    for (Py_ssize_t i = 0; i < sort->count; i++) {
        const char *line = sort->lines[i].text + place;
        sort->marks[i] = (Mark){*parts == 't' ? head_of_texts(parts, line) : head_of_integer(line), i};
        if (i > 0 && after(sort, sort->marks + i - 1, sort->marks + i))
            sort->ends[sort->runs++] = i;
    }
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
    mark_lines(sort);
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
