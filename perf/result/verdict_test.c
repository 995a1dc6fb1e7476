// The rules by hand, and by simulation: how often the interval covers the truth, how often a suite of
// A/A rows raises an alarm under five kinds of noise, how often a true change is found.
#include "perf/result/verdict.h"
#include "perf/stats/resample.h"
#include "perf/util/test_near.h"

#include <string.h>

#define BOOTS 10
#define ROWS  40

static uint64_t seed = 20240101;

static double uniform(void)
{
    return ((stats_random(&seed) >> 11) + 0.5) * 0x1p-53;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

// Student's with 3 degrees of freedom, scaled to deviation 1: heavy tails.
static double heavy(void)
{
    double a = normal(), b = normal(), c = normal();
    return normal() / sqrt((a * a + b * b + c * c) / 3) / sqrt(3);
}

// A log-normal minus its median: skewed, with rare large values, as latencies are.
static double skewed(void)
{
    return exp(0.7 * normal()) - 1;
}

enum noise { INDEPENDENT, HEAVY, SKEWED, DRIFT, STEPS, CORRELATED, NOISES };
static const char *const noise_name[] = {"normal", "heavy", "skewed", "drift", "steps", "correlated"};

// The session's boots in time order, relative deviation 1 %, as the host would disturb them.
static void disturb(double *v, size_t n, enum noise kind)
{
    double walk = normal(), jump = n * uniform();
    for (size_t i = 0; i < n; i++) {
        double e = kind == HEAVY ? heavy() : kind == SKEWED ? skewed() : normal();
        walk = 0.8 * walk + 0.6 * normal();
        v[i] = 0.01 * (kind == CORRELATED ? walk : e);
        v[i] += kind == DRIFT ? 0.05 * i / n : kind == STEPS && i > jump ? 0.05 : 0;
    }
}

struct arms {
    double a[BOOTS], b[BOOTS], log_ratio[BOOTS];
};

// One row: boots in blocks ABBA or BAAB, the leader of a block by chance.
static void make_row(struct arms *r, enum noise kind, double effect)
{
    double v[2 * BOOTS];
    bool lead = uniform() < 0.5;
    disturb(v, 2 * BOOTS, kind);
    for (int round = 0; round < BOOTS; round++) {
        if (round % 2 == 0)
            lead = uniform() < 0.5;
        bool b_first = lead ^ (round % 2);
        double first = v[2 * round], second = v[2 * round + 1];
        r->a[round] = exp(b_first ? second : first);
        r->b[round] = exp(effect + (b_first ? first : second));
        r->log_ratio[round] = log(r->b[round] / r->a[round]);
    }
}

// A suite of rows of which the first has the effect. Returns alarms in the others; *found is about
// the first.
static int judge_suite(const struct verdict_policy *p, enum noise kind, double effect, bool *found)
{
    static struct arms d[ROWS];
    struct verdict_row r[ROWS];
    int alarms = 0;
    for (int i = 0; i < ROWS; i++) {
        make_row(&d[i], kind, i ? 0 : effect);
        r[i] = (struct verdict_row){
            .a = d[i].a, .b = d[i].b, .log_ratio = d[i].log_ratio, .n = BOOTS, .floor = 0.02};
        verdict_estimate(&r[i]);
    }
    verdict_settle(r, ROWS);
    *found = false;
    for (int i = 0; i < ROWS; i++) {
        if (!verdict_is_open(&r[i], p))
            continue;
        verdict_interval(&r[i], p, 1000);
        const char *verdict = verdict_of_row(&r[i], p);
        if (i)
            alarms += !strcmp(verdict, "regressed") || !strcmp(verdict, "improved");
        else
            *found = !strcmp(verdict, "regressed");
    }
    return alarms;
}

static void at_most_5_percent_of_suites_alarm(void **state)
{
    struct verdict_policy p;
    (void)state;
    verdict_policy_read(&p);
    for (enum noise kind = 0; kind < NOISES; kind++) {
        int with_alarm = 0, suites = 400;
        for (int i = 0; i < suites; i++) {
            bool ignored;
            with_alarm += judge_suite(&p, kind, 0, &ignored) > 0;
        }
        print_message("%s: %d of %d A/A suites alarm\n", noise_name[kind], with_alarm, suites);
        assert_in_range(with_alarm, 0, suites / 20);
    }
    verdict_policy_free(&p);
}

// Noise alone, without the floor's help: the false-discovery rate itself holds.
static void alarms_without_a_floor(void **state)
{
    struct verdict_policy p;
    int with_alarm = 0, suites = 400;
    (void)state;
    verdict_policy_read(&p);
    for (int s = 0; s < suites; s++) {
        static struct arms d[ROWS];
        struct verdict_row r[ROWS];
        int alarms = 0;
        for (int i = 0; i < ROWS; i++) {
            make_row(&d[i], HEAVY, 0);
            r[i] = (struct verdict_row){
                .a = d[i].a, .b = d[i].b, .log_ratio = d[i].log_ratio, .n = BOOTS};
            verdict_estimate(&r[i]);
        }
        verdict_settle(r, ROWS);
        for (int i = 0; i < ROWS; i++)
            alarms += verdict_is_open(&r[i], &p);
        with_alarm += alarms > 0;
    }
    print_message("no floor, heavy tails: %d of %d\n", with_alarm, suites);
    assert_in_range(with_alarm, 0, suites * 7 / 100); // 5 %, and two deviations of the count
    verdict_policy_free(&p);
}

static void a_change_of_3_percent_is_found(void **state)
{
    struct verdict_policy p;
    int found = 0, suites = 400;
    (void)state;
    verdict_policy_read(&p);
    for (int i = 0; i < suites; i++) {
        bool yes;
        judge_suite(&p, INDEPENDENT, log(1.03), &yes);
        found += yes;
    }
    print_message("3 %% at 1 %% noise, 10 boots, %d rows: %d of %d found\n", ROWS, found, suites);
    assert_in_range(found, suites * 95 / 100, suites);
    verdict_policy_free(&p);
}

static void intervals_cover(void **state)
{
    static double (*const draw[])(void) = {normal, heavy, skewed};
    struct verdict_policy p;
    (void)state;
    verdict_policy_read(&p);
    for (int kind = 0; kind < 3; kind++) {
        int covered = 0, rounds = 500;
        for (int i = 0; i < rounds; i++) {
            double d[BOOTS];
            for (int k = 0; k < BOOTS; k++)
                d[k] = 0.01 * (draw[kind]() - draw[kind]());
            struct verdict_row r = {.log_ratio = d, .n = BOOTS};
            verdict_interval(&r, &p, 1000);
            covered += r.low <= 1 && 1 <= r.high;
        }
        print_message("%s: %d of %d intervals cover\n", noise_name[kind], covered, rounds);
        assert_in_range(covered, rounds * 93 / 100, rounds * 99 / 100);
    }
    verdict_policy_free(&p);
}

// What three windows of N and three of 2N say of a row that costs 10, with noise of 0.01 in each window; its spread as a share.
static double count_row(enum noise kind, double *spread)
{
    double v[6], middle[2];
    for (int i = 0; i < 6; i++)
        v[i] = 0;
    disturb(v, 6, kind);
    *spread = 0;
    for (int k = 0; k < 2; k++) {
        double *w = v + 3 * k, low = fmin(fmin(w[0], w[1]), w[2]), high = fmax(fmax(w[0], w[1]), w[2]);
        middle[k] = w[0] + w[1] + w[2] - low - high;
        *spread += high - low;
    }
    *spread /= 10;
    return 10 + middle[1] - middle[0];
}

// Rows whose noise is far above the floor: their own spread alone keeps them from being called different.
static void counts_that_differ_from_themselves(void **state)
{
    static const enum noise kinds[] = {INDEPENDENT, HEAVY, SKEWED};
    (void)state;
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(*kinds); kind++) {
        int alarms = 0, rounds = 20000;
        for (int i = 0; i < rounds; i++) {
            double sa, sb, a = count_row(kinds[kind], &sa), b = count_row(kinds[kind], &sb);
            const char *v = verdict_of_count(b / a, 1e-9, verdict_spread_noise(sa, sb));
            alarms += !strcmp(v, "regressed") || !strcmp(v, "improved");
        }
        print_message("%s: %d of %d counts alarm\n", noise_name[kinds[kind]], alarms, rounds);
        assert_in_range(alarms, 0, rounds / 200);
    }
}

