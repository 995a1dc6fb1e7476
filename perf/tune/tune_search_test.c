// The search on made-up landscapes: a planted optimum is found within the budget, a flat space has no
// winner, noise does not make one, failures and a stop are survived; Sobol's points by their published values.
#include "perf/stats/resample.h"
#include "perf/tune/tune_search.h"
#include "perf/util/test_near.h"

#include <string.h>

struct landscape {
    const struct tune_space *space;
    int best[3];
    double depth, noise; // of the planted optimum; relative deviation
    uint64_t seed;
    int calls, fail_every, stop_at;
    bool no_hold_out;
};

static double normal(uint64_t *seed)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += (stats_random(seed) >> 11) * 0x1p-53;
    return sum - 6;
}

// Ratios fall towards the optimum; p and interval as ten boots under that noise would give.
static bool measure(void *ctx, const int *level, double fidelity, bool hold_out,
                    struct tune_evaluation *out, bool *stop)
{
    struct landscape *l = ctx;
    double far = 0;
    (void)fidelity;
    l->calls++;
    if (l->stop_at && l->calls >= l->stop_at) {
        *stop = true;
        return false;
    }
    if ((l->fail_every && l->calls % l->fail_every == 0) || (l->no_hold_out && hold_out))
        return false;
    for (int k = 0; k < l->space->knobs; k++)
        far += fabs((double)level[k] - l->best[k]) / l->space->knob[k].levels;
    double ratio = exp(log(1 - l->depth * fmax(0, 1 - 1.5 * far)) + l->noise * normal(&l->seed));
    for (int o = 0; o < l->space->objectives; o++)
        out->ratio[o] = ratio;
    out->low = ratio * (1 - 1.96 * l->noise);
    out->high = ratio * (1 + 1.96 * l->noise);
    out->p = l->noise > 0 ? erfc(fabs(log(ratio)) / l->noise / sqrt(2)) : ratio != 1 ? 0 : 1;
    return true;
}

static void make_space(struct tune_space *s)
{
    *s = (struct tune_space){.knobs = 3, .objectives = 2, .budget = 40};
    for (int k = 0; k < 3; k++) {
        s->knob[k].levels = 7;
        s->knob[k].standard = 3;
    }
}

// Each configuration is better than those before it.
static bool falling(void *ctx, const int *level, double fidelity, bool hold_out, struct tune_evaluation *out, bool *stop)
{
    double *last = ctx;
    (void)level;
    (void)fidelity;
    (void)hold_out;
    (void)stop;
    *last *= 0.99;
    *out = (struct tune_evaluation){.ratio = {*last, *last}, .low = *last, .high = *last};
    return true;
}

static int trials_of(const struct tune_search *s, double fidelity)
{
    int n = 0;
    for (int i = 0; i < s->trials; i++)
        n += s->trial[i].fidelity == fidelity;
    return n;
}

static void most_trials(void **state)
{
    (void)state;
    for (int budget = 4; budget <= 60; budget++) {
        struct tune_space space;
        double last = 1;
        make_space(&space);
        space.budget = budget;
        struct tune_search s = {.space = &space, .seed = budget, .floor = 0.01, .measure = falling, .ctx = &last};
        struct tune_counts most = tune_search_most(&space);
        tune_search_run(&s);
        assert_int_equal(most.quarter, trials_of(&s, 0.25));
        assert_int_equal(most.half, trials_of(&s, 0.5));
        assert_true(trials_of(&s, 1) <= most.whole && s.held_count <= most.held);
        assert_true(most.quarter + most.half + most.whole <= budget);
        tune_search_free(&s);
    }
    struct tune_space space = {.knobs = 1, .budget = 4, .knob[0] = {.levels = 2}};
    struct tune_counts most = tune_search_most(&space);
    assert_true(most.quarter == 1 && most.half == 1 && most.whole == 1 && most.held == 1);
}

static void planted_optimum(void **state)
{
    struct tune_space space;
    int exact = 0;
    (void)state;
    make_space(&space);
    for (int seed = 1; seed <= 20; seed++) {
        struct landscape l = {.space = &space, .best = {1, 5, 6}, .depth = 0.3, .seed = seed};
        struct tune_search s = {
            .space = &space, .seed = seed, .floor = 0.01, .measure = measure, .ctx = &l};
        tune_search_run(&s);
        assert_true(s.trials <= space.budget);
        assert_true(s.winner >= 0);
        exact += !memcmp(s.held[s.winner].level, l.best, sizeof(l.best));
        tune_search_free(&s);
    }
    print_message("planted optimum: %d of 20 exactly\n", exact);
    assert_true(exact >= 18);
}

static void flat_space(void **state)
{
    struct tune_space space;
    (void)state;
    make_space(&space);
    for (int seed = 1; seed <= 20; seed++) {
        struct landscape l = {.space = &space, .seed = seed};
        struct tune_search s = {
            .space = &space, .seed = seed, .floor = 0.01, .measure = measure, .ctx = &l};
        tune_search_run(&s);
        assert_int_equal(s.winner, -1);
        assert_int_equal(s.held_count, 0);
        tune_search_free(&s);
    }
}

