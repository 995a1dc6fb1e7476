/* Host test of the log ring: order, wrap-around, a reader that is overtaken, writers on several
 * threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>

#define dev_t      k_dev_t
#define timespec   k_timespec
#define itimerspec k_itimerspec
#define timeval    k_timeval
#define itimerval  k_itimerval

#include "kernel/debug/printk.c"
#include "kernel/lib/fmt.c"
#include "kernel/lib/string.c"
#include "kernel/lib/param.h"

s64 ktime_get_ns(void)
{
    return 1234567890;
}
static u64 console_bytes; /* atomic */

void uart_console_write(const char *text, size_t n)
{
    (void)atomic_fetch_add_relaxed(&console_bytes, n);
}
void ksym_format(unsigned long addr, char *buf, size_t size)
{
    buf[0] = '\0';
}
int param_u64(const char *value, u64 *out)
{
    return -EINVAL;
}

static void test_lines_in_order(void **state)
{
    struct log_cursor c = {0};
    struct log_line line;
    char text[600];

    printk(LOG_INFO, "first %d\n", 1);
    printk(LOG_ERR, "second");
    assert_true(log_read(&c, &line));
    assert_int_equal(line.level, LOG_INFO);
    assert_int_equal(log_format(&line, true, text, sizeof(text)), 26);
    assert_string_equal(text, "<6>[    1.234567] first 1\n");
    assert_true(log_read(&c, &line));
    assert_int_equal(line.level, LOG_ERR);
    assert_int_equal(log_format(&line, false, text, sizeof(text)), 22);
    assert_string_equal(text, "[    1.234567] second\n");
    assert_false(log_read(&c, &line));
}

static void test_overtaken_reader_goes_on(void **state)
{
    struct log_cursor c = {log_head()};
    struct log_line line;
    int last = -1, n = 0;

    for (int i = 0; i < 20000; i++)
        printk(LOG_DEBUG, "%d of many lines that fill the ring several times over", i);
    while (log_read(&c, &line)) {
        int number = (int)strtou64(line.text, NULL, 10);

        assert_true(last == -1 || number == last + 1);
        last = number;
        n++;
    }
    assert_int_equal(last, 19999);
    assert_true(n > 1000);
}

static void test_long_lines_are_cut(void **state)
{
    struct log_cursor c = {log_head()};
    struct log_line line;
    static char text[2000];

    memset(text, 'q', sizeof(text) - 1);
    printk(LOG_DEBUG, "%s", text);
    assert_true(log_read(&c, &line));
    assert_int_equal(line.len, LOG_LINE_BYTES - 1);
}

#define THREADS 4
#define LINES   20000

static void *writer(void *arg)
{
    for (int i = 0; i < LINES; i++)
        printk(LOG_DEBUG, "%d %d %.*s.", (int)(long)arg, i, i % 100,
               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    return NULL;
}

/* Every line that a reader gets is whole and, per writer, later than the one before. */
static void test_many_writers(void **state)
{
    struct log_cursor c = {log_head()};
    struct log_line line;
    pthread_t threads[THREADS];
    int last[THREADS] = {0};

    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, writer, (void *)i);
    for (int idle = 0; idle < 200000;) {
        const char *end;
        u64 who, nr;

        if (!log_read(&c, &line)) {
            idle++;
            continue;
        }
        idle = 0;
        who = strtou64(line.text, &end, 10);
        nr = strtou64(end + 1, &end, 10);
        assert_true(who < THREADS && nr < LINES);
        assert_true((int)nr >= last[who]);
        last[who] = (int)nr;
        assert_int_equal(line.len, end - line.text + 1 + nr % 100 + 1);
        assert_int_equal(line.text[line.len - 1], '.');
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void test_console_shows_by_level(void **state)
{
    u64 before = atomic_load_relaxed(&console_bytes);

    console_loglevel = 4;
    printk(LOG_WARN, "hidden");
    assert_int_equal(atomic_load_relaxed(&console_bytes), before);
    printk(LOG_ERR, "shown");
    assert_int_equal(atomic_load_relaxed(&console_bytes), before + 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_in_order),
        cmocka_unit_test(test_overtaken_reader_goes_on),
        cmocka_unit_test(test_long_lines_are_cut),
        cmocka_unit_test(test_many_writers),
        cmocka_unit_test(test_console_shows_by_level),
    };
    console_loglevel = 7;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
