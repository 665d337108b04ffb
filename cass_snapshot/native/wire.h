/* Cells as CQL's native protocol sends them in a page of rows: the size in four bytes, big-endian and
 * negative for null, then so many bytes; no end of a cell or row is marked.
 * (native_protocol_v5.spec, section 4.2.5.2 and [bytes] of section 3) */
#ifndef CASS_SNAPSHOT_WIRE_H
#define CASS_SNAPSHOT_WIRE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

typedef struct {
    const unsigned char *at;
    const unsigned char *end;
} Wire;

/* Take the next cell; `size` is -1 for null. NULL where the bytes end before it does. */
static inline const unsigned char *wire_cell(Wire *wire, Py_ssize_t *size)
{
    const unsigned char *at = wire->at;
    if (wire->end - at < 4)
        return NULL;
    int32_t stated = (int32_t)((uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
                               (uint32_t)at[3]);
    at += 4;
    if (stated > wire->end - at)
        return NULL;
    *size = stated < 0 ? -1 : stated;
    wire->at = at + (stated < 0 ? 0 : stated);
    return at;
}

#endif