// Noise gives trials that look better; the hold-out must not be fooled by more than its 5 %.
static void noise_alone(void **state)
{
    struct tune_space space;
    int fooled = 0;
    (void)state;
    make_space(&space);
    for (int seed = 1; seed <= 200; seed++) {
        struct landscape l = {.space = &space, .noise = 0.02, .seed = seed};
        struct tune_search s = {
            .space = &space, .seed = seed, .floor = 0.01, .measure = measure, .ctx = &l};
        tune_search_run(&s);
        fooled += s.winner >= 0;
        tune_search_free(&s);
    }
    print_message("noise alone: %d of 200 have a winner\n", fooled);
    assert_in_range(fooled, 0, 14); // 5 %, and the chance of the count
}

static void failures_and_a_stop(void **state)
{
    struct tune_space space;
    make_space(&space);
    struct landscape l = {.space = &space, .best = {1, 5, 6}, .depth = 0.3, .fail_every = 5};
    struct tune_search s = {.space = &space, .floor = 0.01, .measure = measure, .ctx = &l};
    (void)state;
    tune_search_run(&s);
    assert_true(s.winner >= 0);
    tune_search_free(&s);
    l = (struct landscape){.space = &space, .best = {1, 5, 6}, .depth = 0.3, .stop_at = 7};
    s = (struct tune_search){.space = &space, .floor = 0.01, .measure = measure, .ctx = &l};
    tune_search_run(&s);
    assert_true(s.stopped);
    assert_int_equal(s.trials, 6);
    assert_int_equal(s.winner, -1);
    tune_search_free(&s);
}

// What could not be measured is no answer: every trial failed, or everything that was to be measured again did.
static void nothing_measured(void **state)
{
    struct tune_space space;
    make_space(&space);
    struct landscape l = {.space = &space, .best = {1, 5, 6}, .depth = 0.3, .fail_every = 1};
    struct tune_search s = {.space = &space, .floor = 0.01, .measure = measure, .ctx = &l};
    (void)state;
    tune_search_run(&s);
    assert_true(s.trials > 0 && s.winner == -1 && !tune_search_judged(&s));
    tune_search_free(&s);
    l = (struct landscape){.space = &space, .best = {1, 5, 6}, .depth = 0.3, .no_hold_out = true};
    s = (struct tune_search){.space = &space, .floor = 0.01, .measure = measure, .ctx = &l};
    tune_search_run(&s);
    assert_true(s.held_failed > 0 && s.winner == -1 && !tune_search_judged(&s));
    tune_search_free(&s);
    l = (struct landscape){.space = &space};
    s = (struct tune_search){.space = &space, .floor = 0.01, .measure = measure, .ctx = &l};
    tune_search_run(&s);
    assert_true(s.winner == -1 && tune_search_judged(&s)); // a flat space
    tune_search_free(&s);
}

static void sobol_points(void **state)
{
    // scipy.stats.qmc.Sobol(8, scramble=False) of SciPy 1.10.1: the points 0, 1, 2, 4 and 7
    static const struct {
        unsigned i;
        double at[TUNE_KNOBS_MAX];
    } want[] = {
        {0, {0}},
        {1, {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5}},
        {2, {0.75, 0.25, 0.25, 0.25, 0.75, 0.75, 0.25, 0.75}},
        {4, {0.375, 0.375, 0.625, 0.875, 0.375, 0.125, 0.375, 0.875}},
        {7, {0.125, 0.625, 0.375, 0.125, 0.125, 0.375, 0.625, 0.625}},
    };
    double at[TUNE_KNOBS_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
        tune_sobol(want[i].i, TUNE_KNOBS_MAX, at);
        for (int k = 0; k < TUNE_KNOBS_MAX; k++)
            near(at[k], want[i].at[k]);
    }
    for (int k = 0; k < TUNE_KNOBS_MAX; k++) { // each dimension alone: one point in each 64th
        bool seen[64] = {false};
        for (unsigned i = 0; i < 64; i++) {
            tune_sobol(i, TUNE_KNOBS_MAX, at);
            assert_false(seen[(int)(at[k] * 64)]);
            seen[(int)(at[k] * 64)] = true;
        }
    }
}

static void pareto_and_sensitivity(void **state)
{
    struct tune_space space = {.knobs = 2, .objectives = 2};
    struct tune_trial t[] = {
        {.level = {0, 1}, .fidelity = 1, .ratio = {0.5, 1.2}, .score = 0.8},
        {.level = {1, 1}, .fidelity = 1, .ratio = {0.6, 1.3}, .score = 0.9},
        {.level = {2, 0}, .fidelity = 1, .ratio = {1.2, 0.7}, .score = 1.0},
        {.level = {3, 1}, .fidelity = 0.5, .ratio = {0.1, 0.1}, .score = 1.1},
    };
    struct tune_search s = {.space = &space, .trial = t, .trials = 4};
    (void)state;
    assert_true(tune_is_pareto(&s, 0));
    assert_false(tune_is_pareto(&s, 1));
    assert_true(tune_is_pareto(&s, 2));
    assert_false(tune_is_pareto(&s, 3));
    near(tune_sensitivity(&s, 0), 1);
    assert_true(fabs(tune_sensitivity(&s, 1)) < 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_optimum), cmocka_unit_test(most_trials),     cmocka_unit_test(flat_space),
        cmocka_unit_test(noise_alone),         cmocka_unit_test(failures_and_a_stop), cmocka_unit_test(nothing_measured),
        cmocka_unit_test(sobol_points),        cmocka_unit_test(pareto_and_sensitivity)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
