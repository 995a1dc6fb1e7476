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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(other_turns_are_not_compared), cmocka_unit_test(histories_are_kept_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
