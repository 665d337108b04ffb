/* Booleans, whole numbers and decimals. */
#include "encode.h"

enum {
    NUMBER_MAX = 24,       /* characters of 64 bits with sign and quotes */
    WIDE_BYTES = 16,       /* the longest varint or unscaled number that is written here */
    WIDE_DIGITS = 39,      /* the digits of 128 bits */
    SCALE_BYTES = 4,
    PLAIN_SCALE_MAX = 40,  /* beyond it a decimal has an exponent */
    DECIMAL_MAX = 2 * WIDE_DIGITS + PLAIN_SCALE_MAX,
};
static const int64_t EXPONENT_MAX = (1 << 30) - 1; /* as in codec/digits.py */
static const uint64_t CHUNK = 10000000000000000000u; /* the greatest power of ten in 64 bits */

char const TWO_DIGITS[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
    "49505152535455565758596061626364656667686970717273747576777879808182838485868788899091929394959697"
    "9899";

static int count_digits(uint64_t number)
{
    int digits = 1;
    for (; number >= 10000; number /= 10000)
        digits += 4;
    return digits + (number >= 10) + (number >= 100) + (number >= 1000);
}

/* Write the last `digits` digits of a number, zeros before it. */
static void write_padded(char *at, uint64_t number, int digits)
{
    while (digits >= 2) {
        digits -= 2;
        write_two(at + digits, (unsigned)(number % 100));
        number /= 100;
    }
    if (digits)
        *at = (char)('0' + number % 10);
}

char *write_digits(char *at, uint64_t number)
{
    int digits = count_digits(number);
    write_padded(at, number, digits);
    return at + digits;
}

static char *write_wide(char *at, Wide number)
{
    if (number < CHUNK)
        return write_digits(at, (uint64_t)number);
    at = write_wide(at, number / CHUNK);
    write_padded(at, (uint64_t)(number % CHUNK), 19);
    return at + 19;
}

Outcome write_boolean(Page *page, const Column *column, const Byte *cell, Py_ssize_t size)
{
    if (size != 1 || (column->identity && cell[0] > 1))
        return OTHER;
    char *at = page_room(page, 5);
    if (at == NULL)
        return FAILED;
    memcpy(at, cell[0] ? "true" : "false", cell[0] ? 4 : 5);
    page->at = at + (cell[0] ? 4 : 5);
    return WRITTEN;
}

static Outcome write_number(Page *page, const Column *column, int64_t number)
{
    if (number < column->least || number > column->most)
        return OTHER;
    char *start = page_room(page, NUMBER_MAX), *at = start;
    if (at == NULL)
        return FAILED;
    if (column->quoted)
        *at++ = '"';
    char *text = at;
    if (number < 0)
        *at++ = '-';
    at = write_digits(at, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
    if (!fits(column, at - text))
        return OTHER;
    if (column->quoted)
        *at++ = '"';
    page->at = at;
    return WRITTEN;
}

Outcome write_integer(Page *page, const Column *column, const Byte *cell, Py_ssize_t size)
{
    if (size != column->width || size < 1 || size > 8)
        return OTHER;
    /* Dates alone have an origin; they are unsigned, and of four bytes. */
    int64_t number = column->origin ? (int64_t)read_big(cell, size) - column->origin
                                    : read_signed(cell, size);
    return write_number(page, column, number);
}

/* Read a two's complement number of 1 to 16 bytes as sign and magnitude. */
static int read_wide(const Byte *cell, Py_ssize_t size, Wide *magnitude)
{
    int negative = cell[0] >> 7;
    Wide number = negative ? ~(Wide)0 : 0;
    for (Py_ssize_t i = 0; i < size; i++)
        number = number << 8 | cell[i];
    *magnitude = negative ? 0 - number : number;
    return negative;
}

/* Tell whether a number has no byte too many, where its column must tell bytes apart. */
static int told(const Column *column, const Byte *cell, Py_ssize_t size)
{
    if (!column->identity || size < 2)
        return 1;
    return !(cell[0] == 0 && cell[1] < 0x80) && !(cell[0] == 0xFF && cell[1] >= 0x80);
}

/* Bounds of a varint are those of 64 bits; where there are others, the width allows no more. */
Outcome write_varint(Page *page, const Column *column, const Byte *cell, Py_ssize_t size)
{
    if (size < 1 || size > column->width || !told(column, cell, size))
        return OTHER;
    if (size <= 8)
        return write_number(page, column, read_signed(cell, size));
    Wide magnitude;
    int negative = read_wide(cell, size, &magnitude);
    if (negative && column->least == 0)
        return OTHER;
    char *at = page_room(page, WIDE_DIGITS + 3);
    if (at == NULL)
        return FAILED;
    *at++ = '"';
    *at = '-';
    char *digits = at + negative, *end = write_wide(digits, magnitude);
    if (end - digits > column->whole_max || !fits(column, end - at))
        return OTHER;
    *end++ = '"';
    page->at = end;
    return WRITTEN;
}

/* Tell whether a decimal's digits fit on both sides of the point; cut zeros for which there is no
 * room. As _check_decimal and _shortened in codec/digits.py. */
static int cut_to_fit(const Column *column, const char *digits, int *count, int64_t *scale)
{
    if (column->whole_max == PY_SSIZE_T_MAX && column->fraction_max < 0)
        return 1;
    if (*count == 1 && digits[0] == '0')
        return -EXPONENT_MAX <= *scale && *scale <= EXPONENT_MAX;
    if (*count - *scale > column->whole_max)
        return 0;
    if (column->fraction_max < 0 || *scale <= column->fraction_max)
        return 1;
    int64_t spare = *scale - column->fraction_max;
    if (spare >= *count)
        return 0;
    for (int64_t i = 1; i <= spare; i++)
        if (digits[*count - i] != '0')
            return 0;
    *count -= (int)spare;
    *scale = column->fraction_max;
    return 1;
}

/* Write digits with a point; `scale` of them stand behind it. */
static char *write_point(char *at, const char *digits, int count, int scale)
{
    int whole = count - scale;
    if (whole > 0) {
        memcpy(at, digits, (size_t)whole);
        at += whole;
        digits += whole;
        count = scale;
    } else {
        *at++ = '0';
    }
    *at++ = '.';
    memset(at, '0', (size_t)(scale - count));
    memcpy(at + scale - count, digits, (size_t)count);
    return at + scale;
}

static char *write_plain(char *at, const char *digits, int count, int64_t scale)
{
    if (0 < scale && scale <= PLAIN_SCALE_MAX)
        return write_point(at, digits, count, (int)scale);
    memcpy(at, digits, (size_t)count);
    at += count;
    if (scale == 0)
        return at;
    *at++ = 'E';
    *at++ = scale > 0 ? '-' : '+';
    return write_digits(at, (uint64_t)(scale > 0 ? scale : -scale));
}

Outcome write_decimal(Page *page, const Column *column, const Byte *cell, Py_ssize_t size)
{
    const Byte *unscaled = cell + SCALE_BYTES;
    size -= SCALE_BYTES;
    if (size < 1 || size > WIDE_BYTES || !told(column, unscaled, size))
        return OTHER;
    int64_t scale = read_signed(cell, SCALE_BYTES);
    Wide magnitude;
    int negative = read_wide(unscaled, size, &magnitude);
    if (negative && column->least == 0)
        return OTHER;
    char digits[WIDE_DIGITS];
    int count = (int)(write_wide(digits, magnitude) - digits);
    if (!cut_to_fit(column, digits, &count, &scale))
        return OTHER;
    char *at = page_room(page, DECIMAL_MAX);
    if (at == NULL)
        return FAILED;
    *at++ = '"';
    *at = '-';
    char *end = write_plain(at + negative, digits, count, scale);
    if (!fits(column, end - at))
        return OTHER;
    *end++ = '"';
    page->at = end;
    return WRITTEN;
}
