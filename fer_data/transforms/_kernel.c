/* Images from stored bytes to a batch in one pass: gathered, flipped, moved, colored, shaded,
 * erased and scaled. `pixels.py` says the same in NumPy, and the results are equal to the bit:
 * every operation is on float32, in the same order, and none is fused (-ffp-contract=off).
 *
 * Each output row is made in short loops over small buffers, which compilers vectorise; where they
 * can, `transform_image` is compiled for several levels of the processor, one chosen at run time.
 */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000 /* Python 3.11 */
#include <Python.h>
#include <float.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#error "float32 is not computed as float32 here: the NumPy code is to be used"
#endif

#ifndef LEVELS
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && \
    (!defined(__clang__) || __clang_major__ >= 14)
#define LEVELS __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define LEVELS
#endif
#endif
#define INLINE static inline __attribute__((always_inline))

typedef struct {
    const uint8_t *store; /* [num, height, width, channels] */
    const int64_t *rows;  /* [batch] */
    int64_t num, batch;
    int32_t height, width, channels;
    const uint8_t *flipped; /* [batch], this and what follows may be NULL; see parameters.py */
    const float *matrix;    /* [batch, 2, 3] */
    const float *color;     /* [batch, 3, 3] */
    const float *shade;     /* [batch, 2] */
    const int32_t *box;     /* [batch, 4] */
    void *out;              /* [batch, height, width, channels] */
    int to_bytes;           /* whether out is uint8, else float32 */
    float scale;
} Job;

typedef struct {           /* Buffers: an image, then rows of width * channels */
    uint8_t *image;        /* with padding behind it for loads of neighbors and of whole words */
    uint8_t *corners[4];   /* upper left, upper right, lower left, lower right neighbors */
    float *columns;        /* of each value, counted from the center */
    float *right, *down;   /* how far a place is on the way to the next pixel */
    float *values, *finished;
    uint32_t *words;       /* the corners of gray images, a word a pixel */
    int32_t *place;        /* of the upper left neighbor in the image */
    void *memory;
} Work;

INLINE float clip(float value, float most) /* NaN gives 0 */
{
    value = value > 0.0f ? value : 0.0f;
    return value < most ? value : most;
}

INLINE float blend(float upper_left, float upper_right, float lower_left, float lower_right,
                   float right, float down)
{
    float upper = upper_left + (upper_right - upper_left) * right;
    float lower = lower_left + (lower_right - lower_left) * right;
    return upper + (lower - upper) * down;
}

/* Lines of pixels, each from right to left. */
INLINE void mirror(const uint8_t *restrict from, uint8_t *restrict to, int32_t lines, int32_t width,
                   int32_t channels)
{
    for (int32_t y = 0; y < lines; y++, from += width * channels, to += width * channels) {
        int32_t x = 0;
        if (channels == 3 && width > 2) { /* four bytes at once; the next pixel overwrites one */
            memcpy(to, from + 3 * (width - 1), 3);
            for (x = 1; x < width - 1; x++)
                memcpy(to + 3 * x, from + 3 * (width - 1 - x), 4);
        }
        for (; x < width; x++)
            for (int32_t c = 0; c < channels; c++)
                to[x * channels + c] = from[(width - 1 - x) * channels + c];
    }
}

/* A row of values shaded and scaled: contrast 1, shift 0 and scale 1 change nothing. */
INLINE void finish(const float *restrict values, float *restrict to, int32_t length, float contrast,
                   float shift, float scale)
{
    for (int32_t i = 0; i < length; i++)
        to[i] = clip(values[i] * contrast + shift, 255.0f) * scale;
}

INLINE void scaled(const uint8_t *restrict values, float *restrict to, int64_t length, float scale)
{
    for (int64_t i = 0; i < length; i++)
        to[i] = (float)values[i] * scale;
}

