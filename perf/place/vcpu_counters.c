// One PAPI event set a thread, attached to it. The modifiers mg and mh of libpfm4 say "guest yes, host no". PAPI attaches
// to nothing on a machine without counters, so what the scheduler knows is read from /proc.
#include "perf/place/vcpu_counters.h"

#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/util/text_buf.h"

#include <papi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS 2

static const char *const event_name[EVENTS] = {"instructions", "cycles"};
static const struct event_family {
    const char *kind, *event[EVENTS];
} families[] = {
    {"guest", {"perf::INSTRUCTIONS:mg=1:mh=0", "perf::CYCLES:mg=1:mh=0"}},
    {"threads", {"perf::INSTRUCTIONS", "perf::CYCLES"}},
};
#define FAMILIES (sizeof(families) / sizeof(*families))

struct vcpu_counters {
    const struct event_family *family; // NULL: no instructions, no cycles
    int threads, *set;
    pid_t *thread;
};

static int start_library(void)
{
    if (PAPI_is_initialized())
        return PAPI_OK;
    return PAPI_library_init(PAPI_VER_CURRENT) == PAPI_VER_CURRENT ? PAPI_set_domain(PAPI_DOM_ALL) : PAPI_ESYS;
}

static int open_thread(int *set, const struct event_family *f, pid_t thread)
{
    int rc = PAPI_create_eventset(set);
    rc = rc ? rc : PAPI_assign_eventset_component(*set, 0);
    rc = rc ? rc : PAPI_attach(*set, thread);
    for (int e = 0; e < EVENTS && !rc; e++)
        rc = PAPI_add_named_event(*set, f->event[e]);
    return rc ? rc : PAPI_start(*set);
}

static void close_sets(struct vcpu_counters *c)
{
    long long ignored[EVENTS];
    for (int i = 0; i < c->threads; i++) {
        if (c->set[i] == PAPI_NULL)
            continue;
        PAPI_stop(c->set[i], ignored);
        PAPI_cleanup_eventset(c->set[i]);
        PAPI_destroy_eventset(&c->set[i]);
    }
}

static int open_family(struct vcpu_counters *c, const struct event_family *f)
{
    int rc = 0;
    for (int i = 0; i < c->threads; i++)
        c->set[i] = PAPI_NULL;
    for (int i = 0; i < c->threads && !rc; i++)
        rc = open_thread(&c->set[i], f, c->thread[i]);
    if (rc)
        close_sets(c);
    else
        c->family = f;
    return rc;
}

struct vcpu_counters *vcpu_counters_open(const pid_t *thread, int threads, char **missing)
{
    struct vcpu_counters *c = x_alloc(sizeof(*c));
    *c = (struct vcpu_counters){.threads = threads, .set = x_alloc((threads + 1) * sizeof(*c->set)),
                                .thread = x_alloc((threads + 1) * sizeof(*c->thread))};
    memcpy(c->thread, thread, threads * sizeof(*thread));
    int rc = start_library();
    for (size_t f = 0; f < FAMILIES && !c->family && (f == 0 || rc); f++)
        rc = open_family(c, &families[f]);
    if (!c->family)
        *missing = x_printf("no instructions and cycles: PAPI cannot count on the vCPUs' threads (%s)", PAPI_strerror(rc));
    else if (c->family != &families[0])
        *missing = x_strdup("instructions and cycles are of guest and host together: the processor does not tell them apart");
    else
        *missing = NULL;
    return c;
}

const char *vcpu_counters_kind(const struct vcpu_counters *c)
{
    return c->family ? c->family->kind : "none";
}

// schedstat: nanoseconds on a processor, nanoseconds waiting for one, turns.
static void add_schedstat(pid_t thread, unsigned long long sum[3])
{
    unsigned long long v[3];
    char *path = x_printf("/proc/%d/schedstat", (int)thread), *text = file_read(path, NULL);
    if (text && sscanf(text, "%llu %llu %llu", &v[0], &v[1], &v[2]) == 3)
        for (int i = 0; i < 3; i++)
            sum[i] += v[i];
    free(text);
    free(path);
}

static void read_events(struct vcpu_counters *c, json_t *j)
{
    long long sum[EVENTS] = {0}, one[EVENTS];
    for (int i = 0; i < c->threads; i++) {
        if (PAPI_read(c->set[i], one) != PAPI_OK)
            return;
        for (int e = 0; e < EVENTS; e++)
            sum[e] += one[e];
    }
    for (int e = 0; e < EVENTS; e++)
        json_object_set_new(j, event_name[e], json_integer(sum[e]));
}

json_t *vcpu_counters_read(struct vcpu_counters *c)
{
    unsigned long long sched[3] = {0};
    for (int i = 0; i < c->threads; i++)
        add_schedstat(c->thread[i], sched);
    json_t *j = json_pack("{s:I,s:I,s:I}", "on_cpu_ns", (json_int_t)sched[0], "waited_ns", (json_int_t)sched[1], "turns",
                          (json_int_t)sched[2]);
    if (c->family)
        read_events(c, j);
    return j;
}

void vcpu_counters_close(struct vcpu_counters *c)
{
    if (c) {
        if (c->family)
            close_sets(c);
        free(c->set);
        free(c->thread);
    }
    free(c);
}

// Bounds that no x86 comes near: 10 GHz, 12 instructions a cycle. A thread is on at most one processor.
char *counters_impossible(json_t *counts, double seconds, int threads)
{
    double cycles = number_of(counts, "cycles"), insns = number_of(counts, "instructions");
    double on_cpu = number_of(counts, "on_cpu_ns");
    json_t *v;
    const char *name;
    json_object_foreach (counts, name, v)
        if (json_number_value(v) < 0)
            return x_printf("%s went backwards", name);
    if (cycles > 1e10 * seconds * threads)
        return x_printf("%.0f cycles in %.3f s on %d threads", cycles, seconds, threads);
    if (insns > 12 * cycles)
        return x_printf("%.0f instructions in %.0f cycles", insns, cycles);
    if (on_cpu > 1.2e9 * seconds * threads + 1e8)
        return x_printf("%.0f ns on the processor in %.3f s on %d threads", on_cpu, seconds, threads);
    return NULL;
}
