// Turns a row's steps into one sample. det: the slope between N and 2N operations, of the whole
// VM's instructions and of the TSC, the larger is the row's; of several steps of N, and of 2N, the median one, and how far they differ by
// the same measure. Wall clock: nanoseconds an operation of the N step.
#include "perf/result/lap_times.h"
#include "perf/result/step_result.h"

#include <stdlib.h>
#include <string.h>

// The row's steps of one kind, in the order of their instructions.
struct windows {
    const struct step_result *step[DET_REPEATS];
    int count;
};

static void insert(struct windows *w, const struct step_result *s)
{
    int at = w->count++;
    for (; at > 0 && w->step[at - 1]->insns > s->insns; at--)
        w->step[at] = w->step[at - 1];
    w->step[at] = s;
}

static struct windows windows_of(const struct boot_steps *b, const char *row, enum step_kind kind)
{
    struct windows w = {0};
    for (size_t i = 0; i < b->plan->count && w.count < DET_REPEATS; i++)
        if (b->plan->step[i].kind == kind && !strcmp(b->plan->step[i].row, row))
            insert(&w, &b->step[i]);
    return w;
}

static const struct step_result *middle(const struct windows *w)
{
    return w->count ? w->step[w->count / 2] : NULL;
}

static bool all_counted(const struct windows *w)
{
    for (int i = 0; i < w->count; i++)
        if (!w->step[i]->counted)
            return false;
    return w->count;
}

static double number(const struct step_result *s, const char *key)
{
    return json_number_value(json_object_get(s->result, key));
}

static double ticks(const struct step_result *s)
{
    return number(s, "tsc_end") - number(s, "tsc_begin");
}

static double instructions(const struct step_result *s)
{
    return (double)s->insns;
}

