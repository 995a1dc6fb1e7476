// Pairs rows, computes ratios and verdicts. A side without a number makes the verdict, never a
// ratio.
#include "perf/result/comparison.h"

#include "perf/result/host_counts.h"
#include "perf/result/run_plan.h"
#include "perf/result/verdict.h"
#include "perf/stats/resample.h"
#include "perf/util/json_get.h"
#include "perf/util/project.h"
#include "perf/util/text_buf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BOOTS_MAX 1000 // as many as configs/policy.yaml may ask for

static double value_of(json_t *row)
{
    return json_number_value(json_object_get(row, "value"));
}

static json_t *find_row(json_t *run, const char *workload, const char *metric, const char *kernel)
{
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(run, "rows"), i, row)
        if (!strcmp(text_of(row, "workload"), workload) &&
            !strcmp(text_of(row, "metric"), metric) && !strcmp(text_of(row, "kernel"), kernel))
            return row;
    return NULL;
}

// The values of a row's samples, in the order of the boots; at most max.
static size_t values_of(json_t *row, double *out, size_t max)
{
    json_t *samples = json_object_get(row, "samples");
    size_t n = json_array_size(samples) < max ? json_array_size(samples) : max;
    for (size_t i = 0; i < n; i++)
        out[i] = value_of(json_array_get(samples, i));
    return n;
}

struct arms {
    double a[BOOTS_MAX], b[BOOTS_MAX], log_ratio[BOOTS_MAX];
    size_t n;
};

static void take_arms(struct arms *r, json_t *a, json_t *b)
{
    size_t n = values_of(a, r->a, BOOTS_MAX), m = values_of(b, r->b, BOOTS_MAX);
    r->n = n < m ? n : m;
    for (size_t i = 0; i < r->n; i++)
        r->log_ratio[i] = log(r->b[i] / r->a[i]);
}

static double own_noise(json_t *row)
{
    double v[BOOTS_MAX];
    size_t n = values_of(row, v, BOOTS_MAX);
    return verdict_noise(v, n);
}

static bool is_canary(json_t *row)
{
    return row_is_canary(text_of(row, "workload"));
}

// How far the same arithmetic in ring 3 differed between the two rows' kernels, as a share of its
// time: what the host did to them, or their interrupts. 0 when a run had no canary.
static double canary_shift(json_t *run_a, json_t *a, json_t *run_b, json_t *b)
{
    static const char *const names[] = {CANARY, CANARY_END};
    const char *metric = text_of(a, "metric");
    double most = 0;
    if (!strcmp(text_of(run_a, "tier"), "det")) // exact: judged without
        return 0;
    for (int i = 0; i < 2; i++) {
        struct arms arms;
        json_t *x = find_row(run_a, names[i], metric, text_of(a, "kernel"));
        json_t *y = find_row(run_b, names[i], metric, text_of(b, "kernel"));
        take_arms(&arms, x, y);
        if (arms.n && !strcmp(text_of(x, "status"), "ok") && !strcmp(text_of(y, "status"), "ok"))
            most = fmax(most, fabs(exp(stats_hodges_lehmann(arms.log_ratio, arms.n)) - 1));
    }
    return most;
}

// Wall-clock rows: what can be said of one row; verdict and adjusted p wait for the others.
static void judge_times(json_t *c, json_t *a, json_t *b, const struct verdict_policy *p,
                        double canary)
{
    struct arms arms;
    take_arms(&arms, a, b);
    struct verdict_row r = {
        .a = arms.a, .b = arms.b, .log_ratio = arms.log_ratio, .n = arms.n};
    double noise = fmax(own_noise(a), own_noise(b));
    json_object_set_new(c, "pairs", json_integer(r.n));
    json_object_set_new(c, "noise", json_real(noise));
    json_object_set_new(c, "canary", json_real(canary));
    if (r.n < 2) {
        json_object_set_new(c, "verdict", json_string("inconclusive"));
        return;
    }
    verdict_estimate(&r);
    verdict_interval(&r, p, STATS_DRAWS);
    json_object_set_new(c, "ratio", json_real(r.ratio));
    json_object_set_new(c, "interval", json_pack("[f,f]", r.low, r.high));
    json_object_set_new(c, "p", json_real(r.p));
    json_object_set_new(c, "signed_rank", json_real(r.signed_rank));
    json_object_set_new(c, "floor", json_real(verdict_floor(p, text_of(c, "metric"))));
}