/* Values 0 to 255 as bytes: in a sum with 0xC00000 no bits are left for a fraction, so that it is rounded
 * as rint does, and its last byte is the number. */
INLINE void to_bytes(const float *restrict values, uint8_t *restrict to, int32_t length)
{
    for (int32_t i = 0; i < length; i++)
        to[i] = (uint8_t)(int32_t)(values[i] + (float)0xC00000);
}

/* One row of an image moved: for each value its place between pixels, four neighbors, their blend. */
INLINE void move_row(const Work *restrict work, const float *matrix, int32_t y, int32_t height,
                     int32_t width, int32_t channels, float *restrict values)
{
    const int32_t length = width * channels, line = height > 1 ? length : 0;
    const float *restrict columns = work->columns;
    float *restrict right = work->right, *restrict down = work->down;
    int32_t *restrict place = work->place;
    const float row = (float)y - (float)(height - 1) / 2;
    const float to_row = matrix[1], to_column = matrix[4];
    const float first_row = matrix[0] * row + (matrix[2] + (float)(height - 1) / 2);
    const float first_column = matrix[3] * row + (matrix[5] + (float)(width - 1) / 2);
    const float last_row = (float)(height - 1), last_column = (float)(width - 1);
    const int32_t row_before = height > 1 ? height - 2 : 0, column_before = width > 1 ? width - 2 : 0;
    for (int32_t i = 0; i < length; i++) {
        float from_row = clip(to_row * columns[i] + first_row, last_row);
        float from_column = clip(to_column * columns[i] + first_column, last_column);
        int32_t top = (int32_t)from_row, left = (int32_t)from_column;
        top = top < row_before ? top : row_before;
        left = left < column_before ? left : column_before;
        down[i] = from_row - (float)top;
        right[i] = from_column - (float)left;
        place[i] = top * length + left * channels;
    }
    const uint8_t *restrict image = work->image;
    if (channels == 1) { /* four bytes as one word: fewer stores and loads */
        uint32_t *restrict words = work->words;
        for (int32_t i = 0; i < length; i++) {
            uint16_t upper, lower;
            memcpy(&upper, image + place[i], 2);
            memcpy(&lower, image + place[i] + line, 2);
            words[i] = upper | (uint32_t)lower << 16;
        }
        for (int32_t i = 0; i < length; i++)
            values[i] = blend((float)(int32_t)(words[i] & 255), (float)(int32_t)(words[i] >> 8 & 255),
                              (float)(int32_t)(words[i] >> 16 & 255), (float)(int32_t)(words[i] >> 24),
                              right[i], down[i]);
        return;
    }
    uint8_t *restrict a = work->corners[0], *restrict b = work->corners[1];
    uint8_t *restrict c = work->corners[2], *restrict d = work->corners[3];
    const int32_t size = channels == 3 ? 4 : channels; /* the next pixel overwrites what is more */
    for (int32_t i = 0; i < length; i += channels) {
        const uint8_t *from = image + place[i];
        memcpy(a + i, from, size);
        memcpy(b + i, from + channels, size);
        memcpy(c + i, from + line, size);
        memcpy(d + i, from + line + channels, size);
    }
    for (int32_t i = 0; i < length; i++)
        values[i] = blend(a[i], b[i], c[i], d[i], right[i], down[i]);
}

INLINE void color_row(const float *color, int32_t width, float *values)
{
    for (int32_t x = 0; x < width; x++) {
        float red = values[3 * x], green = values[3 * x + 1], blue = values[3 * x + 2];
        for (int c = 0; c < 3; c++)
            values[3 * x + c] = clip(
                color[3 * c] * red + color[3 * c + 1] * green + color[3 * c + 2] * blue, 255.0f);
    }
}

