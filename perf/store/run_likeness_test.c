// Which runs may be compared: by QEMU, shape and turns of several CPUs; and under what name their history is kept.
#include "perf/store/run_likeness.h"
#include "perf/util/cmocka_all.h"

#include <stdlib.h>

static json_t *run_of(const char *tier, int cpus, int turn_ns)
{
    json_t *id = json_pack("{s:{s:s}}", "qemu", "version", "10.0.2");
    if (turn_ns)
        json_object_set_new(id, "turn_ns", json_integer(turn_ns));
    return json_pack("{s:s,s:{s:s,s:i},s:o}", "tier", tier, "topology", "name", cpus == 1 ? "1" : "2", "cpus", cpus, "identity", id);
}

static void unlike_is(json_t *a, json_t *b, const char *want)
{
    char *why = run_unlike_why(a, b);
    if (!want)
        assert_null(why);
    else
        assert_string_equal(why, want);
    free(why);
    json_decref(a);
    json_decref(b);
}

static void other_turns_are_not_compared(void **state)
{
    (void)state;
    unlike_is(run_of("det", 2, 500), run_of("det", 2, 500), NULL);
    unlike_is(run_of("det", 1, 0), run_of("det", 1, 0), NULL);
    unlike_is(run_of("tcg", 2, 0), run_of("tcg", 2, 0), NULL);
    unlike_is(run_of("det", 2, 500), run_of("det", 2, 1000), "the runs are of different turns (\"500 ns\" and \"1000 ns\")");
    unlike_is(run_of("det", 2, 0), run_of("det", 2, 1000),
              "the runs are of different turns (\"until the next timer\" and \"1000 ns\")");
    unlike_is(run_of("det", 1, 0), run_of("det", 2, 1000),
              "the runs are of different topologies (\"1\" and \"2\"), turns (\"none\" and \"1000 ns\")");
}

static json_t *on_qemu(const char *tier, const char *version)
{
    json_t *run = run_of(tier, 1, 0);
    json_t *id = json_object_get(run, "identity");
    json_object_set_new(id, "host", json_pack("{s:s,s:i}", "cpu", "CPU x", "cpus", 4));
    json_object_set_new(json_object_get(id, "qemu"), "version", json_string(version));
    return run;
}

// In every tier: times too are those of the QEMU that made the machine.
static void other_emulators_are_not_compared(void **state)
{
    (void)state;
    unlike_is(on_qemu("tcg", "7.2.22"), on_qemu("tcg", "7.2.22"), NULL);
    unlike_is(on_qemu("tcg", "7.2.22"), on_qemu("tcg", "10.0.2"), "the runs are of different emulators (\"QEMU 7.2.22\" and \"QEMU 10.0.2\")");
    unlike_is(on_qemu("kvm", "7.2.22"), on_qemu("kvm", "10.0.2"), "the runs are of different emulators (\"QEMU 7.2.22\" and \"QEMU 10.0.2\")");
    unlike_is(on_qemu("det", "7.2.22"), on_qemu("det", "10.0.2"), "the runs are of different hosts (\"QEMU 7.2.22\" and \"QEMU 10.0.2\")");
}

static void histories_of_times_have_their_emulator(void **state)
{
    json_t *run = on_qemu("tcg", "7.2.22");
    char *text = run_fingerprint(run);
    (void)state;
    assert_string_equal(text, "CPU x, 4 CPUs, QEMU 7.2.22");
    free(text);
    json_decref(run);
}

static void histories_are_kept_apart(void **state)
{
    json_t *with = run_of("det", 2, 500), *without = run_of("det", 2, 0);
    char *a = run_fingerprint(with), *b = run_fingerprint(without);
    (void)state;
    assert_string_equal(a, "QEMU 10.0.2, turns of 500 ns");
    assert_string_equal(b, "QEMU 10.0.2");
    free(a);
    free(b);
    json_decref(with);
    json_decref(without);
}

// A run as it is made without options, with one member of its own; `more` is taken.
static json_t *measured(const char *member, json_t *more)
{
    json_t *run = run_of("det", 1, 0);
    json_object_set_new(run, "scale", json_real(1));
    json_object_set_new(run, "settings", json_array());
    json_object_set_new(json_object_get(run, "identity"), "kernels", json_pack("{s:{s:s},s:{s:s}}", "linux", "knobs", "", "cloudos", "knobs", ""));
    json_object_set_new(run, member, more);
    return run;
}

static json_t *plain(void)
{
    return measured("scale", json_integer(1));
}

static json_t *with_knob(const char *kernel)
{
    json_t *run = plain();
    json_object_set_new(json_object_get(json_object_get(run, "identity"), "kernels"), kernel, json_pack("{s:s}", "knobs", "set:/x=3"));
    return run;
}