// Is b in each pair of boots what a is?
static bool equal_arms(const struct arms *r)
{
    size_t i = 0;
    while (i < r->n && r->a[i] == r->b[i])
        i++;
    return r->n && i == r->n;
}

// Values of which one is 0: raw, by ranks; the verdict and the adjusted p wait for the other rows here too. Sides that are equal
// boot by boot are the same, and nothing is left to be tested.
static void judge_zeros(json_t *c, json_t *a, json_t *b, const struct verdict_policy *p, double canary)
{
    struct arms arms;
    double difference[BOOTS_MAX];
    take_arms(&arms, a, b);
    struct verdict_row r = {.a = arms.a, .b = arms.b, .n = arms.n};
    json_object_set_new(c, "pairs", json_integer(r.n));
    json_object_set_new(c, "canary", json_real(canary));
    if (equal_arms(&arms)) {
        json_object_set_new(c, "ratio", json_real(1));
        json_object_set_new(c, "verdict", json_string("same"));
        return;
    }
    for (size_t i = 0; i < r.n; i++)
        difference[i] = arms.b[i] - arms.a[i];
    if (r.n < 2)
        return;
    verdict_estimate_zeros(&r, difference, value_of(a), value_of(b));
    json_object_set_new(c, "ratio", isfinite(r.ratio) ? json_real(r.ratio) : json_null());
    json_object_set_new(c, "difference", json_real(r.difference));
    json_object_set_new(c, "p", json_real(r.p));
    json_object_set_new(c, "signed_rank", json_real(r.signed_rank));
    json_object_set_new(c, "floor", json_real(verdict_floor(p, text_of(c, "metric"))));
}

static bool counted(json_t *row)
{
    return !strcmp(text_of(row, "metric"), "instructions");
}

static bool any_zero(json_t *row)
{
    double v[BOOTS_MAX];
    size_t n = values_of(row, v, BOOTS_MAX);
    while (n && v[n - 1] > 0)
        n--;
    return n > 0;
}

double row_own_spread(json_t *row)
{
    double spread = number_of(json_array_get(json_object_get(row, "samples"), 0), "spread");
    return value_of(row) > 0 ? spread / value_of(row) : 0;
}

// By the two values, and how far each differs from itself: what the det tier counts, and counts of other tiers.
static void judge_ratio(json_t *c, json_t *a, json_t *b, double floor)
{
    double x = value_of(a), y = value_of(b), noise = verdict_spread_noise(row_own_spread(a), row_own_spread(b));
    const char *from_zero = y > 0 ? "regressed" : "same";
    json_object_set_new(c, "ratio", x > 0 ? json_real(y / x) : y > 0 ? json_null() : json_real(1));
    json_object_set_new(c, "verdict",
                        json_string(x > 0 ? verdict_of_count(y / x, floor, noise) : from_zero));
    if (noise > 0)
        json_object_set_new(c, "noise", json_real(noise));
}

static bool by_counts(json_t *c)
{
    return counted(c) || !strcmp(text_of(c, "tier"), "det");
}

// How far from 1 the ratio must be at least. Fewer boots do not say what a row differs from itself.
static void add_noise_floor(json_t *c, double floor)
{
    double noise = fmax(number_of(c, "noise"), number_of(c, "canary"));
    if (by_counts(c) || number_of(c, "pairs") >= VERDICT_NOISE_BOOTS)
        json_object_set_new(c, "noise_floor", json_real(fmax(floor, noise)));
}

static void judge(json_t *c, json_t *a, json_t *b, const struct verdict_policy *p, double canary)
{
    double floor = verdict_floor(p, text_of(c, "metric"));
    json_object_set_new(c, "a", json_real(value_of(a)));
    json_object_set_new(c, "b", json_real(value_of(b)));
    if (by_counts(c))
        judge_ratio(c, a, b, floor);
    else if (any_zero(a) || any_zero(b))
        judge_zeros(c, a, b, p, canary);
    else
        judge_times(c, a, b, p, canary);
    add_noise_floor(c, floor);
}

static bool is_ok(json_t *row)
{
    return !strcmp(text_of(row, "status"), "ok");
}

