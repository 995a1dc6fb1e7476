// The timeline as Chrome trace events (the JSON Array Format with its object around it, Google's "Trace Event Format"):
// one process, a thread a CPU; a slice for each stay of a task on a CPU and for each interrupt, an instant for each
// wake-up, migration and steal, and an arrow from a wake-up to the stay that it led to. Times in microseconds.
#include "perf/trace/timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX 1024
#define PROCESS  1

struct names { // pid -> what it was last called
    json_t *of;
};

static const char *name_of(const struct names *n, int pid)
{
    char key[16];
    snprintf(key, sizeof(key), "%d", pid);
    const char *name = json_string_value(json_object_get(n->of, key));
    return name ? name : "task";
}

static void learn(struct names *n, const struct trace_event *e)
{
    char key[16];
    snprintf(key, sizeof(key), "%d", e->other);
    if (e->kind == TRACE_SWITCH)
        json_object_set_new(n->of, key, json_string(e->name));
}

static double us(uint64_t ns)
{
    return ns / 1000.0;
}

static void meta(json_t *out, const char *what, uint32_t tid, const char *name)
{
    json_array_append_new(out, json_pack("{s:s,s:s,s:i,s:i,s:{s:s}}", "ph", "M", "name", what, "pid", PROCESS,
                                         "tid", tid, "args", "name", name));
}

static void slice(json_t *out, const char *cat, char *name, uint32_t cpu, uint64_t from, uint64_t to, json_t *args)
{
    json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:i,s:i,s:f,s:f,s:o}", "ph", "X", "cat", cat, "name", name,
                                         "pid", PROCESS, "tid", cpu, "ts", us(from), "dur", us(to - from), "args",
                                         args));
    free(name);
}

struct stay { // what a CPU is doing
    int pid;
    int prio;
    uint64_t since, irq_since;
    char name[32], irq[32];
    bool known, in_irq;
};

static void end_stay(json_t *out, const struct names *names, const struct stay *s, uint32_t cpu, uint64_t to,
                     char fate)
{
    char letter[2] = {fate, 0};
    if (!s->pid)
        return; // idle: a gap
    slice(out, "run", x_printf("%s %d", *s->name ? s->name : name_of(names, s->pid), s->pid), cpu, s->since, to,
          json_pack("{s:i,s:i,s:s}", "pid", s->pid, "prio", s->prio, "ended", letter));
}

static void take_switch(json_t *out, const struct names *names, struct stay *s, const struct trace_event *e)
{
    s->pid = e->pid;
    end_stay(out, names, s, e->cpu, e->ns, e->fate);
    s->pid = e->other;
    s->prio = e->arg;
    s->since = e->ns;
    snprintf(s->name, sizeof(s->name), "%s", e->name);
}

static void take_irq(json_t *out, struct stay *s, const struct trace_event *e)
{
    if (e->kind == TRACE_IRQ) {
        s->in_irq = true;
        s->irq_since = e->ns;
        snprintf(s->irq, sizeof(s->irq), "%s", e->name);
    } else if (s->in_irq) {
        s->in_irq = false;
        slice(out, "irq", x_printf("irq %s", s->irq), e->cpu, s->irq_since, e->ns, json_object());
    }
}

static void instant(json_t *out, const struct names *names, const struct trace_event *e)
{
    const char *kind = trace_kind_name[e->kind];
    char *name = x_printf("%s %s %d", kind, name_of(names, e->pid), e->pid);
    json_t *args = e->kind == TRACE_WAKE ? json_pack("{s:i,s:i,s:i}", "pid", e->pid, "by", e->other, "to", e->arg)
                                         : json_pack("{s:i,s:i}", "pid", e->pid, "from", e->arg);
    json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:s,s:i,s:i,s:f,s:o}", "ph", "i", "s", "t", "cat", kind,
                                         "name", name, "pid", PROCESS, "tid", e->cpu, "ts", us(e->ns), "args", args));
    free(name);
}

static void arrow(json_t *out, const char *ph, size_t id, uint32_t cpu, uint64_t ns)
{
    json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:s,s:I,s:i,s:i,s:f}", "ph", ph, "bp", "e", "cat", "wake",
                                         "name", "wake", "id", (json_int_t)id, "pid", PROCESS, "tid", cpu, "ts",
                                         us(ns)));
}

// From the wake-up at index i to the switch that it led to.
static void add_arrow(json_t *out, const struct timeline *t, size_t i)
{
    const struct trace_event *e = &t->event[i], *run = timeline_next_run(t, i + 1, e->pid);
    if (!run)
        return;
    arrow(out, "s", i + 1, e->cpu, e->ns);
    arrow(out, "f", i + 1, run->cpu, run->ns);
}

static void begin_all(const struct timeline *t, json_t *out, struct stay *stay, struct names *names)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct trace_event *e = &t->event[i];
        struct stay *s = &stay[e->cpu];
        learn(names, e);
        if (s->known)
            continue;
        char *name = x_printf("CPU %u", e->cpu);
        meta(out, "thread_name", e->cpu, name);
        free(name);
        *s = (struct stay){.known = true, .since = e->ns};
    }
}

json_t *timeline_chrome(const struct timeline *t, const char *title)
{
    struct stay *stay = x_alloc(CPUS_MAX * sizeof(*stay));
    struct names names = {json_object()};
    json_t *out = json_array();
    meta(out, "process_name", 0, title);
    begin_all(t, out, stay, &names);
    for (size_t i = 0; i < t->count; i++) {
        const struct trace_event *e = &t->event[i];
        if (e->kind == TRACE_SWITCH)
            take_switch(out, &names, &stay[e->cpu], e);
        else if (e->kind == TRACE_IRQ || e->kind == TRACE_IRQ_END)
            take_irq(out, &stay[e->cpu], e);
        else
            instant(out, &names, e);
        if (e->kind == TRACE_WAKE)
            add_arrow(out, t, i);
    }
    for (uint32_t c = 0; c < CPUS_MAX && t->count; c++)
        if (stay[c].known)
            end_stay(out, &names, &stay[c], c, t->event[t->count - 1].ns, '?');
    json_decref(names.of);
    free(stay);
    return json_pack("{s:o,s:s}", "traceEvents", out, "displayTimeUnit", "ns");
}
