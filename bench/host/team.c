/* team.c: see team.h. A worker sleeps on its own semaphore between jobs, so that idle workers take no processor time. */
#include "bench/host/team.h"
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include "bench/host/subject.h"

struct worker {
    sem_t go;
    unsigned index;
};

static struct worker workers[BENCH_MAX_THREADS];
static unsigned started;
static sem_t done;
static void (*current_job)(unsigned index, void *arg);
static void *current_arg;
static unsigned members;
static unsigned arrived, round_of_meeting;

static void *worker_main(void *arg)
{
    struct worker *w = arg;

    for (;;) {
        while (sem_wait(&w->go))
            ;
        current_job(w->index, current_arg);
        sem_post(&done);
    }
    return NULL;
}

static void start_up_to(unsigned n)
{
    pthread_t id;

    if (!started)
        sem_init(&done, 0, 0);
    for (; started < n; started++) {
        workers[started].index = started;
        sem_init(&workers[started].go, 0, 0);
        if (pthread_create(&id, NULL, worker_main, &workers[started]))
            abort();
        pthread_detach(id);
    }
}

void team_start(unsigned n, void (*job)(unsigned index, void *arg), void *arg)
{
    if (n > BENCH_MAX_THREADS)
        abort();
    start_up_to(n);
    current_job = job;
    current_arg = arg;
    members = n;
    for (unsigned i = 0; i < n; i++)
        sem_post(&workers[i].go);
}

void team_wait(void)
{
    for (unsigned i = 0; i < members; i++)
        while (sem_wait(&done))
            ;
}

void team_meet(void)
{
    unsigned round = atomic_load_acquire(&round_of_meeting);

    if (atomic_fetch_add_full(&arrived, 1) + 1 == members) {
        atomic_store_relaxed(&arrived, 0);
        atomic_store_release(&round_of_meeting, round + 1); /* pairs with the acquire loads here: what was written before */
        return;
    }
    while (atomic_load_acquire(&round_of_meeting) == round)
        sched_yield();
}