// A row that the other side did not measure is no failure of a guest; one that has no number itself is.
static void no_number(json_t *c, json_t *a, json_t *b)
{
    bool one_sided = !b || (!a && is_ok(b));
    json_t *bad = one_sided ? NULL : !is_ok(b) ? b : a;
    char *why = bad ? x_printf("%s: %s", text_of(bad, "kernel"), text_of(bad, "reason"))
                    : x_printf("%s: not measured in %s", text_of(a ? a : b, "kernel"), a ? "b" : "a");
    json_object_set_new(c, "verdict", json_string(bad ? text_of(bad, "status") : a ? ONLY_IN_A : ONLY_IN_B));
    json_object_set_new(c, "reason", json_string(why));
    if (a && is_ok(a))
        json_object_set_new(c, "a", json_real(value_of(a)));
    if (b && is_ok(b))
        json_object_set_new(c, "b", json_real(value_of(b)));
    free(why);
}

// What an instruction count cannot see, per operation: {name: [a, b]}; in "more" those of which b
// has more.
static void add_hidden(json_t *c, json_t *a, json_t *b)
{
    static const char *const names[] = {"cr3_writes", "tlb_flushes", "locked_kernel", "port_io",
                                        "msr_writes", "simd_kernel", "mmio_reads",    "mmio_writes",
                                        "ipis",       "fences",      "irets"};
    json_t *pa = json_object_get(json_array_get(json_object_get(a, "samples"), 0), "per_op");
    json_t *pb = json_object_get(json_array_get(json_object_get(b, "samples"), 0), "per_op");
    json_t *hidden = json_object(), *more = json_array();
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        json_t *x = json_object_get(pa, names[i]), *y = json_object_get(pb, names[i]);
        double va = json_number_value(x), vb = json_number_value(y);
        if (!x || !y)
            continue;
        json_object_set_new(hidden, names[i], json_pack("[f,f]", va, vb));
        if (vb >
            (va > 0 ? va : 0) * 1.02 + 0.05) // a slope of counts may come out slightly below zero
            json_array_append_new(more, json_string(names[i]));
    }
    json_object_set_new(c, "hidden", hidden);
    json_object_set_new(c, "more", more);
}

// Do more than half of the row's boots never come to a steady state (perf/stats/warmup.h)?
static bool unsteady(json_t *row)
{
    json_t *samples = json_object_get(row, "samples"), *s;
    size_t i, n = 0;
    json_array_foreach (samples, i, s)
        n += json_is_false(json_object_get(s, "steady"));
    return 2 * n > json_array_size(samples);
}

static void add_unsteady(json_t *c, json_t *a, json_t *b)
{
    const char *which = unsteady(a) ? unsteady(b) ? "a and b" : "a" : unsteady(b) ? "b" : NULL;
    if (which)
        json_object_set_new(c, "unsteady", json_string(which));
}

// The workload's program: "fork/64M" is a variant of /bench/fork. "" where the run does not say it.
static const char *program_of(json_t *run, json_t *row)
{
    json_t *initramfs = json_object_get(json_object_get(run, "identity"), "initramfs");
    const char *workload = text_of(row, "workload");
    char *path = x_printf("bench/%.*s", (int)strcspn(workload, "/@"), workload);
    const char *hash = text_of(json_object_get(initramfs, "files"), path);
    free(path);
    return hash;
}

// A row whose program was built otherwise is judged: the two may have done the same. It says so.
static void add_programs(json_t *c, json_t *run_a, json_t *run_b)
{
    const char *a = program_of(run_a, c), *b = program_of(run_b, c);
    if (!*a || !*b || !strcmp(a, b))
        return;
    json_object_set_new(c, "program_a", json_string(a));
    json_object_set_new(c, "program_b", json_string(b));
}

static json_t *compare_rows(json_t *a, json_t *b, const char *tier,
                            const struct verdict_policy *policy, double canary)
{
    json_t *any = a ? a : b;
    bool numbers = a && b && is_ok(a) && is_ok(b);
    json_t *c = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:n,s:n,s:n,s:n,s:n,s:s}", "workload",
                          text_of(any, "workload"), "metric", text_of(any, "metric"), "unit",
                          text_of(any, "unit"), "tier", tier, "kernel_a",
                          a ? text_of(a, "kernel") : "", "kernel_b", b ? text_of(b, "kernel") : "",
                          "a", "b", "ratio", "interval", "p", "verdict", "inconclusive");
    if (numbers) {
        judge(c, a, b, policy, canary);
        add_hidden(c, a, b);
        add_unsteady(c, a, b);
        json_t *host = host_counts_pair(a, b);
        if (json_object_size(host))
            json_object_set(c, "host", host);
        json_decref(host);
    } else {
        no_number(c, a, b);
    }
    return c;
}

