/* beside.c: the others, as a crew behind its gate. */
#include "bench/guest/beside.h"

#include <string.h>

#include "bench/guest/sched_calls.h"

#define FIFO_PERIOD_NS 5000000
#define FIFO_WORK_NS   500000
#define FIFO_PRIORITY  10

static void fifo(struct crew *c, int me, void *cpu)
{
    (void)me;
    sched_allow(c->b, 0, *(int *)cpu);
    sched_exact_timers(c->b);
    sched_become(c->b, POLICY_FIFO, FIFO_PRIORITY);
    crew_ready(c);
    for (uint64_t due = c->gate->start_ns; !crew_stopped(c); due += FIFO_PERIOD_NS) {
        sched_sleep_until(c->b, due);
        for (uint64_t end = bench_now_ns() + FIFO_WORK_NS; bench_now_ns() < end;) {
            bench_pad(1001);
        }
    }
}

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

void beside_start(struct beside *s, struct bench *b)
{
    bool hog = ends_in(b->variant, "hog");
    bool somebody = hog || ends_in(b->variant, "fifo");
    s->who = !somebody ? BESIDE_NOBODY : pad_asked(&b->pad) ? BESIDE_PADDED : BESIDE_SOMEBODY;
    if (somebody) {
        b->pad.taken = 1;
        latency_open(&s->round, b, 1, b->iters);
        memset(s->round.ns, 0, (size_t)b->iters * sizeof *s->round.ns); /* no page of it is first touched in the window */
        crew_start(&s->crew, b, hog ? sched_cpus() : 1, hog ? crew_hog : fifo, &b->cpu[0]);
    }
}

void beside_go(struct beside *s)
{
    if (s->who != BESIDE_NOBODY) {
        crew_go(&s->crew);
    }
}

void beside_end(struct beside *s)
{
    if (s->who != BESIDE_NOBODY) {
        crew_stop(&s->crew);
        crew_reap(&s->crew);
    }
}

void beside_report(struct beside *s, struct bench *b)
{
    if (s->who != BESIDE_NOBODY) {
        latency_report(&s->round, b);
        bench_value(b, "each_ns", (b->ns_end - b->ns_begin) / (uint64_t)b->iters);
    }
}
