// Exact counts of a trial beside the default: a gain is one only beyond what the rows differ from themselves by.
#include "perf/tune/tune_evaluation.h"
#include "perf/stats/resample.h"
#include "perf/util/test_near.h"

#include <stdlib.h>
#include <string.h>

static json_t *row(const char *workload, const char *kernel, double value, double spread)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:f,s:[{s:f,s:f}]}", "workload", workload, "metric", "instructions", "kernel", kernel, "status", "ok",
                     "value", value, "samples", "value", value, "spread", spread * value);
}

static struct tune_space space_of(int objectives)
{
    struct tune_space s = {.kernel = "cloudos", .objectives = objectives, .objective = {{"pipe", "instructions"}, {"hackbench", "instructions"}}};
    return s;
}

// The default counts 1000 of each objective; the trial that times the ratio.
static void evaluation_is(int objectives, const double *ratio, const double *spread, double p, double low, double high)
{
    struct tune_space s = space_of(objectives);
    struct tune_evaluation e;
    json_t *rows = json_array(), *run = json_pack("{s:o}", "rows", rows);
    for (int o = 0; o < objectives; o++) {
        json_array_append_new(rows, row(s.objective[o].workload, "cloudos", 1000, spread[o]));
        json_array_append_new(rows, row(s.objective[o].workload, "trial", 1000 * ratio[o], 0));
    }
    char *why;
    assert_true(tune_evaluate(&s, run, "trial", true, &e, &why));
    assert_null(why);
    near(e.p, p);
    near(e.low, low);
    if (isinf(high))
        assert_true(isinf(e.high));
    else
        near(e.high, high);
    json_decref(run);
}

static void counts_differ_from_themselves(void **state)
{
    (void)state;
    evaluation_is(1, (double[]){0.9}, (double[]){0}, 0, 0.9, 0.9);
    evaluation_is(1, (double[]){1}, (double[]){0}, 1, 1, 1);
    evaluation_is(1, (double[]){0.9}, (double[]){0.1}, 1, 0.9 * 0.85, 0.9 / 0.85); // within 15 %
    evaluation_is(1, (double[]){0.8}, (double[]){0.1}, 0, 0.8 * 0.85, 0.8 / 0.85);
    evaluation_is(1, (double[]){0.5}, (double[]){0.7}, 1, 0, INFINITY);
    evaluation_is(2, (double[]){1, 0.9}, (double[]){0, 0.1}, 1, sqrt(0.9 * 0.85), sqrt(0.9 / 0.85)); // the noise of one is the mean's
    evaluation_is(2, (double[]){0.8, 0.95}, (double[]){0, 0.1}, 0, sqrt(0.8 * 0.95 * 0.85), sqrt(0.8 * 0.95 / 0.85));
}

static void no_evaluation(const struct tune_space *s, json_t *run, bool exact, struct tune_evaluation *e, const char *wanted)
{
    char *why;
    assert_false(tune_evaluate(s, run, "trial", exact, e, &why));
    assert_string_equal(why, wanted);
    free(why);
}

// What a workload measures itself has no spread: its metric's floor is what it may differ by.
static void values_have_the_floor_of_their_metric(void **state)
{
    static const double ratio[] = {0.99, 0.9, 0}; // 0: no ratio of it
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct tune_space s = {.kernel = "cloudos", .objectives = 1, .objective = {{"request/8-hog", "p99_ns"}}};
        struct tune_evaluation e;
        char *why = NULL;
        json_t *a = row("request/8-hog", "cloudos", 1000, 0), *b = row("request/8-hog", "trial", 1000 * ratio[i], 0);
        json_object_set_new(a, "metric", json_string("p99_ns"));
        json_object_set_new(b, "metric", json_string("p99_ns"));
        json_t *run = json_pack("{s:[o,o]}", "rows", a, b);
        assert_int_equal(tune_evaluate(&s, run, "trial", true, &e, &why), ratio[i] > 0);
        if (ratio[i] > 0) {
            near(e.p, ratio[i] > 0.95);
            near(e.low, ratio[i] * 0.95); // policy.verdict.floors.p99_ns
        }
        free(why);
        json_decref(run);
    }
}

static void a_row_without_a_number(void **state)
{
    struct tune_space s = space_of(1);
    struct tune_evaluation e;
    json_t *run = json_pack("{s:[o]}", "rows", row("pipe", "cloudos", 1000, 0));
    (void)state;
    no_evaluation(&s, run, true, &e, "pipe instructions of trial: the run has no such row");
    json_array_append_new(json_object_get(run, "rows"), json_pack("{s:s,s:s,s:s,s:s,s:s}", "workload", "pipe", "metric", "instructions",
                                                                  "kernel", "trial", "status", "failed", "reason", "it died"));
    no_evaluation(&s, run, true, &e, "pipe instructions of trial: it died");
    json_decref(run);
}