static struct verdict_row row_of(json_t *c)
{
    json_t *interval = json_object_get(c, "interval"), *difference = json_object_get(c, "difference");
    bool has_ratio = json_is_number(json_object_get(c, "ratio"));
    return (struct verdict_row){.n = json_integer_value(json_object_get(c, "pairs")),
                                .floor = number_of(c, "floor"),
                                .noise = fmax(number_of(c, "noise"), number_of(c, "canary")),
                                .zeros = difference != NULL,
                                .difference = json_number_value(difference),
                                .ratio = has_ratio ? number_of(c, "ratio") : INFINITY,
                                .p = number_of(c, "p"),
                                .signed_rank = number_of(c, "signed_rank"),
                                .low = json_number_value(json_array_get(interval, 0)),
                                .high = json_number_value(json_array_get(interval, 1))};
}

// Benjamini-Hochberg over the suite, then the verdicts of the rows that have a p.
static void settle_p(json_t *rows, const struct verdict_policy *policy)
{
    size_t n = json_array_size(rows), m = 0, i;
    struct verdict_row *r = x_alloc((n + 1) * sizeof(*r));
    json_t *c;
    json_array_foreach (rows, i, c)
        if (json_is_real(json_object_get(c, "p")))
            r[m++] = row_of(c);
    verdict_settle(r, m);
    m = 0;
    json_array_foreach (rows, i, c) {
        if (!json_is_real(json_object_get(c, "p")))
            continue;
        json_object_set_new(c, "p", json_real(r[m].p));
        json_object_set_new(c, "verdict", json_string(verdict_of_row(&r[m++], policy)));
    }
    free(r);
}

// The row's targets: of a workload whose two parties are apart (NAME@PLACEMENT) the targets of that.
static json_t *targets_of(json_t *workloads, const char *row)
{
    const char *at = strchr(row, '@');
    char *name = x_printf("%.*s", (int)(at ? at - row : (long)strlen(row)), row);
    json_t *t = json_object_get(json_object_get(workloads, name), at ? "targets_apart" : "targets");
    free(name);
    return t;
}

// Targets hold for CloudOS over Linux, in instructions.
static void add_targets(json_t *rows, json_t *run)
{
    json_t *workloads = project_config("workloads"), *c;
    bool det = !strcmp(text_of(run, "tier"), "det");
    size_t i;
    json_array_foreach (rows, i, c) {
        json_t *t = targets_of(workloads, text_of(c, "workload"));
        json_t *first = json_array_get(t, 0), *ratio = json_object_get(c, "ratio");
        json_object_set(c, "target", det && first ? first : json_null());
        json_object_set(c, "target_final", det && first ? json_array_get(t, 1) : json_null());
        if (det && first)
            json_object_set_new(c, "reached",
                                json_boolean(json_is_number(ratio) &&
                                             json_number_value(ratio) <= json_number_value(first)));
    }
    json_decref(workloads);
}

static int rank(json_t *c)
{
    static const char *const order[] = {"unsupported", "failed", "regressed"};
    const char *v = text_of(c, "verdict");
    if (!strcmp(v, ONLY_IN_A) || !strcmp(v, ONLY_IN_B))
        return 1; // it has no ratio either
    for (int i = 0; i < 3; i++)
        if (!strcmp(v, order[i]))
            return i;
    return json_is_false(json_object_get(c, "reached")) ? 3 : 4;
}

static json_t *worst_first(json_t *rows)
{
    json_t *sorted = json_array(), *c;
    size_t i;
    for (int r = 0; r <= 4; r++)
        json_array_foreach (rows, i, c)
            if (rank(c) == r)
                json_array_append(sorted, c);
    json_decref(rows);
    return sorted;
}

static const char *family_of(json_t *run, const char *kernel)
{
    json_t *kernels = json_object_get(json_object_get(run, "identity"), "kernels");
    return text_of(json_object_get(kernels, kernel), "family");
}

