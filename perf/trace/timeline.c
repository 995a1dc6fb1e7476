// Texts in, checked events out. Lines that name no event of ours are skipped in Linux's file only: it has a head.
#include "perf/trace/timeline.h"

#include "perf/stats/quantile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX 1024

const char *const trace_kind_name[TRACE_KINDS] = {"switch", "wake", "migrate", "steal", "irq", "irq_end"};

static void add(struct timeline *t, struct trace_event e)
{
    if (t->count == t->room) {
        t->room = t->room ? 2 * t->room : 1024;
        t->event = x_realloc(t->event, t->room * sizeof(*t->event));
    }
    e.order = t->count;
    t->event[t->count++] = e;
}

void timeline_free(struct timeline *t)
{
    free(t->event);
    *t = (struct timeline){0};
}

// Each line of the text, cut out, to `take`; the first that it refuses ends it.
static bool each_line(const char *text, bool (*take)(void *ctx, const char *line), void *ctx, char **why)
{
    char line[512];
    for (const char *at = text; *at;) {
        size_t n = strcspn(at, "\n");
        snprintf(line, sizeof(line), "%.*s", (int)n, at);
        if (*line && !take(ctx, line)) {
            *why = x_printf("the trace has a line that is none: \"%s\"", line);
            return false;
        }
        at += n + (at[n] == '\n');
    }
    return true;
}

struct reader {
    struct timeline *t;
    uint32_t cpu;
};

static enum trace_kind kind_of(const char *word)
{
    int k = 0;
    while (k < TRACE_KINDS && strcmp(word, trace_kind_name[k]))
        k++;
    return k;
}

static void note_lost(struct timeline *t, uint64_t count, uint64_t first)
{
    t->lost += count;
    t->whole_from = first > t->whole_from ? first : t->whole_from;
}

static bool cloudos_line(void *ctx, const char *line)
{
    struct reader *r = ctx;
    struct trace_event e = {.cpu = r->cpu};
    unsigned long long ns;
    char word[16];
    int at = 0;
    if (sscanf(line, "%llu %15s %n", &ns, word, &at) != 2 || !at)
        return false;
    e.ns = ns;
    e.kind = kind_of(word);
    line += at;
    bool ok = false;
    unsigned long long lost;
    if (!strcmp(word, "lost") && sscanf(line, "%llu", &lost) == 1) {
        note_lost(r->t, lost, ns);
        return true;
    }
    if (e.kind == TRACE_SWITCH)
        ok = sscanf(line, "%d %c %d %d %31s", &e.pid, &e.fate, &e.other, &e.arg, e.name) == 5;
    else if (e.kind == TRACE_WAKE)
        ok = sscanf(line, "%d %d %d", &e.pid, &e.other, &e.arg) == 3;
    else if (e.kind == TRACE_MIGRATE || e.kind == TRACE_STEAL)
        ok = sscanf(line, "%d %d", &e.pid, &e.arg) == 2;
    else if (e.kind < TRACE_KINDS)
        ok = sscanf(line, "%31s", e.name) == 1;
    if (ok)
        add(r->t, e);
    return ok;
}

bool timeline_add_cloudos(struct timeline *t, uint32_t cpu, const char *text, char **why)
{
    struct reader r = {t, cpu};
    return each_line(text, cloudos_line, &r, why);
}

// The number after "KEY=" in the line.
static bool field(const char *line, const char *key, int *out)
{
    const char *at = strstr(line, key);
    return at && sscanf(at + strlen(key), "%d", out) == 1;
}

static bool linux_switch(struct trace_event *e, const char *body)
{
    const char *state = strstr(body, "prev_state="), *name = strstr(body, "next_comm=");
    if (!state || !name || !field(body, "prev_pid=", &e->pid) || !field(body, "next_pid=", &e->other) ||
        !field(body, "next_prio=", &e->arg))
        return false;
    const char *end = strstr(name, " next_pid=");
    snprintf(e->name, sizeof(e->name), "%.*s", end ? (int)(end - name - 10) : 0, name + 10);
    e->kind = TRACE_SWITCH;
    e->fate = e->pid ? state[11] : 'I';
    return true;
}

// "# entries-in-buffer/entries-written: 205/1205   #P:2": those of all CPUs.
static void linux_head(struct timeline *t, const char *line)
{
    unsigned long long kept, written;
    if (sscanf(line, "# entries-in-buffer/entries-written: %llu/%llu", &kept, &written) == 2 && written > kept)
        note_lost(t, written - kept, 0);
}

// "... [003] d..2. 12.345678: sched_switch: prev_comm=..."
static bool linux_line(void *ctx, const char *line)
{
    struct reader *r = ctx;
    struct trace_event e = {0};
    unsigned cpu, s, us;
    char word[48];
    int at = 0, by = 0;
    const char *bracket = strchr(line, '[');
    if (*line == '#')
        linux_head(r->t, line);
    if (*line == '#' || !bracket || sscanf(bracket, "[%u] %*s %u.%u: %47[^:]: %n", &cpu, &s, &us, word, &at) != 4)
        return true;
    for (const char *p = bracket; p > line && p[-1] != '-'; p--)
        by = p - line - 1;
    e.other = by ? atoi(line + by) : 0;
    e.cpu = cpu;
    e.ns = s * 1000000000ull + us * 1000ull;
    const char *body = bracket + at;
    bool ok = true;
    if (!strcmp(word, "sched_switch")) {
        ok = linux_switch(&e, body);
    } else if (!strncmp(word, "sched_wak", 9)) {
        e.kind = TRACE_WAKE;
        ok = field(body, " pid=", &e.pid) && field(body, "target_cpu=", &e.arg);
    } else if (!strcmp(word, "sched_migrate_task")) {
        e.kind = TRACE_MIGRATE;
        ok = field(body, " pid=", &e.pid) && field(body, "orig_cpu=", &e.arg);
    } else if (strstr(word, "_entry") || strstr(word, "_exit")) {
        e.kind = strstr(word, "_exit") ? TRACE_IRQ_END : TRACE_IRQ;
        snprintf(e.name, sizeof(e.name), "%.*s", (int)(strrchr(word, '_') - word), word);
    } else {
        return true;
    }
    if (ok)
        add(r->t, e);
    return ok;
}

