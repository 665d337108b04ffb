/* Binary fractions: the shortest digits that read back equal, and of those the closest.
 *
 * Raffaello Giulietti, "The Schubfach way to render doubles" (2021). A double is c * 2^q; every
 * number between the middles to its neighbours reads back as it. With k such that 10^k is no longer
 * than that interval, one of the multiples of 10^k or 10^(k + 1) next to the double is the answer.
 * All is compared in units of 10^k / 4, as whole numbers rounded to odd, which compare as the exact
 * ones do when the powers of ten have 126 bits or more. */
#include "encode.h"

enum {
    POWER_MIN = -292, /* of the powers of ten: -k, by the exponents of doubles */
    POWER_MAX = 324,
    BIAS = 1075,
    MANTISSA_BITS = 52,
    FRACTION_MAX = 26,
    PLAIN_POINT_MAX = 16, /* digits before the point without an exponent, as orjson has it */
    PLAIN_POINT_MIN = -5, /* zeros behind the point, below that an exponent */
};

/* 10^n in 128 bits, the first of them set, rounded up. */
static struct { uint64_t high, low; } POWERS[POWER_MAX - POWER_MIN + 1];
/* Whether an exponent that is positive has its sign: orjson changed that. */
static int PLUS;

int fractions_start(const Byte *powers, Py_ssize_t size, int plus)
{
    if (size != (Py_ssize_t)sizeof POWERS)
        return 0;
    for (size_t i = 0; i < sizeof POWERS / sizeof *POWERS; i++) {
        POWERS[i].high = read_big(powers + 16 * i, 8);
        POWERS[i].low = read_big(powers + 16 * i + 8, 8);
    }
    PLUS = plus;
    return 1;
}

/* The whole part of the logarithms, by multiplication; right shifts of negatives round down. */
static int log10_of_power_of_2(int e) { return (int)((e * (int64_t)1262611) >> 22); }
static int log10_of_three_quarters(int e) { return (int)((e * (int64_t)1262611 - 524031) >> 22); }
static int log2_of_power_of_10(int e) { return (int)((e * (int64_t)1741647) >> 19); }

/* The product of a power of ten and `number`, its 128 upper bits rounded to odd. */
static uint64_t product(int power, uint64_t number)
{
    Wide low = (Wide)POWERS[power - POWER_MIN].low * number;
    Wide high = (Wide)POWERS[power - POWER_MIN].high * number + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* Find the digits of c * 2^q and their exponent. */
static uint64_t shortest(uint64_t c, int q, int *exponent)
{
    int uneven = c == (uint64_t)1 << MANTISSA_BITS && q > 1 - BIAS; /* its lower neighbour is nearer */
    int k = uneven ? log10_of_three_quarters(q) : log10_of_power_of_2(q);
    int shift = q + log2_of_power_of_10(-k) + 1;
    uint64_t odd = c & 1; /* the ends of the interval read back as the even neighbour */
    uint64_t middle = product(-k, 4 * c << shift);
    uint64_t lower = product(-k, (4 * c - 2 + (uint64_t)uneven) << shift) + odd;
    uint64_t upper = product(-k, (4 * c + 2) << shift) - odd;
    uint64_t s = middle / 4;
    *exponent = k;
    if (s >= 10) {
        uint64_t ten = s / 10 * 40;
        int below = lower <= ten, above = ten + 40 <= upper;
        if (below != above) {
            *exponent = k + 1;
            return s / 10 + (uint64_t)above;
        }
    }
    int below = lower <= 4 * s, above = 4 * s + 4 <= upper;
    if (below != above)
        return s + (uint64_t)above;
    uint64_t half = 4 * s + 2;
    return s + (middle > half || (middle == half && (s & 1)));
}

/* Write digits * 10^exponent as orjson does: with a point or an exponent. */
static char *write_shape(char *at, uint64_t number, int exponent)
{
    while (number % 10 == 0) {
        number /= 10;
        exponent++;
    }
    char digits[20];
    int count = (int)(write_digits(digits, number) - digits), point = count + exponent;
    if (point > PLAIN_POINT_MAX || point <= PLAIN_POINT_MIN) {
        *at++ = digits[0];
        if (count > 1) {
            *at++ = '.';
            memcpy(at, digits + 1, (size_t)count - 1);
            at += count - 1;
        }
        *at++ = 'e';
        if (point < 1)
            *at++ = '-';
        else if (PLUS)
            *at++ = '+';
        return write_digits(at, (uint64_t)(point < 1 ? 1 - point : point - 1));
    }
    if (point <= 0) {
        memcpy(at, "0.0000", 6);
        at += 2 - point;
    }
    for (int i = 0; i < count || i < point; i++) {
        if (i == point && i > 0)
            *at++ = '.';
        *at++ = i < count ? digits[i] : '0';
    }
    if (count <= point) {
        *at++ = '.';
        *at++ = '0';
    }
    return at;
}

static uint64_t widened(uint32_t bits)
{
    float narrow;
    memcpy(&narrow, &bits, sizeof narrow);
    double wide = narrow;
    uint64_t found;
    memcpy(&found, &wide, sizeof found);
    return found;
}

Outcome write_fraction(Page *page, const Column *column, const Byte *cell, Py_ssize_t size)
{
    if (size != column->width || (size != 4 && size != 8))
        return OTHER;
    uint64_t bits = size == 4 ? widened((uint32_t)read_big(cell, 4)) : read_big(cell, 8);
    int negative = (int)(bits >> 63), exponent = (int)(bits >> MANTISSA_BITS & 0x7FF);
    uint64_t c = bits & (((uint64_t)1 << MANTISSA_BITS) - 1);
    if (exponent == 0x7FF || POWERS[0].high == 0)
        return OTHER;
    int zero = exponent == 0 && c == 0;
    if (negative && ((zero && column->identity) || (!zero && column->least == 0)))
        return OTHER;
    char *at = page_room(page, FRACTION_MAX);
    if (at == NULL)
        return FAILED;
    *at = '-';
    at += negative;
    if (zero) {
        memcpy(at, "0.0", 3);
        page->at = at + 3;
        return WRITTEN;
    }
    if (exponent)
        c |= (uint64_t)1 << MANTISSA_BITS;
    int q = (exponent ? exponent : 1) - BIAS, scale;
    uint64_t digits = shortest(c, q, &scale);
    page->at = write_shape(at, digits, scale);
    return WRITTEN;
}