// The fastest Linux of the row that has a number; else any Linux of it.
static json_t *best_linux(json_t *run, const char *workload, const char *metric)
{
    json_t *row, *best = NULL;
    size_t i;
    json_array_foreach (json_object_get(run, "rows"), i, row) {
        if (strcmp(text_of(row, "workload"), workload) || strcmp(text_of(row, "metric"), metric) ||
            strcmp(family_of(run, text_of(row, "kernel")), "linux"))
            continue;
        bool ok = !strcmp(text_of(row, "status"), "ok");
        if (!best ||
            (ok && (strcmp(text_of(best, "status"), "ok") || value_of(row) < value_of(best))))
            best = row;
    }
    return best;
}

// The Linux kernels of the row that should have a number and have none: a is the best of the others.
static void add_absent(json_t *c, json_t *run, const char *workload, const char *metric)
{
    json_t *row, *absent = json_array();
    size_t i;
    json_array_foreach (json_object_get(run, "rows"), i, row)
        if (!strcmp(text_of(row, "workload"), workload) && !strcmp(text_of(row, "metric"), metric) &&
            !strcmp(text_of(row, "status"), "failed") && !strcmp(family_of(run, text_of(row, "kernel")), "linux") &&
            strcmp(text_of(row, "kernel"), text_of(c, "kernel_a")))
            json_array_append(absent, json_object_get(row, "kernel"));
    if (json_array_size(absent))
        json_object_set(c, "absent", absent);
    json_decref(absent);
}

bool compare_has_families(json_t *run)
{
    bool has[2] = {false, false};
    const char *name;
    json_t *k;
    json_object_foreach (json_object_get(json_object_get(run, "identity"), "kernels"), name, k)
        has[!strcmp(text_of(k, "family"), "cloudos")] = true;
    return has[0] && has[1];
}

// a is Linux and b CloudOS; when the run has but one family, its first kernel against each other
// one.
json_t *compare_kernels(json_t *run, char **why)
{
    json_t *rows = json_array(), *row,
           *kernels = json_object_get(json_object_get(run, "identity"), "kernels");
    const char *first = json_object_iter_key(json_object_iter(kernels));
    bool families = compare_has_families(run);
    struct verdict_policy policy;
    size_t i;
    *why = NULL;
    if (json_object_size(kernels) < 2 || json_is_false(json_object_get(run, "same_clocksource"))) {
        *why =
            x_strdup(json_object_size(kernels) < 2
                         ? "the run has one kernel only: give a second run to compare it with"
                         : "the kernels used different clock sources; such times are not compared");
        json_decref(rows);
        return NULL;
    }
    verdict_policy_read(&policy);
    json_array_foreach (json_object_get(run, "rows"), i, row) {
        const char *w = text_of(row, "workload"), *metric = text_of(row, "metric");
        const char *kernel = text_of(row, "kernel");
        json_t *a = families ? best_linux(run, w, metric) : find_row(run, w, metric, first);
        bool is_b = families ? !strcmp(family_of(run, kernel), "cloudos") : strcmp(kernel, first) != 0;
        if (!is_b || is_canary(row))
            continue;
        json_t *c = compare_rows(a, row, text_of(run, "tier"), &policy, canary_shift(run, a, run, row));
        if (families)
            add_absent(c, run, w, metric);
        json_array_append_new(rows, c);
    }
    settle_p(rows, &policy);
    verdict_policy_free(&policy);
    if (families)
        add_targets(rows, run);
    return worst_first(rows);
}

// Linux calls the TSC "tsc-early" until it has refined its rate: the same clock.
const char *boot_clock(json_t *boot)
{
    const char *c = json_string_value(json_object_get(json_object_get(boot, "guest"), "clocksource"));
    return c && !strcmp(c, "tsc-early") ? "tsc" : c;
}

// A clock of the kernel's boots that is not `like`, or NULL; with `like` NULL any.
static const char *kernel_clock(json_t *run, const char *kernel, const char *like)
{
    json_t *boot;
    size_t i;
    json_array_foreach (json_object_get(run, "boots"), i, boot) {
        const char *c = strcmp(text_of(boot, "kernel"), kernel) ? NULL : boot_clock(boot);
        if (c && (!like || strcmp(c, like)))
            return c;
    }
    return NULL;
}

