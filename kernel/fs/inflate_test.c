/* The gzip decoder against gzip(1)'s output at several levels, and against damaged input, which
 * must give an error and never touch memory outside the buffers (run under ASan and UBSan). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "kernel/fs/inflate.c"

struct sink {
    uint8_t *bytes;
    size_t n, room;
};

static int collect_bytes(void *arg, const uint8_t *p, size_t n)
{
    struct sink *s = arg;

    if (s->n + n > s->room)
        return -ENOSPC;
    memcpy(s->bytes + s->n, p, n);
    s->n += n;
    return 0;
}

static uint8_t *make_plain(unsigned kind, size_t n)
{
    uint8_t *p = malloc(n + 1);

    srandom(kind + 1);
    for (size_t i = 0; i < n; i++)
        p[i] = kind == 0   ? 'a'
               : kind == 1 ? random()
               : kind == 2 ? "the quick brown fox "[random() % 20]
                           : i / 777 + random() % 2;
    return p;
}

/* gzip(1) with the given options. */
static uint8_t *gzip(const uint8_t *p, size_t n, const char *options, size_t *out_n)
{
    char in[] = "/tmp/inflate_test_XXXXXX", command[200];
    int fd = mkstemp(in);
    uint8_t *out = malloc(n + n / 2 + 4096);
    FILE *f;

    assert_true(fd >= 0 && write(fd, p, n) == (ssize_t)n);
    close(fd);
    snprintf(command, sizeof(command), "gzip -c %s %s", options, in);
    f = popen(command, "r");
    *out_n = fread(out, 1, n + n / 2 + 4096, f);
    assert_int_equal(pclose(f), 0);
    unlink(in);
    return realloc(out, *out_n);
}

static int decode_all(const uint8_t *z, size_t zn, struct sink *s, size_t *used)
{
    void *work = malloc(INFLATE_WORK_BYTES);
    const char *why;
    int err = gunzip_member(work, z, zn, used, collect_bytes, NULL, s, &why);

    if (err == -EINVAL)
        assert_true(*why);
    free(work);
    return err;
}

static void round_trip(unsigned kind, size_t n, const char *options)
{
    uint8_t *plain = make_plain(kind, n), *z;
    struct sink s = {malloc(n + 1), 0, n};
    size_t zn, used;

    z = gzip(plain, n, options, &zn);
    assert_int_equal(decode_all(z, zn, &s, &used), 0);
    assert_int_equal(used, zn);
    assert_int_equal(s.n, n);
    assert_memory_equal(s.bytes, plain, n);
    free(z);
    free(plain);
    free(s.bytes);
}

static void test_round_trips(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 32768, 131072, 1000003};
    static const char *const options[] = {"-1", "-6", "-9", "-n"};

    for (unsigned kind = 0; kind < 4; kind++)
        for (unsigned i = 0; i < 6; i++)
            round_trip(kind, sizes[i], options[(kind + i) % 4]);
}

/* Every prefix ends with an error; so does a flipped bit that changes the text (the checksum sees
 * what the codes do not). */
static void test_damage(void **state)
{
    uint8_t *plain = make_plain(2, 5000), *z;
    struct sink s = {malloc(1 << 20), 0, 1 << 20};
    size_t zn, used;

    z = gzip(plain, 5000, "-9 -n", &zn);
    for (size_t n = 0; n < zn; n++) {
        uint8_t *part = malloc(n ? n : 1); /* exact size: ASan sees any read behind it */

        memcpy(part, z, n);
        s.n = 0;
        assert_int_not_equal(decode_all(part, n, &s, &used), 0);
        assert_true(used <= n);
        free(part);
    }
    for (size_t bit = 10 * 8; bit < zn * 8; bit++) {
        z[bit / 8] ^= 1 << bit % 8;
        s.n = 0;
        if (decode_all(z, zn, &s, &used) == 0) /* a bit that says nothing, such as the padding */
            assert_true(s.n == 5000 && !memcmp(s.bytes, plain, 5000));
        z[bit / 8] ^= 1 << bit % 8;
    }
    free(z);
    free(plain);
    free(s.bytes);
}

static void test_garbage(void **state)
{
    struct sink s = {malloc(1 << 22), 0, 1 << 22};
    uint8_t z[600];
    size_t used;

    srandom(42);
    for (int round = 0; round < 20000; round++) {
        size_t n = 10 + random() % 590;

        for (size_t i = 0; i < n; i++)
            z[i] = random();
        memcpy(z, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
        z[10] = (z[10] & ~7) | (random() % 3 << 1) | 1;
        s.n = 0;
        (void)decode_all(z, n, &s, &used);
        assert_true(used <= n);
    }
    free(s.bytes);
}

static void test_sink_error(void **state)
{
    uint8_t *plain = make_plain(1, 300000), *z;
    struct sink s = {malloc(1000), 0, 1000};
    size_t zn, used;

    z = gzip(plain, 300000, "-1", &zn);
    assert_int_equal(decode_all(z, zn, &s, &used), -ENOSPC);
    free(z);
    free(plain);
    free(s.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_sink_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
