/*
 * stress_sched.c: the scheduler under everything that changes a task from outside. Rings of processes pass tokens through
 * pipes, threads pass turns through futexes; meanwhile a shaker changes their affinity, policy and nice value, stops and
 * continues them and interrupts them with signals. Checked: no token is lost or doubled (each comes back with exactly one more
 * hop per process), everything still moves when the shaking ends, every process ends as it should.
 * Usage: stress_sched SECONDS [SEED]
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RINGS 4
#define SIZE 4
#define TOKENS 2
#define THREADS 4
#define WORKERS (RINGS * SIZE + 1)

struct token {
    uint32_t id;
    uint32_t hops;
};

struct shared {
    volatile uint64_t progress[WORKERS];
    volatile uint64_t signals[WORKERS];
    volatile uint64_t wrong;
};

static struct shared *shared;
static pid_t pids[WORKERS];
static int self;
static uint64_t seed;

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void on_signal(int sig)
{
    (void)sig;
    shared->signals[self]++;
}

static void idle_a_little(uint64_t *s)
{
    struct timespec nap = {0, (long)(next_random(s) % 300000)};
    switch (next_random(s) % 8) {
    case 0:
        nanosleep(&nap, NULL);
        break;
    case 1:
        syscall(SYS_sched_yield);
        break;
    case 2:
        for (volatile int i = 0; i < 20000; i++) {
        }
        break;
    }
}

/* Passes tokens on for ever; checks that each token's hops grow by SIZE from visit to visit. */
static void ring_worker(int in, int out, uint64_t s)
{
    uint32_t seen[TOKENS];
    struct token t;
    for (int i = 0; i < TOKENS; i++) {
        seen[i] = UINT32_MAX;
    }
    for (;;) {
        if (read(in, &t, sizeof t) != sizeof t || t.id >= TOKENS || (seen[t.id] != UINT32_MAX && t.hops != seen[t.id] + SIZE)) {
            shared->wrong++;
            pause();
        }
        seen[t.id] = t.hops++;
        idle_a_little(&s);
        if (write(out, &t, sizeof t) != sizeof t) {
            shared->wrong++;
        }
        shared->progress[self]++;
    }
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static long turn;

static void *thread_worker(void *arg)
{
    long me = (long)arg;
    for (;;) {
        pthread_mutex_lock(&mutex);
        while (turn % THREADS != me) {
            pthread_cond_wait(&moved, &mutex);
        }
        turn++;
        shared->progress[self]++;
        pthread_cond_broadcast(&moved);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void thread_process(void)
{
    pthread_t t;
    for (long i = 1; i < THREADS; i++) {
        if (pthread_create(&t, NULL, thread_worker, (void *)i)) {
            shared->wrong++;
        }
    }
    thread_worker(NULL);
}

static pid_t start_worker(int index, int in, int out)
{
    pid_t pid = fork();
    if (pid) {
        return pid;
    }
    self = index;
    if (in < 0) {
        thread_process();
    }
    ring_worker(in, out, seed * 77 + (uint64_t)index + 1);
    _exit(99);
}

static void start_ring(int ring)
{
    int fd[SIZE][2];
    for (int i = 0; i < SIZE; i++) {
        if (pipe(fd[i])) {
            shared->wrong++;
        }
    }
    for (int i = 0; i < SIZE; i++) {
        pids[ring * SIZE + i] = start_worker(ring * SIZE + i, fd[i][0], fd[(i + 1) % SIZE][1]);
    }
    for (uint32_t i = 0; i < TOKENS; i++) {
        struct token t = {i, 0};
        if (write(fd[0][1], &t, sizeof t) != sizeof t) {
            shared->wrong++;
        }
    }
    for (int i = 0; i < SIZE; i++) {
        close(fd[i][0]);
        close(fd[i][1]);
    }
}

static void shake(pid_t pid, int cpus, uint64_t *s)
{
    static const int policies[] = {0 /* OTHER */, 3 /* BATCH */, 5 /* IDLE */, 1 /* FIFO */, 2 /* RR */};
    uint64_t mask[16] = {0};
    int policy = policies[next_random(s) % 5], priority = policy == 1 || policy == 2 ? 1 + (int)(next_random(s) % 50) : 0;
    switch (next_random(s) % 6) {
    case 0:
    case 1:
        mask[0] = next_random(s) & ((1ull << cpus) - 1);
        mask[0] |= 1ull << next_random(s) % (unsigned)cpus;
        if (syscall(SYS_sched_setaffinity, pid, sizeof mask, mask)) {
            shared->wrong++;
        }
        break;
    case 2:
        if (syscall(SYS_sched_setscheduler, pid, policy, &priority)) {
            shared->wrong++;
        }
        break;
    case 3:
        setpriority(PRIO_PROCESS, (id_t)pid, (int)(next_random(s) % 40) - 20);
        break;
    case 4:
        kill(pid, SIGSTOP);
        if (next_random(s) % 2) {
            syscall(SYS_sched_yield);
        }
        kill(pid, SIGCONT);
        break;
    case 5:
        kill(pid, SIGUSR1);
        break;
    }
}

/* Everybody normal again, then everybody must move. */
static int still_moving(void)
{
    uint64_t before[WORKERS];
    int priority = 0, stuck = WORKERS;
    for (int i = 0; i < WORKERS; i++) {
        kill(pids[i], SIGCONT);
        syscall(SYS_sched_setscheduler, pids[i], 0, &priority);
        before[i] = shared->progress[i];
    }
    for (double end = now_s() + 20; stuck && now_s() < end;) {
        struct timespec nap = {0, 10000000};
        nanosleep(&nap, NULL);
        stuck = 0;
        for (int i = 0; i < WORKERS; i++) {
            stuck += shared->progress[i] == before[i];
        }
    }
    return stuck;
}

static int end_all(void)
{
    int bad = 0, status;
    for (int i = 0; i < WORKERS; i++) {
        kill(pids[i], SIGKILL);
    }
    for (int i = 0; i < WORKERS; i++) {
        if (waitpid(pids[i], &status, 0) != pids[i] || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
            bad++;
        }
    }
    return bad;
}

int main(int argc, char **argv)
{
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    double seconds = argc > 1 ? atof(argv[1]) : 10;
    int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), stuck, bad;
    uint64_t s, shakes = 0, hops = 0, signals = 0;
    seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    s = seed;
    setvbuf(stdout, NULL, _IOLBF, 0);
    sigaction(SIGUSR1, &act, NULL); /* the children's too, before the first signal can come */
    cpus = cpus > 60 ? 60 : cpus;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int r = 0; r < RINGS; r++) {
        start_ring(r);
    }
    pids[WORKERS - 1] = start_worker(WORKERS - 1, -1, -1);
    for (double end = now_s() + seconds; now_s() < end; shakes++) {
        struct timespec nap = {0, (long)(next_random(&s) % 2000000)};
        shake(pids[next_random(&s) % WORKERS], cpus, &s);
        nanosleep(&nap, NULL);
    }
    stuck = still_moving();
    for (int i = 0; i < WORKERS; i++) {
        hops += shared->progress[i];
        signals += shared->signals[i];
    }
    bad = end_all();
    printf("stress_sched: seed %llu, %d cpus, %llu shakes, %llu hops, %llu signals\n", (unsigned long long)seed, cpus,
           (unsigned long long)shakes, (unsigned long long)hops, (unsigned long long)signals);
    printf("%sok stress_sched.tokens_kept: %llu wrong\n", shared->wrong ? "not " : "", (unsigned long long)shared->wrong);
    printf("%sok stress_sched.all_move: %d stuck\n", stuck ? "not " : "", stuck);
    printf("%sok stress_sched.all_end: %d ended otherwise\n", bad ? "not " : "", bad);
    printf("stress: end\n");
    return shared->wrong || stuck || bad;
}
