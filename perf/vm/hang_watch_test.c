// A busy hang, an idle hang, a loaded host, and the escape keys of the shell.
#include "perf/util/cmocka_all.h"
#include "perf/vm/escape_keys.h"
#include "perf/vm/hang_watch.h"

#include <string.h>
#include <unistd.h>

static void hangs(void **state)
{
    struct hang_watch w;
    (void)state;
    hang_watch_start(&w, 1, 1, 1);
    assert_null(hang_watch_check(&w, 20, 20));
    assert_non_null(hang_watch_check(&w, 100, 70));
    assert_non_null(hang_watch_check(&w, 40, 0.5));
    hang_watch_progress(&w, 100, 70);
    assert_null(hang_watch_check(&w, 110, 80));
}

static void a_loaded_host_is_no_hang(void **state)
{
    struct hang_watch w;
    (void)state;
    hang_watch_start(&w, 1, 1, 1);
    assert_null(hang_watch_check(&w, 200, 30)); // QEMU got 15 % of a CPU
}

static void many_busy_cpus_are_no_hang(void **state)
{
    struct hang_watch w;
    (void)state;
    hang_watch_start(&w, 64, 1, 1);
    assert_null(hang_watch_check(&w, 60, 60 * 64));
    assert_non_null(hang_watch_check(&w, 300, 300 * 64));
    assert_non_null(hang_watch_check(&w, 300, 300)); // one that spins
    for (double t = 0; t < 1200; t += 50)
        hang_watch_progress(&w, t, t * 64);
    assert_null(hang_watch_check(&w, 1200, 1200 * 64));
}

static void more_iterations_take_longer(void **state)
{
    struct hang_watch w;
    (void)state;
    hang_watch_start(&w, 1, 1, 10);
    assert_null(hang_watch_check(&w, 600, 600));
    assert_null(hang_watch_check(&w, 300, 0.5));
    assert_non_null(hang_watch_check(&w, 700, 700));
    hang_watch_start(&w, 1, 1, 0.01);
    assert_null(hang_watch_check(&w, 50, 50));
}

static void limits_grow(void **state)
{
    struct hang_watch slow, fast;
    (void)state;
    hang_watch_start(&fast, 1, 1, 1);
    hang_watch_start(&slow, 128, 3, 1);
    assert_true(slow.cpu_limit > 3 * fast.cpu_limit && slow.idle_limit > 3 * fast.idle_limit);
    assert_true(machine_slowness() >= 1);
}

static void a_given_deadline(void **state)
{
    struct hang_watch w;
    (void)state;
    hang_watch_start(&w, 1, 1, 1);
    w.wall_limit = 5;
    assert_null(hang_watch_check(&w, 4, 1));
    assert_non_null(hang_watch_check(&w, 6, 1));
    w.wall_limit = 5000; // nothing gives the guest up before
    assert_null(hang_watch_check(&w, 4900, 4900));
    assert_null(hang_watch_check(&w, 4900, 5));
    assert_non_null(hang_watch_check(&w, 5100, 5100));
}

static void cpu_time(void **state)
{
    (void)state;
    assert_true(process_cpu_seconds(getpid()) >= 0);
    assert_true(process_cpu_seconds(-5) < 0);
}

static void keys(void **state)
{
    struct escape_keys e = {0};
    char out[64];
    (void)state;
    assert_int_equal(escape_keys_filter(&e, "ls\x03", 3, out), 3);
    assert_memory_equal(out, "ls\x03", 3);
    assert_int_equal(escape_keys_filter(&e, "\x1d", 1, out), 0);
    assert_int_equal(escape_keys_filter(&e, "\x1d", 1, out), 1);
    assert_int_equal(out[0], 0x1d);
    assert_int_equal(escape_keys_filter(&e, "\x1dx", 2, out), 2);
    assert_false(e.quit);
    assert_int_equal(escape_keys_filter(&e, "a\x1dqb", 4, out), 1);
    assert_true(e.quit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hangs),       cmocka_unit_test(a_loaded_host_is_no_hang),
        cmocka_unit_test(many_busy_cpus_are_no_hang), cmocka_unit_test(more_iterations_take_longer), cmocka_unit_test(limits_grow), cmocka_unit_test(a_given_deadline),
        cmocka_unit_test(cpu_time),    cmocka_unit_test(keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