bool timeline_add_linux(struct timeline *t, const char *text, char **why)
{
    struct reader r = {t, 0};
    return each_line(text, linux_line, &r, why);
}

static int by_time(const void *a, const void *b)
{
    const struct trace_event *x = a, *y = b;
    if (x->ns != y->ns)
        return x->ns < y->ns ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

// In the order of the lines, before they are sorted: within a CPU time never runs back.
static bool times_rise(const struct timeline *t, char **why)
{
    static uint64_t last[CPUS_MAX];
    memset(last, 0, sizeof(last));
    for (size_t i = 0; i < t->count; i++) {
        const struct trace_event *e = &t->event[i];
        if (e->cpu >= CPUS_MAX || e->ns < last[e->cpu]) {
            *why = x_printf("CPU %u: time runs back to %llu ns", e->cpu, (unsigned long long)e->ns);
            return false;
        }
        last[e->cpu] = e->ns;
    }
    return true;
}

// Linux does not say which of its rings wrapped. One that did is full, and its events are of 12 to 80 bytes: it has at least an eighth of the
// events of the ring that has most. In the order of the lines.
static uint64_t latest_first(const struct timeline *t)
{
    static size_t events[CPUS_MAX];
    static uint64_t first[CPUS_MAX];
    uint64_t latest = 0;
    size_t most = 0;
    memset(events, 0, sizeof(events));
    for (size_t i = 0; i < t->count; i++) {
        const struct trace_event *e = &t->event[i];
        first[e->cpu] = events[e->cpu]++ ? first[e->cpu] : e->ns;
        most = events[e->cpu] > most ? events[e->cpu] : most;
    }
    for (int c = 0; c < CPUS_MAX; c++)
        if (events[c] && events[c] >= most / 8 && first[c] > latest)
            latest = first[c];
    return latest;
}

// Of the sorted events those before all rings are whole.
static void leave_out(struct timeline *t)
{
    size_t n = 0;
    while (n < t->count && t->event[n].ns < t->whole_from)
        n++;
    if (n)
        memmove(t->event, t->event + n, (t->count - n) * sizeof(*t->event));
    t->count -= n;
    t->left_out = n;
}

bool timeline_check(struct timeline *t, char **why)
{
    static int runs[CPUS_MAX];
    if (!times_rise(t, why))
        return false;
    if (t->lost && !t->whole_from)
        t->whole_from = latest_first(t);
    if (t->count)
        qsort(t->event, t->count, sizeof(*t->event), by_time);
    if (t->lost)
        leave_out(t);
    for (int i = 0; i < CPUS_MAX; i++)
        runs[i] = -1; // whoever runs when the trace begins
    for (size_t i = 0; i < t->count; i++) {
        const struct trace_event *e = &t->event[i];
        if (e->kind != TRACE_SWITCH)
            continue;
        if (runs[e->cpu] >= 0 && runs[e->cpu] != e->pid) {
            *why = x_printf("CPU %u at %llu ns: task %d leaves, but %d ran", e->cpu,
                            (unsigned long long)e->ns, e->pid, runs[e->cpu]);
            return false;
        }
        runs[e->cpu] = e->other;
    }
    return true;
}

const struct trace_event *timeline_next_run(const struct timeline *t, size_t from, int pid)
{
    for (size_t i = from; i < t->count; i++) {
        const struct trace_event *e = &t->event[i];
        if (e->kind == TRACE_WAKE && e->pid == pid)
            return NULL;
        if (e->kind == TRACE_SWITCH && e->other == pid)
            return e;
    }
    return NULL;
}

static json_t *counts(const struct timeline *t)
{
    json_t *out = json_object();
    char cpu[16];
    for (size_t i = 0; i < t->count; i++) {
        const struct trace_event *e = &t->event[i];
        const char *kind = trace_kind_name[e->kind];
        snprintf(cpu, sizeof(cpu), "%u", e->cpu);
        json_t *of = json_object_get(out, cpu);
        if (!of)
            json_object_set_new(out, cpu, of = json_object());
        json_object_set_new(of, kind, json_integer(json_integer_value(json_object_get(of, kind)) + 1));
    }
    return out;
}

json_t *timeline_summary(const struct timeline *t)
{
    double *wait = x_alloc((t->count + 1) * sizeof(*wait));
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct trace_event *e = &t->event[i];
        const struct trace_event *run = e->kind == TRACE_WAKE ? timeline_next_run(t, i + 1, e->pid) : NULL;
        if (run)
            wait[n++] = run->ns - e->ns;
    }
    double p50 = n ? stats_median(wait, n) : 0, max = 0;
    for (size_t i = 0; i < n; i++)
        max = wait[i] > max ? wait[i] : max;
    free(wait);
    return json_pack("{s:o,s:I,s:I,s:{s:I,s:f,s:f}}", "cpus", counts(t), "lost", (json_int_t)t->lost, "left_out", (json_int_t)t->left_out, "wake_to_run_ns", "count", (json_int_t)n,
                     "p50", p50, "max", max);
}
