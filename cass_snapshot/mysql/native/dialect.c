/* cass_snapshot.mysql._dialect: words replaced in a text, all of them in one look at it. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#define WORDS_MAX 8

typedef struct {
    const char *old;
    Py_ssize_t old_size;
    const char *new;
    Py_ssize_t new_size;
} Word;

typedef struct {
    Word each[WORDS_MAX];
    Py_ssize_t count;
} Words;

/* Take pairs of words; 0 with a Python error where they are not as `replaced` promises. */
static int take_words(PyObject *pairs, Words *words)
{
    words->count = PyTuple_GET_SIZE(pairs);
    int fits = 0 < words->count && words->count <= WORDS_MAX;
    for (Py_ssize_t i = 0; fits && i < words->count; i++) {
        Word *word = words->each + i;
        if (!PyTuple_Check(PyTuple_GET_ITEM(pairs, i))) {
            PyErr_Format(PyExc_TypeError, "words are pairs");
            return 0;
        }
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(pairs, i), "y#y#", &word->old, &word->old_size, &word->new,
                              &word->new_size))
            return 0;
        fits = word->old_size > 1 && word->new_size <= word->old_size &&
               word->old[0] == words->each[0].old[0] &&
               memchr(word->old + 1, word->old[0], (size_t)word->old_size - 1) == NULL;
    }
    if (!fits)
        PyErr_Format(PyExc_ValueError, "not words with one sign before them, of which none grows");
    return fits;
}

static const Word *word_at(const Words *words, const char *at, const char *end)
{
    for (const Word *word = words->each; word < words->each + words->count; word++)
        /* The second byte alone tells nearly every other value from a word. */
        if (end - at >= word->old_size && at[1] == word->old[1] &&
            memcmp(at, word->old, (size_t)word->old_size) == 0)
            return word;
    return NULL;
}

/* Write a text with its words replaced; return where it ends, and how many there were. */
static char *write_replaced(const Words *words, const char *data, const char *end, char *to, Py_ssize_t *found)
{
    const char *sign = data;
    while ((sign = memchr(sign, words->each[0].old[0], (size_t)(end - sign))) != NULL) {
        const Word *word = word_at(words, sign, end);
        if (word == NULL) {
            sign++;
            continue;
        }
        memcpy(to, data, (size_t)(sign - data));
        to += sign - data;
        memcpy(to, word->new, (size_t)word->new_size);
        to += word->new_size;
        data = sign += word->old_size;
        ++*found;
    }
    memcpy(to, data, (size_t)(end - data));
    return to + (end - data);
}

PyDoc_STRVAR(replaced_doc,
"replaced(data, words)\n--\n\n"
"Return a text with words replaced, and how many there were. Words are pairs of an old one and a new\n"
"one that is no longer; the old ones begin with the same byte, which nothing else in them is.");

static PyObject *replaced(PyObject *self, PyObject *args)
{
    PyObject *text, *pairs;
    Words words;
    Py_ssize_t found = 0;
    (void)self;
    if (!PyArg_ParseTuple(args, "SO!", &text, &PyTuple_Type, &pairs) || !take_words(pairs, &words))
        return NULL;
    const char *data = PyBytes_AS_STRING(text), *end = data + PyBytes_GET_SIZE(text);
    PyObject *made = PyBytes_FromStringAndSize(NULL, end - data);
    if (made == NULL)
        return NULL;
    char *to = PyBytes_AS_STRING(made), *stop;
    Py_BEGIN_ALLOW_THREADS
    stop = write_replaced(&words, data, end, to, &found);
    Py_END_ALLOW_THREADS
    if (_PyBytes_Resize(&made, stop - to) < 0)
        return NULL;
    return Py_BuildValue("Nn", made, found);
}

static PyMethodDef METHODS[] = {
    {"replaced", replaced, METH_VARARGS, replaced_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT,
    .m_name = "cass_snapshot.mysql._dialect",
    .m_doc = "WAL lines as LOAD DATA reads them.",
    .m_methods = METHODS,
};

PyMODINIT_FUNC PyInit__dialect(void)
{
    return PyModuleDef_Init(&MODULE);
}