/* An image from its row of the store to its place in the batch. */
INLINE void transform(const Job *job, const Work *work, int64_t row, int64_t number,
                      const int32_t channels)
{
    const int32_t height = job->height, width = job->width, length = width * channels;
    const int64_t size = (int64_t)height * length;
    const uint8_t *source = job->store + row * size;
    const float *matrix = job->matrix ? job->matrix + number * 6 : NULL;
    const float *color = job->color ? job->color + number * 9 : NULL;
    const float *shade = job->shade ? job->shade + number * 2 : NULL;
    void *out = (char *)job->out + number * size * (job->to_bytes ? 1 : sizeof(float));
    int32_t box[4] = {0, 0, 0, 0};
    float contrast = 1.0f, shift = 0.0f, fill = 0.0f;

    if (shade || job->box) { /* the mean, of a sum of whole numbers */
        int64_t total = 0;
        for (int64_t start = 0; start < size; start += 1 << 16) {
            const int32_t count = size - start < 1 << 16 ? (int32_t)(size - start) : 1 << 16;
            uint32_t sum = 0;
            for (int32_t i = 0; i < count; i++)
                sum += source[start + i];
            total += sum;
        }
        fill = (float)(total / size) + (float)(total % size) / (float)size;
    }
    if (shade) {
        contrast = shade[0];
        shift = fill * (1.0f - contrast) + shade[1];
        fill = clip(fill * contrast + shift, 255.0f);
    }
    fill *= job->scale;
    if (job->box) {
        memcpy(box, job->box + number * 4, sizeof box);
        for (int i = 0; i < 4; i++) {
            int32_t most = i < 2 ? height : width;
            box[i] = box[i] < 0 ? 0 : box[i] < most ? box[i] : most;
        }
    }
    const int is_plain = !matrix && !color && !shade && !job->box;
    const int keeps_values = is_plain && job->to_bytes;
    if (job->flipped && job->flipped[number]) {
        uint8_t *to = keeps_values ? out : work->image;
        mirror(source, to, height, width, channels);
        source = to;
    } else if (keeps_values) {
        memcpy(out, source, size);
    } else if (matrix) {
        memcpy(work->image, source, size);
    }
    if (keeps_values)
        return;
    if (is_plain) {
        scaled(source, out, size, job->scale);
        return;
    }

    float *values = work->values;
    for (int32_t y = 0; y < height; y++, source += length) {
        if (matrix)
            move_row(work, matrix, y, height, width, channels, values);
        else
            for (int32_t i = 0; i < length; i++)
                values[i] = source[i];
        if (channels == 3 && color)
            color_row(color, width, values);
        float *to = job->to_bytes ? work->finished : (float *)out + y * length;
        finish(values, to, length, contrast, shift, job->scale);
        if (box[0] <= y && y < box[1])
            for (int32_t i = box[2] * channels; i < box[3] * channels; i++)
                to[i] = fill;
        if (job->to_bytes)
            to_bytes(to, (uint8_t *)out + y * length, length);
    }
}

LEVELS static void transform_image(const Job *job, const Work *work, int64_t row, int64_t number)
{
    switch (job->channels) {
    case 1: transform(job, work, row, number, 1); break;
    case 3: transform(job, work, row, number, 3); break;
    case 4: transform(job, work, row, number, 4); break;
    default: transform(job, work, row, number, job->channels);
    }
}

static int allocate(const Job *job, Work *work)
{
    const int64_t length = (int64_t)job->width * job->channels;
    const int64_t padding = 2 * (int64_t)job->channels + 64; /* behind each buffer */
    const int64_t image = (job->height * length + padding + 63) / 64 * 64;
    const int64_t bytes = (length + padding + 63) / 64 * 64, line = 4 * bytes;
    uint8_t *at = work->memory = calloc(1, image + 4 * bytes + 6 * line + 64);
    if (!at)
        return -1;
    at += -(uintptr_t)at & 63;
    work->image = at, at += image;
    work->words = (uint32_t *)at;
    for (int i = 0; i < 4; i++, at += bytes)
        work->corners[i] = at;
    work->columns = (float *)at, at += line;
    work->right = (float *)at, at += line;
    work->down = (float *)at, at += line;
    work->values = (float *)at, at += line;
    work->finished = (float *)at, at += line;
    work->place = (int32_t *)at;
    for (int32_t x = 0; x < job->width; x++)
        for (int32_t c = 0; c < job->channels; c++)
            work->columns[x * job->channels + c] = (float)x - (float)(job->width - 1) / 2;
    return 0;
}

