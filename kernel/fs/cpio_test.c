/* The newc parser: entries, padding, concatenation, any splitting of the input, truncation and
 * garbage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "kernel/fs/cpio.c"

struct log {
    char text[4096];
    size_t n;
};

static int on_begin(void *arg, const struct cpio_entry *e)
{
    struct log *l = arg;

    l->n +=
        snprintf(l->text + l->n, sizeof(l->text) - l->n, "[%s %o %u:", e->name, e->mode, e->size);
    return 0;
}

static int on_data(void *arg, const uint8_t *p, size_t n)
{
    struct log *l = arg;

    l->n += snprintf(l->text + l->n, sizeof(l->text) - l->n, "%.*s", (int)n, (const char *)p);
    return 0;
}

static int on_end(void *arg, const struct cpio_entry *e)
{
    struct log *l = arg;

    l->n += snprintf(l->text + l->n, sizeof(l->text) - l->n, "]");
    return 0;
}

static size_t add_entry(char *out, const char *name, unsigned mode, const char *data)
{
    size_t n = strlen(data), at;

    at = sprintf(out, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1, mode, 0, 0,
                 1, 5, (unsigned)n, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0);
    at += sprintf(out + at, "%s", name) + 1;
    while (at & 3)
        out[at++] = 0;
    memcpy(out + at, data, n);
    at += n;
    while (at & 3)
        out[at++] = 0;
    return at;
}

static size_t make_archive(char *out)
{
    size_t n = add_entry(out, "a", 0100644, "hello");

    n += add_entry(out + n, "dir", 040755, "");
    n += add_entry(out + n, "dir/longer-name", 0100600, "12345678");
    return n + add_entry(out + n, "TRAILER!!!", 0, "");
}

static const char expected[] =
    "[a 100644 5:hello][dir 40755 0:][dir/longer-name 100600 8:12345678]";

/* Feeds pieces of `step` bytes. */
static int feed(const char *p, size_t n, size_t step, struct log *l)
{
    struct cpio_sink sink = {on_begin, on_data, on_end, l};
    struct cpio *c = malloc(sizeof(*c));
    int err = 0;

    l->n = 0;
    l->text[0] = 0;
    cpio_init(c, &sink);
    for (size_t at = 0; at < n;) {
        size_t piece = n - at < step ? n - at : step;
        uint8_t *exact = malloc(piece);
        ptrdiff_t used;

        memcpy(exact, p + at, piece);
        used = cpio_feed(c, exact, piece);
        free(exact);
        if (used < 0) {
            err = used;
            break;
        }
        at += used;
    }
    if (!err)
        err = cpio_finish(c);
    if (err == -EINVAL)
        assert_true(*c->why);
    free(c);
    return err;
}

static void test_splits(void **state)
{
    char archive[2048] = {0};
    size_t n = make_archive(archive);
    struct log l;

    for (size_t step = 1; step <= n; step++) {
        assert_int_equal(feed(archive, n, step, &l), 0);
        assert_string_equal(l.text, expected);
    }
}

static void test_concatenation(void **state)
{
    char archive[4096] = {0};
    size_t n = make_archive(archive);
    struct log l;

    n += 512; /* zero padding between */
    n += add_entry(archive + n, "second", 0100644, "2");
    n += add_entry(archive + n, "TRAILER!!!", 0, "");
    assert_int_equal(feed(archive, n, 100, &l), 0);
    assert_memory_equal(l.text, expected, strlen(expected));
    assert_string_equal(l.text + strlen(expected), "[second 100644 1:2]");
}

static void test_truncation(void **state)
{
    char archive[2048] = {0};
    struct log l;
    size_t n = add_entry(archive, "a", 0100644, "hello there");

    for (size_t cut = 1; cut < n - 1; cut++)
        assert_int_equal(feed(archive, cut, 64, &l), -EINVAL);
}

static void test_bad_headers(void **state)
{
    static const struct {
        size_t at;
        const char *put;
    } bad[] = {
        {0, "070707"},    {6, "x0000001"},  {94, "00000000"},
        {94, "00001001"}, {94, "ffffffff"}, {111, "b"},
    };
    char archive[2048];
    struct log l;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size_t n;

        memset(archive, 0, sizeof(archive));
        n = make_archive(archive);
        memcpy(archive + bad[i].at, bad[i].put, strlen(bad[i].put));
        assert_int_equal(feed(archive, n, 64, &l), -EINVAL);
    }
}

static void test_garbage(void **state)
{
    char archive[2048];
    struct log l;

    srandom(7);
    for (int round = 0; round < 20000; round++) {
        size_t n;

        memset(archive, 0, sizeof(archive));
        n = make_archive(archive);
        for (int flips = random() % 4; flips >= 0; flips--)
            archive[random() % n] ^= 1 << random() % 8;
        (void)feed(archive, n, 1 + random() % n, &l);
        if (l.n > sizeof(l.text))
            l.n = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splits),     cmocka_unit_test(test_concatenation),
        cmocka_unit_test(test_truncation), cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