// Each kernel with itself: that CloudOS has another clock than Linux in both runs is nothing to such a comparison. Counts have no clock.
static char *other_clock(json_t *a, json_t *b)
{
    json_t *kernels = json_object_get(json_object_get(a, "identity"), "kernels"), *k;
    const char *name;
    if (!strcmp(text_of(a, "tier"), "det"))
        return NULL;
    json_object_foreach (kernels, name, k) {
        const char *first = kernel_clock(a, name, NULL);
        const char *other = first ? kernel_clock(a, name, first) : NULL;
        other = first && !other ? kernel_clock(b, name, first) : other;
        if (other)
            return x_printf("%s had the clock sources %s and %s; such times are not compared", name, first, other);
    }
    return NULL;
}

// Of what only one run measured: which one.
static void name_runs(json_t *rows, const char *a, const char *b)
{
    json_t *c;
    size_t i;
    json_array_foreach (rows, i, c) {
        bool only_a = !strcmp(text_of(c, "verdict"), ONLY_IN_A);
        if (!only_a && strcmp(text_of(c, "verdict"), ONLY_IN_B))
            continue;
        char *why = x_printf("%s: only run %s measured it", row_kernel(c), only_a ? a : b);
        json_object_set_new(c, "reason", json_string(why));
        free(why);
    }
}

json_t *compare_runs(json_t *a, json_t *b, char **why)
{
    json_t *rows = json_array(), *row;
    struct verdict_policy policy;
    size_t i;
    *why = strcmp(text_of(a, "tier"), text_of(b, "tier"))
               ? x_printf("the runs are of different tiers (%s and %s)", text_of(a, "tier"), text_of(b, "tier"))
               : other_clock(a, b);
    if (*why) {
        json_decref(rows);
        return NULL;
    }
    verdict_policy_read(&policy);
    json_array_foreach (json_object_get(a, "rows"), i, row) {
        json_t *other = find_row(b, text_of(row, "workload"), text_of(row, "metric"),
                                 text_of(row, "kernel"));
        if (!is_canary(row))
            json_array_append_new(rows, compare_rows(row, other, text_of(a, "tier"), &policy,
                                                     canary_shift(a, row, b, other)));
    }
    json_array_foreach (json_object_get(b, "rows"), i, row)
        if (!is_canary(row) && !find_row(a, text_of(row, "workload"), text_of(row, "metric"),
                                         text_of(row, "kernel")))
            json_array_append_new(rows,
                                  compare_rows(NULL, row, text_of(b, "tier"), &policy, 0));
    json_array_foreach (rows, i, row)
        add_programs(row, a, b);
    settle_p(rows, &policy);
    verdict_policy_free(&policy);
    name_runs(rows, text_of(a, "id"), text_of(b, "id"));
    return worst_first(rows);
}

bool rows_of_two_runs(json_t *rows)
{
    json_t *c;
    size_t i;
    json_array_foreach (rows, i, c)
        if (*text_of(c, "kernel_a") && *text_of(c, "kernel_b"))
            return !strcmp(text_of(c, "kernel_a"), text_of(c, "kernel_b"));
    return json_array_size(rows) > 0; // one run's kernels have their rows in common
}

const char *row_kernel(json_t *c)
{
    const char *b = text_of(c, "kernel_b");
    return *b ? b : text_of(c, "kernel_a");
}

void comparison_summarise(json_t *rows, struct comparison_summary *s)
{
    json_t *c;
    size_t i;
    memset(s, 0, sizeof(*s));
    json_array_foreach (rows, i, c) {
        const char *v = text_of(c, "verdict");
        s->rows++;
        s->unsupported += !strcmp(v, "unsupported");
        s->failed += !strcmp(v, "failed");
        s->lost += !strcmp(v, "regressed");
        s->improved += !strcmp(v, "improved");
        s->same += !strcmp(v, "same");
        s->inconclusive += !strcmp(v, "inconclusive");
        s->only_a += !strcmp(v, ONLY_IN_A);
        s->only_b += !strcmp(v, ONLY_IN_B);
        s->with_target += json_is_number(json_object_get(c, "target"));
        s->reached += json_is_true(json_object_get(c, "reached"));
        s->more += json_array_size(json_object_get(c, "more")) > 0;
        s->absent += json_array_size(json_object_get(c, "absent")) > 0;
    }
}

bool comparison_has_intervals(json_t *rows)
{
    json_t *c;
    size_t i;
    json_array_foreach (rows, i, c)
        if (json_is_array(json_object_get(c, "interval")))
            return true;
    return false;
}
