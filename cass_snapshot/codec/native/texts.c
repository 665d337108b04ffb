/* Texts, hexadecimal, uuids and addresses. */
#include "encode.h"

#include <arpa/inet.h>
#include <sys/socket.h>

/* Both digits of each byte. */
static const char HEX_PAIRS[513] =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
    "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
    "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
    "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
    "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
    "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

/* What stands behind the backslash for a control character, 0 where that is \u00XX. */
static const char SHORT_ESCAPES[32] = {
    ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
};
enum { ESCAPE_MAX = 6 };

/* Count the bytes that JSON escapes, and tell whether there are any beyond ASCII, and commas or
 * brackets. */
static Py_ssize_t survey(const Byte *cell, Py_ssize_t size, int *ascii, int *separated)
{
    Py_ssize_t escaped = 0, separators = 0;
    Byte all = 0;
    for (Py_ssize_t i = 0; i < size; i++) {
        Byte byte = cell[i];
        escaped += (byte < 0x20) | (byte == '"') | (byte == '\\');
        separators += (byte == ',') | (byte == '[');
        all |= byte;
    }
    *ascii = all < 0x80;
    *separated = separators > 0;
    return escaped;
}

static int begins(const char *at, const char *end, const char *word)
{
    size_t length = strlen(word);
    return (size_t)(end - at) >= length && memcmp(at, word, length) == 0;
}

/* Tell whether a text as it was written holds what codec/plain.py calls not plain: a word behind a
 * comma or bracket, or a backslash before u or f. */
static int is_odd(const char *at, const char *end)
{
    for (; at < end; at++) {
        const char *next = at + 1;
        if (*at == '\\' && (begins(next, end, "u") || begins(next, end, "f")))
            return 1;
        if ((*at == ',' || *at == '[') && (begins(next, end, "null") || begins(next, end, "true") ||
                                           begins(next, end, "false")))
            return 1;
    }
    return 0;
}

static char *write_escape(char *at, Byte byte)
{
    *at++ = '\\';
    if (byte >= 0x20) {
        *at++ = (char)byte;
    } else if (SHORT_ESCAPES[byte]) {
        *at++ = SHORT_ESCAPES[byte];
    } else {
        memcpy(at, "u00", 3);
        memcpy(at + 3, HEX_PAIRS + 2 * byte, 2);
        at += 5;
    }
    return at;
}

/* The length of a well-formed UTF-8 sequence beyond ASCII and its code point; 0 where it is none.
 * Unicode 15, table 3-7: no surrogate, nothing beyond U+10FFFF, nothing longer than it need be. */
static Py_ssize_t sequence(const Byte *cell, Py_ssize_t left, uint32_t *code)
{
    Byte first = cell[0];
    Py_ssize_t size = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (size == 0 || size > left)
        return 0;
    uint32_t found = first & (0xFF >> (size + 1));
    for (Py_ssize_t i = 1; i < size; i++) {
        if ((cell[i] & 0xC0) != 0x80)
            return 0;
        found = found << 6 | (cell[i] & 0x3F);
    }
    int too_long = (size == 3 && found < 0x800) || (size == 4 && found < 0x10000);
    if (too_long || (found >= 0xD800 && found < 0xE000) || found > 0x10FFFF)
        return 0;
    *code = found;
    return size;
}

/* Write a text that is not plain ASCII; NULL where it is not valid or beyond the limits. */
static char *write_checked(char *at, const Column *column, const Byte *cell, Py_ssize_t size)
{
    Py_ssize_t chars = 0;
    for (const Byte *end = cell + size; cell < end; chars++) {
        uint32_t code = *cell;
        if (code >= 0x80) {
            Py_ssize_t length = sequence(cell, end - cell, &code);
            if (length == 0)
                return NULL;
            memcpy(at, cell, (size_t)length);
            at += length;
            cell += length;
        } else {
            if (code < 0x20 || code == '"' || code == '\\')
                at = write_escape(at, *cell);
            else
                *at++ = (char)code;
            cell++;
        }
        if (code > (uint64_t)column->code_max)
            return NULL;
    }
    return chars <= column->chars_max ? at : NULL;
}

Outcome write_text(Page *page, const Column *column, const Byte *cell, Py_ssize_t size)
{
    if (size > column->bytes_max || (!column->spaces && size && cell[size - 1] == ' '))
        return OTHER;
    int ascii, separated;
    Py_ssize_t escaped = survey(cell, size, &ascii, &separated);
    if (escaped > (PY_SSIZE_T_MAX - size - 2) / ESCAPE_MAX)
        return OTHER;
    char *at = page_room(page, size + 2 + escaped * (ESCAPE_MAX - 1));
    if (at == NULL)
        return FAILED;
    *at++ = '"';
    if (ascii && escaped == 0 && column->code_max >= 0x7F) {
        if (size > column->chars_max)
            return OTHER;
        memcpy(at, cell, (size_t)size);
        at += size;
    } else if ((at = write_checked(at, column, cell, size)) == NULL) {
        return OTHER;
    }
    *at++ = '"';
    if (escaped || separated)
        page->odd |= is_odd(page->at, at);
    page->at = at;
    return WRITTEN;
}

static char *write_hex_digits(char *at, const Byte *cell, Py_ssize_t size)
{
    for (Py_ssize_t i = 0; i < size; i++)
        memcpy(at + 2 * i, HEX_PAIRS + 2 * cell[i], 2);
    return at + 2 * size;
}

Outcome write_hex(Page *page, const Column *column, const Byte *cell, Py_ssize_t size)
{
    if (size < column->bytes_min || size > column->bytes_max)
        return OTHER;
    char *at = page_room(page, 2 * size + 2);
    if (at == NULL)
        return FAILED;
    *at++ = '"';
    at = write_hex_digits(at, cell, size);
    *at++ = '"';
    page->at = at;
    return WRITTEN;
}

Outcome write_uuid(Page *page, const Column *column, const Byte *cell, Py_ssize_t size)
{
    enum { LENGTH = 36 };
    static const Byte GROUPS[] = {4, 2, 2, 2, 6};
    if (size != 16 || !fits(column, LENGTH))
        return OTHER;
    char *at = page_room(page, LENGTH + 2);
    if (at == NULL)
        return FAILED;
    for (size_t group = 0; group < sizeof GROUPS; group++) {
        *at++ = group ? '-' : '"';
        at = write_hex_digits(at, cell, GROUPS[group]);
        cell += GROUPS[group];
    }
    *at++ = '"';
    page->at = at;
    return WRITTEN;
}

Outcome write_inet(Page *page, const Column *column, const Byte *cell, Py_ssize_t size)
{
    if (size != 4 && size != 16)
        return OTHER;
    char *at = page_room(page, INET6_ADDRSTRLEN + 2);
    if (at == NULL)
        return FAILED;
    if (inet_ntop(size == 4 ? AF_INET : AF_INET6, cell, at + 1, INET6_ADDRSTRLEN) == NULL)
        return OTHER;
    Py_ssize_t length = (Py_ssize_t)strlen(at + 1);
    if (!fits(column, length))
        return OTHER;
    at[0] = at[length + 1] = '"';
    page->at = at + length + 2;
    return WRITTEN;
}
