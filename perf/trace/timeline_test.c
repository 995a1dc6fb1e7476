// Texts of both kernels become the same events; a text that contradicts itself becomes none; the Chrome events
// are complete, nested by time and name their tasks.
#include "perf/trace/timeline.h"
#include "perf/util/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

static const char cpu0[] = "100 wake 7 1 0\n"
                           "150 irq timer\n"
                           "160 irq_end timer\n"
                           "200 switch 1 S 7 120 worker\n"
                           "900 switch 7 R 8 100 rt\n";
static const char cpu1[] = "120 steal 9 0\n130 migrate 9 0\n140 switch 0 I 9 120 other\n600 switch 9 X 0 140 idle\n";

static void load(struct timeline *t, const char *zero, const char *one)
{
    char *why = NULL;
    assert_true(timeline_add_cloudos(t, 0, zero, &why));
    assert_true(timeline_add_cloudos(t, 1, one, &why));
}

static void events_of_cloudos(void **state)
{
    struct timeline t = {0};
    char *why = NULL;
    (void)state;
    load(&t, cpu0, cpu1);
    assert_true(timeline_check(&t, &why));
    assert_int_equal(t.count, 9);
    assert_int_equal(t.event[0].kind, TRACE_WAKE);
    assert_int_equal(t.event[8].other, 8);
    assert_string_equal(t.event[8].name, "rt");
    json_t *s = timeline_summary(&t), *w = json_object_get(s, "wake_to_run_ns");
    assert_int_equal(json_integer_value(json_object_get(w, "count")), 1);
    assert_int_equal((int)json_number_value(json_object_get(w, "max")), 100);
    json_decref(s);
    timeline_free(&t);
}

static void refused(const char *zero, const char *one, const char *what)
{
    struct timeline t = {0};
    char *why = NULL;
    bool ok = timeline_add_cloudos(&t, 0, zero, &why) && timeline_add_cloudos(&t, 1, one, &why) &&
              timeline_check(&t, &why);
    assert_false(ok);
    assert_non_null(strstr(why, what));
    free(why);
    timeline_free(&t);
}

static void contradictions(void **state)
{
    (void)state;
    refused("200 wake 7 1 0\n100 wake 7 1 0\n", cpu1, "time runs back");
    refused("100 switch 1 S 7 120 a\n200 switch 6 S 7 120 a\n", cpu1, "task 6 leaves, but 7 ran");
    refused("100 switch 1 S\n", cpu1, "a line that is none");
    refused("100 dance 1\n", cpu1, "a line that is none");
    refused("switch 1 S 7 120 a\n", cpu1, "a line that is none");
}

static void events_of_linux(void **state)
{
    struct timeline t = {0};
    char *why = NULL;
    (void)state;
    assert_true(timeline_add_linux(
        &t,
        "# tracer: nop\n#\n"
        "          cyclic-66      [001] d..2.     1.000100: sched_waking: comm=my prog pid=70 prio=120 target_cpu=001\n"
        "          <idle>-0       [001] d..2.     1.000200: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 "
        "prev_state=R ==> next_comm=my prog next_pid=70 next_prio=120\n"
        "          my prog-70     [001] d.h2.     1.000300: local_timer_entry: vector=236\n",
        &why));
    assert_true(timeline_check(&t, &why));
    assert_int_equal(t.count, 3);
    assert_int_equal(t.event[0].pid, 70);
    assert_int_equal(t.event[0].other, 66);
    assert_int_equal(t.event[0].ns, 1000100000);
    assert_int_equal(t.event[1].fate, 'I');
    assert_string_equal(t.event[1].name, "my prog");
    assert_string_equal(t.event[2].name, "local_timer");
    timeline_free(&t);
    assert_false(timeline_add_linux(&t, "a-1 [000] d 1.000100: sched_switch: prev_comm=x\n", &why));
    free(why);
    timeline_free(&t);
}

static json_t *wait_of(struct timeline *t)
{
    char *why = NULL;
    assert_true(timeline_check(t, &why));
    json_t *s = timeline_summary(t), *w = json_incref(json_object_get(s, "wake_to_run_ns"));
    json_decref(s);
    return w;
}

// Task 7, woken at 100, ran at once on CPU 1, whose ring no longer has it; its run at 900 is of the wake-up at 800.
static void what_a_ring_lost_is_no_cause(void **state)
{
    struct timeline t = {0};
    (void)state;
    load(&t, "100 wake 7 1 1\n800 wake 7 1 1\n", "700 lost 12\n700 irq timer\n900 switch 0 I 7 120 worker\n");
    json_t *w = wait_of(&t);
    assert_int_equal(t.lost, 12);
    assert_int_equal(t.left_out, 1);
    assert_int_equal(t.count, 3);
    assert_int_equal(json_integer_value(json_object_get(w, "count")), 1);
    assert_int_equal((int)json_number_value(json_object_get(w, "max")), 100);
    json_decref(w);
    timeline_free(&t);
}