static void other_ways_of_measuring_are_not_compared(void **state)
{
    (void)state;
    unlike_is(plain(), run_of("det", 1, 0), NULL);
    unlike_is(plain(), measured("scale", json_real(0.25)), "the runs are of different scales (\"1\" and \"0.25\")");
    unlike_is(plain(), measured("settings", json_pack("[s]", "workloads.pipe.det=400")),
              "the runs are of different settings (\"none\" and \"workloads.pipe.det=400\")");
    unlike_is(plain(), measured("settings", json_pack("[s,s]", "policy.keep.last=1", "workloads.pipe.pad=400")), NULL);
    unlike_is(plain(), measured("settings", json_pack("[s]", "kernels.cloudos.image=/elsewhere")), NULL);
    unlike_is(measured("control", json_pack("{s:s,s:i,s:i}", "workload", "pipe", "instructions", 3, "every", 64)), plain(),
              "the runs are of different controls (\"pipe:3 instructions/64\" and \"none\")");
    unlike_is(plain(), with_knob("cloudos"), "the runs are of different knobs (\"none\" and \"cloudos set:/x=3\")");
    unlike_is(plain(), with_knob("mine"), NULL);
}

static void rows_that_share_a_boot_are_no_rows_alone(void **state)
{
    json_t *times = run_of("tcg", 1, 0), *fewer = run_of("tcg", 1, 0);
    (void)state;
    json_object_set_new(times, "rows_per_boot", json_integer(24));
    json_object_set_new(fewer, "rows_per_boot", json_integer(1));
    unlike_is(measured("rows_per_boot", json_integer(24)), measured("rows_per_boot", json_integer(24)), NULL);
    unlike_is(measured("rows_per_boot", json_integer(24)), plain(), NULL); // it does not say
    unlike_is(measured("rows_per_boot", json_integer(1)), measured("rows_per_boot", json_integer(24)),
              "the runs are of different boots (\"each row alone\" and \"at most 24 rows\")");
    unlike_is(times, fewer, NULL);
}

// Rows "a", "b", ... each with its iterations (0: not said).
static json_t *iterated(const int *n, int rows)
{
    json_t *list = json_array();
    for (int i = 0; i < rows; i++)
        json_array_append_new(list, json_pack("{s:s#,s:i}", "workload", "abcdefg" + i, 1, "iterations", n[i]));
    return measured("rows", list);
}

static void other_iterations_are_not_compared(void **state)
{
    static const int n[] = {400, 800, 0, 5, 6, 7, 8}, m[] = {400, 1600, 30, 5, 6, 7, 8}, other[] = {1, 2, 3, 4, 5, 6, 9};
    json_t *scaled = iterated(other, 7), *canary = measured("rows", json_pack("[{s:s,s:i}]", "workload", "canary", "iterations", 5));
    json_t *other_canary = measured("rows", json_pack("[{s:s,s:i}]", "workload", "canary", "iterations", 6));
    (void)state;
    unlike_is(iterated(n, 7), iterated(n, 7), NULL);
    unlike_is(iterated(n, 7), iterated(m, 1), NULL); // the others are in one run only
    unlike_is(iterated(n, 7), iterated(m, 7), "the runs are of different iterations (\"b 800\" and \"b 1600\")");
    unlike_is(iterated(n, 7), iterated(other, 7),
              "the runs are of different iterations (\"a 400, b 800, d 5, e 6 and of 2 more\" and \"a 1, b 2, d 4, e 5 and of 2 more\")");
    json_object_set_new(scaled, "scale", json_real(0.5));
    unlike_is(iterated(n, 7), scaled, "the runs are of different scales (\"1\" and \"0.5\")");
    unlike_is(canary, other_canary, NULL);
}

static void fingerprint_is(json_t *run, const char *want)
{
    char *text = run_fingerprint(run);
    assert_string_equal(text, want);
    free(text);
    json_decref(run);
}

static void histories_say_how_was_measured(void **state)
{
    (void)state;
    fingerprint_is(plain(), "QEMU 10.0.2");
    fingerprint_is(measured("scale", json_real(0.25)), "QEMU 10.0.2, scale 0.25");
    fingerprint_is(measured("settings", json_pack("[s,s]", "policy.keep.last=1", "workloads.pipe.pad=400")), "QEMU 10.0.2, set workloads.pipe.pad=400");
    fingerprint_is(measured("settings", json_pack("[s]", "kernels.cloudos.image=/elsewhere")), "QEMU 10.0.2, set kernels.cloudos.image=/elsewhere");
    fingerprint_is(measured("settings", json_pack("[s,s]", "kernels.cloudos.label=Mine", "kernels.cloudos.set=[\"/x=3\"]")), "QEMU 10.0.2");
    fingerprint_is(measured("control", json_pack("{s:s,s:i,s:i}", "workload", "pipe", "ns", 30, "every", 1)), "QEMU 10.0.2, control pipe:30 ns");
    fingerprint_is(measured("rows_per_boot", json_integer(1)), "QEMU 10.0.2, boots of each row alone");
    fingerprint_is(measured("rows_per_boot", json_integer(24)), "QEMU 10.0.2, boots of at most 24 rows");
    fingerprint_is(with_knob("cloudos"), "QEMU 10.0.2, knobs of cloudos set:/x=3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(other_turns_are_not_compared), cmocka_unit_test(histories_are_kept_apart),
                                       cmocka_unit_test(other_emulators_are_not_compared),
                                       cmocka_unit_test(other_ways_of_measuring_are_not_compared),
                                       cmocka_unit_test(rows_that_share_a_boot_are_no_rows_alone),
                                       cmocka_unit_test(other_iterations_are_not_compared),
                                       cmocka_unit_test(histories_say_how_was_measured),
                                       cmocka_unit_test(histories_of_times_have_their_emulator)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