static void rules_of_counts(void **state)
{
    (void)state;
    assert_string_equal(verdict_of_count(1.001, 0.0005, 0), "regressed");
    assert_string_equal(verdict_of_count(1.001, 0.0005, 0.0012), "inconclusive");
    assert_string_equal(verdict_of_count(1.0004, 0.0005, 0.0012), "same");
    assert_string_equal(verdict_of_count(0.9, 0.0005, 0.05), "improved");
    near(verdict_spread_noise(0.01, 0.02), 0.03);
}

static void rules(void **state)
{
    struct verdict_policy p = {.false_discovery = 0.05, .minimum_pairs = 6};
    struct verdict_row r = {.n = 10, .floor = 0.02, .p = 0.001, .signed_rank = 0.002};
    const struct {
        double ratio, low, high;
        const char *want;
    } cases[] = {
        {0.95, 0.94, 0.96, "improved"},   {1.05, 1.04, 1.06, "regressed"},
        {1.01, 1.005, 1.015, "same"},     {1.03, 0.99, 1.07, "inconclusive"},
        {1.019, 1.001, 1.04, "inconclusive"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        r.ratio = cases[i].ratio, r.low = cases[i].low, r.high = cases[i].high;
        assert_string_equal(verdict_of_row(&r, &p), cases[i].want);
    }
    r.ratio = 1.05, r.low = 1.04, r.high = 1.06;
    r.noise = 0.1; // the host's own doing, and yet not the same
    assert_string_equal(verdict_of_row(&r, &p), "inconclusive");
    r.noise = 0;
    r.n = 5;
    assert_string_equal(verdict_of_row(&r, &p), "inconclusive");
    r.n = 10, r.p = 0.06;
    assert_string_equal(verdict_of_row(&r, &p), "inconclusive");
    r.p = 0.001, r.signed_rank = 0.2;
    assert_string_equal(verdict_of_row(&r, &p), "inconclusive");
    assert_string_equal(verdict_of_ratio(1.001, 0.002), "same");
    assert_string_equal(verdict_of_ratio(1.003, 0.002), "regressed");
    assert_string_equal(verdict_of_ratio(0.997, 0.002), "improved");
}

static void noise_of_a_host(void **state)
{
    const double quiet[] = {5, 5, 5, 5}, loud[] = {100, 110, 100, 90, 100, 110, 100, 90};
    double l = log(1.1), m = log(0.9), mean = (l + m) / 2;
    double deviation = sqrt(2 * ((l - mean) * (l - mean) + (m - mean) * (m - mean)) / 3);
    (void)state;
    near(verdict_noise(quiet, 4), 0);
    near(verdict_noise(quiet, 3), 0);
    near(verdict_noise(loud, 8), 3.182446305284263 * deviation / sqrt(8)); // t of 0.975, 3
}

static void estimates(void **state)
{
    const double a[] = {1, 1, 1, 1}, b[] = {2, 2, 2, 2};
    const double d[] = {log(2), log(2), log(2), log(2)}, zero[] = {0, 0, 0};
    struct verdict_row r = {.a = a, .b = b, .log_ratio = d, .n = 4},
                       none = {.a = a, .b = a, .log_ratio = zero, .n = 3};
    (void)state;
    verdict_estimate(&r);
    near(r.ratio, 2);
    near(r.signed_rank, 2.0 / 16);
    near(r.p, erfc(7.5 / sqrt(16 / 12.0 * (9 - 120 / 56.0)) / sqrt(2))); // all tied within an arm
    verdict_estimate(&none);
    near(none.p, 1);
    near(none.ratio, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules),
        cmocka_unit_test(rules_of_counts),
        cmocka_unit_test(counts_that_differ_from_themselves),
        cmocka_unit_test(noise_of_a_host),
        cmocka_unit_test(estimates),
        cmocka_unit_test(at_most_5_percent_of_suites_alarm),
        cmocka_unit_test(alarms_without_a_floor),
        cmocka_unit_test(a_change_of_3_percent_is_found),
        cmocka_unit_test(intervals_cover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
