/* Dates, times of day and instants; proleptic Gregorian, UTC. */
#include "encode.h"

/* Days from 1970-01-01 to 1000-01-01 and to 9999-12-31: codec/calendar.py. */
static const int64_t DAYS_MIN = -354285, DAYS_MAX = 2932896;
static const int64_t DAY_MS = 86400000, DAY_NS = 86400000000000;

/* Write YYYY-MM-DD. The year is counted from March, so that the leap day is its last: then months
 * begin at (153 * month + 2) / 5, and 400 years have 146,097 days. */
static char *write_day(char *at, int64_t days)
{
    enum { CENTURIES_4 = 146097, TO_1970 = 719468 };
    uint32_t since = (uint32_t)(days + TO_1970); /* from 0000-03-01 */
    uint32_t cycle = since / CENTURIES_4, day = since % CENTURIES_4;
    uint32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    uint32_t month = (5 * day + 2) / 153;
    day -= (153 * month + 2) / 5;
    year += 400 * cycle + (month >= 10);
    at = write_two(write_two(at, year / 100), year % 100);
    *at++ = '-';
    at = write_two(at, month < 10 ? month + 3 : month - 9);
    *at++ = '-';
    return write_two(at, day + 1);
}

/* Write HH:MM:SS and a point. */
static char *write_clock(char *at, uint32_t seconds)
{
    at = write_two(at, seconds / 3600);
    *at++ = ':';
    at = write_two(at, seconds / 60 % 60);
    *at++ = ':';
    at = write_two(at, seconds % 60);
    *at++ = '.';
    return at;
}

static int within(const Column *column, int64_t number)
{
    return number >= column->least && number <= column->most && number % column->unit == 0;
}

Outcome write_date(Page *page, const Column *column, const Byte *cell, Py_ssize_t size)
{
    if (size != 4)
        return OTHER;
    int64_t days = (int64_t)read_big(cell, 4) - column->origin;
    if (days < DAYS_MIN || days > DAYS_MAX || !within(column, days) || !fits(column, 10))
        return OTHER;
    char *at = page_room(page, 12);
    if (at == NULL)
        return FAILED;
    *at++ = '"';
    at = write_day(at, days);
    *at++ = '"';
    page->at = at;
    return WRITTEN;
}

Outcome write_time(Page *page, const Column *column, const Byte *cell, Py_ssize_t size)
{
    if (size != 8)
        return OTHER;
    int64_t nanos = read_signed(cell, 8);
    if (nanos < 0 || nanos >= DAY_NS || nanos % 1000 || !within(column, nanos) || !fits(column, 15))
        return OTHER;
    char *at = page_room(page, 17);
    if (at == NULL)
        return FAILED;
    uint32_t micros = (uint32_t)(nanos / 1000 % 1000000);
    *at++ = '"';
    at = write_clock(at, (uint32_t)(nanos / 1000000000));
    at = write_two(write_two(write_two(at, micros / 10000), micros / 100 % 100), micros % 100);
    *at++ = '"';
    page->at = at;
    return WRITTEN;
}

Outcome write_datetime(Page *page, const Column *column, const Byte *cell, Py_ssize_t size)
{
    if (size != 8)
        return OTHER;
    int64_t millis = read_signed(cell, 8);
    if (millis < DAYS_MIN * DAY_MS || millis >= (DAYS_MAX + 1) * DAY_MS)
        return OTHER;
    if (!within(column, millis) || !fits(column, 23))
        return OTHER;
    char *at = page_room(page, 25);
    if (at == NULL)
        return FAILED;
    uint64_t since = (uint64_t)(millis - DAYS_MIN * DAY_MS);
    uint32_t rest = (uint32_t)(since % (uint64_t)DAY_MS), milli = rest % 1000;
    *at++ = '"';
    at = write_day(at, (int64_t)(since / (uint64_t)DAY_MS) + DAYS_MIN);
    *at++ = ' ';
    at = write_clock(at, rest / 1000);
    *at++ = (char)('0' + milli / 100);
    at = write_two(at, milli % 100);
    *at++ = '"';
    page->at = at;
    return WRITTEN;
}
