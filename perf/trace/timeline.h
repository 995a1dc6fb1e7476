// What the CPUs of a guest did, event by event, and the same as Chrome trace events, which ui.perfetto.dev shows.
// Owns the events; takes them from a kernel's text. A text that contradicts itself (time runs backwards, a task
// leaves a CPU on which it did not run) is refused: no timeline is made of it.
#pragma once
#include "perf/util/text_buf.h"

#include <jansson.h>
#include <stdint.h>

enum trace_kind { TRACE_SWITCH, TRACE_WAKE, TRACE_MIGRATE, TRACE_STEAL, TRACE_IRQ, TRACE_IRQ_END, TRACE_KINDS };
extern const char *const trace_kind_name[TRACE_KINDS];

struct trace_event {
    uint64_t ns;
    uint32_t cpu, order; // order: of its line, for equal times
    enum trace_kind kind;
    int pid;        // switch: who leaves; wake, migrate, steal: whose
    int other;      // switch: who comes; wake: who woke it
    int arg;        // wake: to which CPU; migrate, steal: from which; switch: the priority of who comes
    char fate;      // switch: what became of who leaves: R Y S D X I
    char name[32];  // switch: of who comes; irq: of the vector
};

struct timeline {
    struct trace_event *event;
    size_t count, room;
    uint64_t lost;       // records that a ring no longer had
    uint64_t whole_from; // ns; before it a ring that wrapped says nothing. 0: nobody said which wrapped
    size_t left_out;     // events before that, which other rings still had
};

// /proc/sched_trace/cpuN of CloudOS. False with *why (the caller's).
bool timeline_add_cloudos(struct timeline *t, uint32_t cpu, const char *text, char **why);
// The `trace` file of Linux's tracefs, all CPUs.
bool timeline_add_linux(struct timeline *t, const char *text, char **why);
// Sorts by time and checks every CPU. False with *why. Where records were lost, leaves out what was before the latest first record of a ring
// that wrapped: a wake-up there would be taken for the cause of a later run than its own, which is gone.
bool timeline_check(struct timeline *t, char **why);
// {"traceEvents": [...], ...}; title names the process of all CPUs. After timeline_check.
json_t *timeline_chrome(const struct timeline *t, const char *title);
// "cpus": {cpu: {kind: count}}, "lost", "left_out" and, over all CPUs, "wake_to_run_ns": {"count", "p50", "max"}.
json_t *timeline_summary(const struct timeline *t);
// The event from index `from` on in which the task gets a CPU; NULL where there is none, or another wake-up of the task comes before it: Linux says sched_waking before it looks
// whether the task sleeps at all, and the run is then the later one's.
const struct trace_event *timeline_next_run(const struct timeline *t, size_t from, int pid);
void timeline_free(struct timeline *t);
