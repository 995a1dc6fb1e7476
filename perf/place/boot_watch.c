// Marks are totals; the document has the differences.
#include "perf/place/boot_watch.h"

#include "perf/place/kvm_stats.h"
#include "perf/place/memory_seen.h"
#include "perf/util/json_get.h"

#include <stdlib.h>

static void miss(struct boot_watch *w, char *line)
{
    if (line)
        list_add(&w->missing, line);
    free(line);
}

static void open_counters(struct boot_watch *w, json_t *cpus)
{
    size_t n = json_array_size(cpus);
    pid_t *thread = x_alloc((n + 1) * sizeof(*thread));
    char *missing;
    for (size_t i = 0; i < n; i++)
        thread[i] = json_integer_value(json_object_get(json_array_get(cpus, i), "thread-id"));
    w->counters = vcpu_counters_open(thread, n, &missing);
    w->vcpus = n;
    miss(w, missing);
    free(thread);
}

static void add_mark(struct boot_watch *w, json_t *record, double second)
{
    json_t *counts = vcpu_counters_read(w->counters);
    json_array_append_new(w->marks, json_pack("{s:f,s:o*,s:O*,s:O*}", "second", second, "counters", counts, "workload",
                                              json_object_get(record, "workload"), "iters",
                                              json_object_get(record, "iters")));
}

void boot_watch_start(struct boot_watch *w, pid_t qemu, json_t *cpus, double second)
{
    w->qemu = qemu;
    w->marks = json_array();
    miss(w, host_plan_bind(w->plan, qemu, cpus));
    open_counters(w, cpus);
    add_mark(w, NULL, second);
}

void boot_watch_mark(struct boot_watch *w, json_t *record, double second)
{
    if (!w->marks)
        return;
    add_mark(w, record, second);
    if (!w->memory) // in case that QEMU has gone when the last word is read
        w->memory = memory_of_process(w->qemu);
}

void boot_watch_answer(struct boot_watch *w, json_t *stats)
{
    json_t *mark = json_array_get(w->marks, w->answers++);
    if (mark)
        json_object_set_new(mark, "kvm", kvm_stats_sum(stats));
}

void boot_watch_done(struct boot_watch *w)
{
    json_t *all = w->marks ? memory_of_process(w->qemu) : NULL;
    if (json_object_size(all)) {
        json_decref(w->memory);
        w->memory = json_incref(all);
    }
    json_decref(all);
}

// Counts that cannot be are no counts: the step has none, and the boot says so.
static json_t *step_counts(struct boot_watch *w, json_t *from, json_t *to, double seconds)
{
    if (!from || !to)
        return NULL;
    json_t *counts = counts_between(from, to);
    char *why = counters_impossible(counts, seconds, w->vcpus);
    if (!why)
        return counts;
    json_decref(counts);
    miss(w, x_printf("counters refused: %s", why));
    free(why);
    return NULL;
}

static json_t *step_between(struct boot_watch *w, json_t *a, json_t *b)
{
    double seconds = number_of(b, "second") - number_of(a, "second");
    json_t *from = json_object_get(a, "kvm"), *to = json_object_get(b, "kvm");
    json_t *counts = step_counts(w, json_object_get(a, "counters"), json_object_get(b, "counters"), seconds);
    return json_pack("{s:O*,s:O*,s:f,s:o*,s:o*}", "workload", json_object_get(b, "workload"), "iters",
                     json_object_get(b, "iters"), "seconds", seconds, "counters", counts, "kvm",
                     from && to ? counts_between(from, to) : NULL);
}

static json_t *missing_json(const struct boot_watch *w)
{
    json_t *missing = json_array();
    for (size_t i = 0; i < w->missing.count; i++)
        json_array_append_new(missing, json_string(w->missing.items[i]));
    return missing;
}

json_t *boot_watch_end(struct boot_watch *w)
{
    json_t *steps = json_array();
    if (!w->marks) {
        json_decref(steps);
        return NULL;
    }
    if (w->kvm && !json_object_size(json_object_get(json_array_get(w->marks, 0), "kvm")))
        miss(w, x_strdup("no exit counts: this QEMU's query-stats shows none of KVM's"));
    for (size_t i = 1; i < json_array_size(w->marks); i++)
        json_array_append_new(steps, step_between(w, json_array_get(w->marks, i - 1), json_array_get(w->marks, i)));
    json_t *j = json_pack("{s:o,s:s,s:o*,s:o}", "missing", missing_json(w), "counters", vcpu_counters_kind(w->counters),
                          "memory_mb", w->memory, "steps", steps);
    vcpu_counters_close(w->counters);
    list_free(&w->missing);
    json_decref(w->marks);
    return j;
}
