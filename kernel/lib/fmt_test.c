/* Host test of kernel/lib/fmt.c and string.c: every case is compared with the C library's own
 * answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define dev_t     k_dev_t /* ours is 32 bits */
#define memcpy    k_memcpy
#define memmove   k_memmove
#define memset    k_memset
#define memcmp    k_memcmp
#define memchr    k_memchr
#define strlen    k_strlen
#define strnlen   k_strnlen
#define strcmp    k_strcmp
#define strncmp   k_strncmp
#define strchr    k_strchr
#define strrchr   k_strrchr
#define strstr    k_strstr
#define strlcpy   k_strlcpy
#define vsnprintf k_vsnprintf
#define snprintf  k_snprintf
#define scnprintf k_scnprintf
#include "kernel/lib/string.c"
#include "kernel/lib/fmt.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef snprintf
#undef vsnprintf

void ksym_format(unsigned long addr, char *buf, size_t size)
{
    k_snprintf(buf, size, "sym@%lx", addr);
}

#define SAME(...)                                                                                  \
    do {                                                                                           \
        char a_[200], b_[200];                                                                     \
        int n_ = snprintf(a_, sizeof(a_), __VA_ARGS__);                                            \
        assert_int_equal(k_snprintf(b_, sizeof(b_), __VA_ARGS__), n_);                             \
        assert_string_equal(b_, a_);                                                               \
    } while (0)

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-overflow"

static void test_integers(void **state)
{
    static const long values[] = {0,   1,     -1,        9,         10,        255,
                                  256, 65535, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    static const char *const formats[] = {"%ld",   "%5ld|",   "%-5ld|",  "%05ld",   "%+ld",  "% ld",
                                          "%.3ld", "%8.3ld|", "%lu",     "%lx",     "%#lx",  "%#lX",
                                          "%lo",   "%#lo",    "%016lx",  "%-20lx|", "%.0ld", "%zu",
                                          "%lld",  "%llx",    "%08.4lx|"};

    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        for (size_t j = 0; j < ARRAY_SIZE(formats); j++)
            SAME(formats[j], values[i]);
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        int v = (int)values[i];

        SAME("%d %i %u %x %X %o %hd %hhu %hhx %hu", v, v, v, v, v, v, v, v, v, v);
    }
}

static void test_text(void **state)
{
    SAME("plain");
    SAME("%s|%10s|%-10s|%.2s|%.0s|%5.1s|", "abc", "abc", "abc", "abc", "abc", "abc");
    SAME("%c%c%%%3c|%-3c|", 'a', 'b', 'c', 'd');
    SAME("%*d %-*d| %.*s", 6, 42, 6, 42, 2, "xyz");
    SAME("%*d|", -6, 42);
    char out[64];
    char raw[3] = {'a', 'b', 'c'}; /* not terminated: the precision bounds the read */

    k_snprintf(out, sizeof(out), "%.3s", raw);
    assert_string_equal(out, "abc");
    k_snprintf(out, sizeof(out), "%s", (char *)NULL);
    assert_string_equal(out, "(null)");
    k_snprintf(out, sizeof(out), "%p", (void *)0x1234);
    assert_string_equal(out, "0000000000001234");
    k_snprintf(out, sizeof(out), "<%pS>", (void *)0x1234);
    assert_string_equal(out, "<sym@1234>");
}

static void test_bounds(void **state)
{
    for (size_t size = 0; size < 12; size++) {
        char a[16], b[16];

        memset(a, 'x', sizeof(a));
        memset(b, 'x', sizeof(b));
        assert_int_equal(k_snprintf(a, size, "%s-%d", "hello", 1234),
                         snprintf(b, size, "%s-%d", "hello", 1234));
        assert_memory_equal(a, b, sizeof(a));
        assert_int_equal(k_scnprintf(a, size, "%s-%d", "hello", 1234),
                         size ? (size > 10 ? 10 : size - 1) : 0);
    }
}

static void test_moves(void **state)
{
    unsigned char a[400], b[400];

    for (size_t n = 0; n < 150; n++)
        for (int from = 0; from < 24; from++)
            for (int to = 0; to < 24; to++) {
                for (int i = 0; i < 400; i++)
                    a[i] = b[i] = (unsigned char)(i * 7 + n);
                assert_ptr_equal(k_memmove(a + to + 64, a + from + 64, n), a + to + 64);
                memmove(b + to + 64, b + from + 64, n);
                assert_memory_equal(a, b, sizeof(a));
                k_memcpy(a + 200 + to, a + from, n);
                memcpy(b + 200 + to, b + from, n);
                assert_memory_equal(a, b, sizeof(a));
                k_memset(a + to, (int)n + 200, n);
                memset(b + to, (int)n + 200, n);
                assert_memory_equal(a, b, sizeof(a));
            }
}

static void test_compare(void **state)
{
    char a[40] = "the quick brown fox jumps over it", b[40];

    for (int i = 0; i < 33; i++) {
        memcpy(b, a, sizeof(b));
        b[i]++;
        assert_true(k_memcmp(a, b, 34) < 0);
        assert_true(k_memcmp(b, a, 34) > 0);
        assert_int_equal(k_memcmp(a, b, i), 0);
        assert_true(k_strcmp(a, b) < 0);
        assert_int_equal(k_strncmp(a, b, i), 0);
    }
    assert_ptr_equal(k_strstr(a, "fox"), a + 16);
    assert_null(k_strstr(a, "foxy"));
    assert_ptr_equal(k_strstr(a, ""), a);
    assert_ptr_equal(k_strchr(a, 'q'), a + 4);
    assert_ptr_equal(k_strrchr(a, 'o'), a + 26);
    assert_int_equal(k_strlcpy(b, a, 5), 33);
    assert_string_equal(b, "the ");
}

static void test_numbers(void **state)
{
    const char *end;

    assert_int_equal(strtou64("123x", &end, 0), 123);
    assert_int_equal(*end, 'x');
    assert_int_equal(strtou64("0x1fG", &end, 0), 0x1f);
    assert_int_equal(*end, 'G');
    assert_int_equal(strtou64("0777", &end, 0), 0777);
    assert_int_equal(strtou64("ff", &end, 16), 0xff);
    assert_true(strtou64("18446744073709551615", &end, 10) == ~0ull);
    assert_true(strtou64("18446744073709551617", &end, 10) == ~0ull); /* not 1 */
    assert_true(strtou64("99999999999999999999x", &end, 10) == ~0ull);
    assert_int_equal(*end, 'x');
    assert_int_equal(strtou64("", &end, 10), 0);
    assert_int_equal(*end, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers), cmocka_unit_test(test_text),
        cmocka_unit_test(test_bounds),   cmocka_unit_test(test_moves),
        cmocka_unit_test(test_compare),  cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