// By instructions or by ticks: the two need not have the same order.
static double range(const struct windows *w, double (*measure)(const struct step_result *))
{
    double low = measure(w->step[0]), high = low;
    for (int i = 1; i < w->count; i++) {
        double v = measure(w->step[i]);
        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    return high - low;
}

static json_t *no_number(const char *row, const char *status, char *why)
{
    json_t *j = json_pack("{s:s,s:s,s:s}", "workload", row, "status", status, "reason", why);
    free(why);
    return j;
}

// NULL when the step gave a good result, otherwise a sample that says why there is no number.
static json_t *step_fault(const struct step_result *s, const char *row)
{
    json_t *signal_number = json_object_get(s->exit, "signal");
    int status = json_integer_value(json_object_get(s->exit, "status"));
    const char *check = json_string_value(json_object_get(s->result, "check"));
    char *why = NULL;
    if (s->unsupported) {
        const char *call = json_string_value(json_object_get(s->unsupported, "call"));
        why = x_printf("%s: %s", call ? call : "?",
                       strerror(json_integer_value(json_object_get(s->unsupported, "errno"))));
        return no_number(row, "unsupported", why);
    }
    if (s->result && (!check || strcmp(check, "ok")))
        why = x_printf("self-check: %s", check ? check : "missing");
    else if (signal_number)
        why = x_printf("the workload was killed by signal %d (%s)",
                       (int)json_integer_value(signal_number),
                       strsignal(json_integer_value(signal_number)));
    else if (status)
        why = x_printf("the workload exited with code %d", status);
    else if (!s->result)
        why = x_strdup("the workload gave no result");
    else if (number(s, "ops") <= 0)
        why = x_strdup("the workload did nothing");
    return why ? no_number(row, "failed", why) : NULL;
}

static json_t *count_slopes(const struct step_result *a, const struct step_result *b, double ops)
{
    json_t *out = json_object(), *n;
    const char *name;
    json_object_foreach (b->counts, name, n) {
        double before = json_number_value(json_object_get(a->counts, name));
        json_object_set_new(out, name, json_real((json_number_value(n) - before) / ops));
    }
    return out;
}

static json_t *windows_json(const struct windows *w, double (*measure)(const struct step_result *))
{
    json_t *list = json_array();
    for (int i = 0; i < w->count; i++)
        json_array_append_new(list, json_integer((json_int_t)measure(w->step[i])));
    return list;
}

// The windows by both measures, and how far the row differs from itself by the one that gave its value.
static void add_windows(json_t *sample, const struct windows *of_n, const struct windows *of_2n, double ops, bool by_ticks)
{
    double (*chosen)(const struct step_result *) = by_ticks ? ticks : instructions;
    json_object_set_new(sample, "windows", json_pack("[o,o]", windows_json(of_n, instructions), windows_json(of_2n, instructions)));
    json_object_set_new(sample, "tsc_windows", json_pack("[o,o]", windows_json(of_n, ticks), windows_json(of_2n, ticks)));
    json_object_set_new(sample, "spread", json_real((range(of_n, chosen) + range(of_2n, chosen)) / ops));
}

static json_t *det_sample(const struct windows *of_n, const struct windows *of_2n, const char *row)
{
    const struct step_result *n = middle(of_n), *n2 = middle(of_2n);
    double ops = number(n2, "ops") - number(n, "ops");
    double vm = ((double)n2->insns - (double)n->insns) / ops, tsc = (ticks(n2) - ticks(n)) / ops;
    if (ops <= 0 || vm <= 0)
        return no_number(row, "failed", x_strdup("2N iterations did not cost more than N"));
    json_t *free_kb = json_object_get(n2->exit, "memfree_kb_after");
    double lost = json_number_value(json_object_get(n2->exit, "memfree_kb_before")) -
                  json_number_value(free_kb);
    json_t *sample = json_pack("{s:s,s:s,s:f,s:f,s:f,s:[f,f],s:[I,I],s:[f,f],s:f,s:o}", "workload", row,
                               "status", "ok", "value", vm > tsc ? vm : tsc, "vm_slope", vm, "tsc_slope", tsc,
                               "ops", number(n, "ops"), number(n2, "ops"), "vm_instructions",
                               (json_int_t)n->insns, (json_int_t)n2->insns, "tsc_ticks", ticks(n), ticks(n2),
                               "memory_lost_kb", lost, "per_op", count_slopes(n, n2, ops));
    if (of_n->count > 1)
        add_windows(sample, of_n, of_2n, ops, tsc > vm);
    return sample;
}

// What the workload measured itself, each under its own name beside the cost.
static json_t *with_values(json_t *sample, const struct step_result *s)
{
    json_object_update_missing(sample, json_object_get(s->result, "values"));
    return sample;
}

static json_t *wall_sample(const struct step_result *n, const char *row)
{
    double ops = number(n, "ops"), ns = number(n, "ns");
    if (ns <= 0)
        return no_number(row, "failed", x_strdup("the guest's clock did not move"));
    json_t *sample = json_pack("{s:s,s:s,s:f,s:f,s:f}", "workload", row, "status", "ok", "value",
                               ns / ops, "ns", ns, "ops", ops);
    if (lap_times_add(sample, n->result))
        return sample;
    json_decref(sample);
    return no_number(row, "failed", x_strdup("the timings of the iterations are malformed"));
}

json_t *boot_steps_measured(const struct boot_steps *b, char **why)
{
    json_t *result = NULL;
    *why = b->fault ? x_strdup(b->fault) : NULL;
    for (size_t i = 0; i < b->plan->count && !*why; i++) {
        const struct step_result *s = &b->step[i];
        if (b->skip && b->skip[i])
            continue;
        json_t *bad = step_fault(s, b->plan->step[i].row);
        if (bad)
            *why = x_strdup(json_string_value(json_object_get(bad, "reason")));
        else if (!s->ended)
            *why = x_strdup("the workload did not get to its end");
        json_decref(bad);
        result = b->plan->step[i].kind == STEP_WARM ? result : s->result;
    }
    if (!result && !*why)
        *why = x_strdup("the boot measured nothing");
    return *why ? NULL : result;
}

json_t *row_sample(const struct boot_steps *b, const char *row, enum tier tier)
{
    for (size_t i = 0; i < b->plan->count; i++) {
        if (strcmp(b->plan->step[i].row, row))
            continue;
        json_t *fault = b->step[i].ended ? step_fault(&b->step[i], row) : NULL;
        if (fault || !b->step[i].ended)
            return fault;
    }
    struct windows n = windows_of(b, row, STEP_N), n2 = windows_of(b, row, STEP_2N);
    if (tier != TIER_DET)
        return with_values(wall_sample(middle(&n), row), middle(&n));
    return all_counted(&n) && all_counted(&n2) ? with_values(det_sample(&n, &n2, row), middle(&n2)) : NULL;
}