/* Have the processor load the next image while this one is made: rows are random, and memory is
 * slow. Large images load themselves: the processor sees that they are read in order. */
INLINE void fetch_ahead(const Job *job, int64_t row, int64_t size)
{
#ifdef __GNUC__
    if (row >= 0 && row < job->num)
        for (int64_t at = 0; at < size && at < 1 << 13; at += 64)
            __builtin_prefetch(job->store + row * size + at);
#endif
}

/* Return the first row out of the store, -1 where there is none, -2 where memory does not do. Rows
 * are checked where they are used: another thread may write to them. */
static int64_t run(const Job *job, int64_t *wrong)
{
    const int64_t size = (int64_t)job->height * job->width * job->channels;
    Work work;
    if (allocate(job, &work) < 0)
        return -2;
    int64_t number = 0;
    for (; number < job->batch; number++) {
        int64_t row = job->rows[number];
        if (row < 0 || row >= job->num) {
            *wrong = row;
            break;
        }
        if (number + 1 < job->batch)
            fetch_ahead(job, job->rows[number + 1], size);
        transform_image(job, &work, row, number);
    }
    free(work.memory);
    return number < job->batch ? number : -1;
}

enum { STORE, ROWS, OUT, FLIPPED, MATRIX, COLOR, SHADE, BOX, ARGUMENTS };

static const struct {
    const char *name, *formats;
    Py_ssize_t itemsize;
    int ndim;
    Py_ssize_t inner[2]; /* of the shape [B, ...] */
} EXPECTED[ARGUMENTS] = {
    {"store", "B", 1, 4, {0, 0}},        {"rows", "lq", 8, 1, {0, 0}},
    {"out", "fB", 0, 4, {0, 0}},         {"flipped", "?", 1, 1, {0, 0}},
    {"matrix", "f", 4, 3, {2, 3}},       {"color", "f", 4, 3, {3, 3}},
    {"shade", "f", 4, 2, {2, 0}},        {"box", "il", 4, 2, {4, 0}},
};

/* Fill a view of an argument and check all but what depends on other arguments. */
static int view_of(PyObject *object, int which, Py_buffer *view)
{
    const char *name = EXPECTED[which].name;
    int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (which == OUT ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object, view, flags) < 0) {
        view->obj = NULL;
        return -1;
    }
    const char *format = view->format ? view->format : "B";
    if (strlen(format) != 1 || !strchr(EXPECTED[which].formats, format[0]) ||
        (EXPECTED[which].itemsize && view->itemsize != EXPECTED[which].itemsize)) {
        PyErr_Format(PyExc_TypeError, "%s: items of format '%s' cannot be used", name, format);
        return -1;
    }
    if (view->ndim != EXPECTED[which].ndim) {
        PyErr_Format(PyExc_ValueError, "%s: expected %d dimensions, got %d", name,
                     EXPECTED[which].ndim, view->ndim);
        return -1;
    }
    for (int i = 1; which >= MATRIX && i < view->ndim; i++)
        if (view->shape[i] != EXPECTED[which].inner[i - 1]) {
            PyErr_Format(PyExc_ValueError, "%s: expected %zd along dimension %d, got %zd", name,
                         EXPECTED[which].inner[i - 1], i, view->shape[i]);
            return -1;
        }
    return 0;
}