// Times by two clock sources are no pair; counts are the same by whatever clock.
static void clocks_that_differ(void **state)
{
    struct tune_space s = space_of(1);
    struct tune_evaluation e;
    char *why;
    json_t *run = json_pack("{s:[o,o],s:b}", "rows", row("pipe", "cloudos", 1000, 0), row("pipe", "trial", 900, 0), "same_clocksource", 0);
    (void)state;
    no_evaluation(&s, run, false, &e, "the default and the trial used different clock sources; such times are not compared");
    assert_true(tune_evaluate(&s, run, "trial", true, &e, &why));
    json_object_set_new(run, "same_clocksource", json_true());
    assert_true(tune_evaluate(&s, run, "trial", false, &e, &why));
    json_decref(run);
}

// Fewer boots of times could name no winner however much better it is; so many can.
static void boots_that_can_decide(void **state)
{
    (void)state;
    assert_int_equal(tune_least_boots(1), 6); // 2 of 64
    assert_int_equal(tune_least_boots(2), 7);
    assert_int_equal(tune_least_boots(3), 7); // 3 times 2 of 128
}

#define SPREAD 0.08

// Counts of a kernel no knob of which does anything, each a draw of its own within the spread; the same configuration with the same
// iterations is the same draw, as it is in det.
static bool drawn(void *ctx, const int *level, double fidelity, bool hold_out, struct tune_evaluation *out, bool *stop)
{
    const struct tune_space *s = ctx;
    uint64_t seed = (uint64_t)(1000 * fidelity) + 7919 * (uint64_t)s->budget;
    json_t *rows = json_array(), *run = json_pack("{s:o}", "rows", rows);
    (void)hold_out, (void)stop;
    for (int k = 0; k < s->knobs; k++)
        seed = stats_random(&seed) + level[k];
    for (int i = 0; i < 2; i++) {
        double v = 1000 * (1 + SPREAD * ((stats_random(&seed) >> 11) * 0x1p-53 - 0.5));
        json_array_append_new(rows, row("pipe", i ? "trial" : "cloudos", v, SPREAD));
    }
    char *why;
    bool ok = tune_evaluate(s, run, "trial", true, out, &why);
    free(why);
    json_decref(run);
    return ok;
}

static void a_lucky_draw_is_no_winner(void **state)
{
    int winners = 0, held = 0;
    (void)state;
    for (int i = 0; i < 100; i++) {
        struct tune_space space = space_of(1);
        space.knobs = 2;
        space.budget = 12 + i;
        space.knob[0].levels = space.knob[1].levels = 8;
        struct tune_search s = {.space = &space, .seed = i, .floor = 0.01, .held_fidelity = i % 2 ? 1 : 1.5, .measure = drawn, .ctx = &space};
        tune_search_run(&s);
        winners += s.winner >= 0;
        held += s.held_count;
        tune_search_free(&s);
    }
    assert_in_range(held, 200, 300); // what looked better was measured again
    assert_int_equal(winners, 0);
}

// A hold-out of exact counts has other iterations than any trial.
static bool fidelities(void *ctx, const int *level, double fidelity, bool hold_out, struct tune_evaluation *out, bool *stop)
{
    int *held = ctx;
    (void)level, (void)stop;
    assert_true(hold_out ? fidelity == 1.5 : fidelity <= 1);
    *held += hold_out;
    *out = (struct tune_evaluation){.ratio = {0.5}, .low = 0.5, .high = 0.5};
    return true;
}

static void a_hold_out_is_no_repetition(void **state)
{
    struct tune_space space = space_of(1);
    int held = 0;
    (void)state;
    space.knobs = 1;
    space.budget = 8;
    space.knob[0].levels = 4;
    struct tune_search s = {.space = &space, .seed = 1, .floor = 0.01, .held_fidelity = 1.5, .measure = fidelities, .ctx = &held};
    tune_search_run(&s);
    assert_int_equal(held, TUNE_HELD_OUT);
    assert_true(s.winner >= 0 && s.held[s.winner].fidelity == 1.5);
    tune_search_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_differ_from_themselves), cmocka_unit_test(a_row_without_a_number),
                                       cmocka_unit_test(clocks_that_differ), cmocka_unit_test(boots_that_can_decide),
                                       cmocka_unit_test(values_have_the_floor_of_their_metric),
                                       cmocka_unit_test(a_lucky_draw_is_no_winner), cmocka_unit_test(a_hold_out_is_no_repetition)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