// The same of Linux, which names no ring: CPU 2, with one late event, is not full.
static void what_linux_lost_is_no_cause(void **state)
{
    struct timeline t = {0};
    struct text_buf b = {0};
    char *why = NULL;
    (void)state;
    text_add(&b, "# entries-in-buffer/entries-written: 34/1034   #P:3\n");
    for (int i = 0; i < 16; i++)
        text_addf(&b, "a-1 [000] d..2. 1.%06d: sched_waking: comm=w pid=7 prio=120 target_cpu=001\n", 100 + i);
    for (int i = 0; i < 16; i++)
        text_addf(&b, "a-1 [001] d.h2. 1.%06d: local_timer_entry: vector=236\n", 110 + i);
    text_add(&b, "a-1 [001] d..2. 1.000200: sched_switch: prev_comm=a prev_pid=1 prev_prio=120 prev_state=R ==> next_comm=w next_pid=7 next_prio=120\n"
                 "a-1 [002] d.h2. 1.000300: local_timer_entry: vector=236\n");
    assert_true(timeline_add_linux(&t, text_str(&b), &why));
    json_t *w = wait_of(&t);
    assert_int_equal(t.lost, 1000);
    assert_int_equal(t.left_out, 10);
    assert_int_equal((int)json_number_value(json_object_get(w, "max")), 85000); // the last of them
    json_decref(w);
    text_free(&b);
    timeline_free(&t);
}

// A task that was about to sleep and is woken before it does: the run after its next wake-up is not that one's.
static void a_wake_of_who_runs_leads_to_no_run(void **state)
{
    static const char text[] =
        "a-7 [000] d..2. 1.000100: sched_waking: comm=w pid=7 prio=120 target_cpu=000\n"
        "a-7 [000] d..2. 1.005000: sched_switch: prev_comm=w prev_pid=7 prev_prio=120 prev_state=S ==> next_comm=a next_pid=1 next_prio=120\n"
        "a-1 [000] d..2. 1.006000: sched_waking: comm=w pid=7 prio=120 target_cpu=000\n"
        "a-1 [000] d..2. 1.006010: sched_switch: prev_comm=a prev_pid=1 prev_prio=120 prev_state=R ==> next_comm=w next_pid=7 next_prio=120\n";
    struct timeline t = {0};
    char *why = NULL;
    (void)state;
    assert_true(timeline_add_linux(&t, text, &why));
    json_t *w = wait_of(&t);
    assert_int_equal((int)json_number_value(json_object_get(w, "count")), 1);
    assert_int_equal((int)json_number_value(json_object_get(w, "max")), 10000);
    json_decref(w);
    timeline_free(&t);
}

static int of_phase(json_t *events, const char *ph)
{
    json_t *e;
    size_t i;
    int n = 0;
    json_array_foreach (events, i, e)
        n += !strcmp(json_string_value(json_object_get(e, "ph")), ph);
    return n;
}

static void chrome_events(void **state)
{
    struct timeline t = {0};
    char *why = NULL;
    (void)state;
    load(&t, cpu0, cpu1);
    assert_true(timeline_check(&t, &why));
    json_t *chrome = timeline_chrome(&t, "title"), *events = json_object_get(chrome, "traceEvents"), *e;
    size_t i;
    assert_int_equal(of_phase(events, "M"), 3); // the process and two CPUs
    assert_int_equal(of_phase(events, "X"), 5); // tasks 1, 7, 8 and 9, one interrupt; idle is a gap
    assert_int_equal(of_phase(events, "i"), 3);
    assert_int_equal(of_phase(events, "s"), 1);
    assert_int_equal(of_phase(events, "f"), 1);
    json_array_foreach (events, i, e)
        if (!strcmp(json_string_value(json_object_get(e, "name")), "worker 7")) {
            assert_true(json_number_value(json_object_get(e, "ts")) == 0.2);
            assert_true(json_number_value(json_object_get(e, "dur")) == 0.7);
        }
    json_decref(chrome);
    timeline_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(events_of_cloudos), cmocka_unit_test(contradictions),
                                       cmocka_unit_test(events_of_linux), cmocka_unit_test(what_a_ring_lost_is_no_cause),
                                       cmocka_unit_test(what_linux_lost_is_no_cause), cmocka_unit_test(a_wake_of_who_runs_leads_to_no_run), cmocka_unit_test(chrome_events)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
