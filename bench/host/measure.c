/* measure.c: see measure.h. Owns the calibration (processor clock, turns of the busy loop per ns) and the memory of a repetition. */
#define _GNU_SOURCE
#include "bench/host/measure.h"
#include <semaphore.h>
#include <string.h>
#include <time.h>
#include "bench/host/place.h"
#include "bench/host/team.h"

#define CALIBRATIONS 20
#define WINDOWS 4 /* of a repetition whose threads have a processor each; more threads: one, of the same length in all */
#define MAX_BATCH_OPS (1ull << 30)

static struct measure_times times;
static double ghz, turns_per_ns;

struct job {
    const struct bench_subject *subject;
    const struct bench_cell *cell;
    struct bench_thread *threads;
    unsigned windows;
    sem_t started; /* all threads have met */
    uint32_t stop __attribute__((aligned(128)));
    double begin[BENCH_MAX_THREADS], end[BENCH_MAX_THREADS];
    double best_ns; /* alone */
    uint64_t best_ops;
    struct counters counted;
    uint64_t counted_ops;
};

static double now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* A multiplication of the product by itself: three cycles each, on every x86-64 of the last fifteen years. */
static double ghz_once(void)
{
    uint64_t x = 3;
    double begin = now_s();

    for (int i = 0; i < 20000; i++)
        __asm__ volatile("imul %0, %0\n\timul %0, %0\n\timul %0, %0\n\timul %0, %0\n\timul %0, %0" : "+r"(x));
    return 20000 * 5 * 3 / (now_s() - begin) * 1e-9;
}

static double turns_once(void)
{
    double begin = now_s();

    bench_spin(200000);
    return 200000 / (now_s() - begin) * 1e-9;
}

static double best_of(double (*once)(void))
{
    double best = 0;

    for (int i = 0; i < CALIBRATIONS; i++) {
        double v = once();

        if (v > best)
            best = v;
    }
    return best;
}

void measure_start(struct measure_times t)
{
    times = t;
    ghz = best_of(ghz_once);
    turns_per_ns = best_of(turns_once);
}

double measure_ghz(void)
{
    return ghz;
}

static void enter(struct job *j, struct bench_thread *t)
{
    place_bind(j->cell->place, t->index);
    if (j->subject->enter)
        j->subject->enter(t);
}

static void leave(struct job *j, struct bench_thread *t)
{
    if (j->subject->leave)
        j->subject->leave(t);
}

static double batch_s(struct job *j, struct bench_thread *t, uint64_t ops)
{
    double begin = now_s();

    j->subject->batch(t, ops);
    return now_s() - begin;
}

/* How many operations fill the batch's time. */
static uint64_t batch_ops(struct job *j, struct bench_thread *t)
{
    uint64_t ops = 16;
    double s;

    if (j->subject->batch_ops)
        return j->subject->batch_ops;
    while ((s = batch_s(j, t, ops)) < times.batch_s && ops < MAX_BATCH_OPS)
        ops = s < times.batch_s / 8 ? ops * 4 : (uint64_t)((double)ops * times.batch_s / s * 1.1) + 1;
    return ops;
}

static void job_alone(unsigned index, void *arg)
{
    struct job *j = arg;
    struct bench_thread *t = &j->threads[index];
    uint64_t ops;
    unsigned batches = j->subject->batch_ops ? times.batches / 4 + 1 : times.batches; /* those are long */

    enter(j, t);
    ops = batch_ops(j, t);
    for (unsigned i = 0; i < batches; i++) {
        double ns = batch_s(j, t, ops) * 1e9 / (double)ops;

        if (!j->best_ops || ns < j->best_ns) {
            j->best_ns = ns;
            j->best_ops = ops;
        }
    }
    counters_begin();
    j->subject->batch(t, ops);
    j->counted = counters_end();
    j->counted_ops = ops;
    leave(j, t);
}

static void job_contended(unsigned index, void *arg)
{
    struct job *j = arg;
    struct bench_thread *t = &j->threads[index];

    enter(j, t);
    team_meet();
    if (index == 0)
        sem_post(&j->started);
    j->begin[index] = now_s();
    j->subject->run(t);
    j->end[index] = now_s();
    leave(j, t);
}

static void clear_threads(struct job *j)
{
    const struct bench_cell *cell = j->cell;

    for (unsigned i = 0; i < cell->threads; i++) {
        struct bench_thread *t = &j->threads[i];

        t->index = i;
        t->cell = cell;
        t->stop = &j->stop;
        t->spins = (uint64_t)(cell->section_ns * turns_per_ns + 0.5);
        t->write_below = (1ull << 32) * cell->writers / 100;
        t->random = 0x9e3779b97f4a7c15ull * (i + 1);
    }
}

static struct measure_result alone(struct job *j)
{
    double per = 0;

    team_start(1, job_alone, j);
    team_wait();
    if (j->counted_ops)
        per = 1.0 / (double)j->counted_ops;
    return (struct measure_result){.ns = j->best_ns, .instructions = (double)j->counted.instructions * per,
                                   .cycles = (double)j->counted.cycles * per, .ok = true};
}

static void sleep_s(double s)
{
    struct timespec ts = {(time_t)s, (long)((s - (double)(time_t)s) * 1e9)};

    nanosleep(&ts, NULL);
}

/* One window: its time by what all threads did in it. */
static double window_ns(struct job *j)
{
    double begin, end;
    uint64_t done = 0;

    j->stop = 0;
    team_start(j->cell->threads, job_contended, j);
    while (sem_wait(&j->started))
        ;
    sleep_s(times.window_s / j->windows);
    atomic_store_relaxed(&j->stop, 1);
    team_wait();
    begin = j->begin[0];
    end = j->end[0];
    for (unsigned i = 0; i < j->cell->threads; i++) {
        begin = j->begin[i] < begin ? j->begin[i] : begin;
        end = j->end[i] > end ? j->end[i] : end;
        done += j->threads[i].done;
        j->threads[i].done = 0;
    }
    return (end - begin) * 1e9 / (double)(done ? done : 1);
}

static struct measure_result contended(struct job *j)
{
    struct measure_result r = {.ns = 0, .ok = true};

    sem_init(&j->started, 0, 0);
    j->windows = j->cell->threads > place_cpus() ? 1 : WINDOWS;
    for (unsigned i = 0; i < j->windows; i++) {
        double ns = window_ns(j);

        r.ns = i == 0 || ns < r.ns ? ns : r.ns;
    }
    return r;
}

struct measure_result measure_repetition(const struct bench_subject *s, const struct bench_cell *cell)
{
    static struct job j;
    size_t threads_bytes = cell->threads * sizeof(struct bench_thread);
    struct bench_data *data = place_alloc(sizeof(*data));
    void *object = place_alloc(s->object_bytes);
    struct measure_result r;

    memset(&j, 0, sizeof(j));
    j.subject = s;
    j.cell = cell;
    j.threads = place_alloc(threads_bytes);
    clear_threads(&j);
    for (unsigned i = 0; i < cell->threads; i++) {
        j.threads[i].object = object;
        j.threads[i].data = data;
    }
    if (s->init)
        s->init(object, cell);
    r = cell->threads == 1 ? alone(&j) : contended(&j);
    r.ok = r.ok && (!s->check || s->check(object, j.threads, cell->threads));
    if (s->destroy)
        s->destroy(object);
    place_free(j.threads, threads_bytes);
    place_free(object, s->object_bytes);
    place_free(data, sizeof(*data));
    return r;
}