static int job_of(const Py_buffer *views, double scale, Job *job)
{
    const Py_ssize_t *shape = views[STORE].shape;
    const int64_t most = INT32_MAX / 2; /* values of an image, so that int32 counts them */
    int64_t size = 1;
    for (int i = 1; i < 4; i++) {
        size = shape[i] > 0 && shape[i] <= most ? size * shape[i] : -1;
        if (size < 0 || size > most) {
            PyErr_SetString(PyExc_ValueError, "store: images have no values, or too many");
            return -1;
        }
        if (views[OUT].shape[i] != shape[i]) {
            PyErr_Format(PyExc_ValueError, "out: expected %zd along dimension %d, got %zd",
                         shape[i], i, views[OUT].shape[i]);
            return -1;
        }
    }
    for (int which = OUT; which < ARGUMENTS; which++)
        if (views[which].obj && views[which].shape[0] != views[ROWS].shape[0]) {
            PyErr_Format(PyExc_ValueError, "%s: expected one for each of %zd rows, got %zd",
                         EXPECTED[which].name, views[ROWS].shape[0], views[which].shape[0]);
            return -1;
        }
    if (views[COLOR].obj && shape[3] != 3) {
        PyErr_Format(PyExc_ValueError, "color: expected images of 3 channels, got %zd", shape[3]);
        return -1;
    }
    if (views[OUT].itemsize == 1 && scale != 1) {
        PyErr_SetString(PyExc_ValueError, "scale: expected 1 for an out of uint8");
        return -1;
    }
    *job = (Job){
        .store = views[STORE].buf, .rows = views[ROWS].buf,
        .num = shape[0], .batch = views[ROWS].shape[0],
        .height = (int32_t)shape[1], .width = (int32_t)shape[2], .channels = (int32_t)shape[3],
        .flipped = views[FLIPPED].buf, .matrix = views[MATRIX].buf, .color = views[COLOR].buf,
        .shade = views[SHADE].buf, .box = views[BOX].buf,
        .out = views[OUT].buf, .to_bytes = views[OUT].itemsize == 1, .scale = (float)scale,
    };
    return 0;
}

static PyObject *transform_rows(PyObject *module, PyObject *arguments)
{
    PyObject *objects[ARGUMENTS];
    Py_buffer views[ARGUMENTS] = {{0}};
    PyObject *result = NULL;
    double scale;
    Job job;
    int64_t number, wrong = 0;
    int is_fine = 1;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "OOOdOOOOO", &objects[STORE], &objects[ROWS], &objects[OUT],
                          &scale, &objects[FLIPPED], &objects[MATRIX], &objects[COLOR],
                          &objects[SHADE], &objects[BOX]))
        return NULL;
    for (int which = 0; which < ARGUMENTS && is_fine; which++)
        if (which < FLIPPED || objects[which] != Py_None)
            is_fine = view_of(objects[which], which, &views[which]) == 0;
    if (is_fine && job_of(views, scale, &job) == 0) {
        Py_BEGIN_ALLOW_THREADS
        number = run(&job, &wrong);
        Py_END_ALLOW_THREADS
        if (number == -2)
            PyErr_NoMemory();
        else if (number >= 0)
            PyErr_Format(PyExc_IndexError, "rows[%lld] is %lld; expected 0 to %lld",
                         (long long)number, (long long)wrong, (long long)job.num - 1);
        else
            result = Py_NewRef(Py_None);
    }
    for (int which = 0; which < ARGUMENTS; which++)
        if (views[which].obj)
            PyBuffer_Release(&views[which]);
    return result;
}

static PyMethodDef METHODS[] = {
    {"transform_rows", transform_rows, METH_VARARGS,
     "transform_rows(store, rows, out, scale, flipped, matrix, color, shade, box)\n--\n\n"
     "Write transformed images of rows of a store to out; see fer_data.transforms.kernel."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "_kernel", .m_methods = METHODS};

PyMODINIT_FUNC PyInit__kernel(void)
{
    return PyModuleDef_Init(&MODULE);
}
