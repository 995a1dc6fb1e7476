/*
 * share: one worker a CPU, each with objects of its own, in step: after each operation a worker
 * executes PAUSE, which under instruction counting hands over to the next vCPU. What the workers then
 * share is shared by the kernel, not by them; the lines plugin counts it between the markers 5 and 6,
 * which worker 0 sets after a few rounds.
 *
 *     share/OP@N      N workers do OP
 *     share/OP.OP2@N  worker 0 does OP, the others OP2
 *     share/random-SEED-LINES@N
 *
 * The last nine operations are controls, whose figures are known: see docs/lines.md.
 */
#include <fcntl.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/guest/bench.h"

#define WORKERS_MAX 64
#define WARM_ROUNDS 4
#define LINES 8 /* of random, unless it says otherwise */
#define LINES_MAX 512
#define BURST_MAX 4
#define FILE_BYTES 4096

struct line {
    _Alignas(64) atomic_long word[8];
};

struct table {
    struct line arrived, go, shared[LINES_MAX], own[WORKERS_MAX];
};

struct worker {
    struct bench *b;
    struct table *t;
    int index, pipe[2];
    int partner, to, from; /* switch: its pid, the pipe to it and the one from it */
    char path[32];
    unsigned long seed, mask[16];
    unsigned lines;
};

static void must(struct worker *w, long result, const char *call)
{
    if (result < 0) {
        bench_call_failed(w->b, call);
    }
}

static void do_nothing(struct worker *w) { (void)w; }

static void do_getppid(struct worker *w) { must(w, syscall(SYS_getppid), "getppid"); }

static void do_dup(struct worker *w)
{
    int fd = dup(w->pipe[0]);
    must(w, fd, "dup");
    close(fd);
}

static void do_open(struct worker *w)
{
    int fd = open(w->path, O_RDWR | O_CREAT, 0600);
    must(w, fd, "open");
    close(fd);
}

static void do_stat(struct worker *w)
{
    struct stat s;
    must(w, stat(w->path, &s), "stat");
}

static void pass_byte(struct worker *w, const int fd[2])
{
    char byte = 1;
    must(w, write(fd[1], &byte, 1), "write");
    must(w, read(fd[0], &byte, 1), "read");
}

static void do_rw(struct worker *w) { pass_byte(w, w->pipe); }

static void do_pipe(struct worker *w)
{
    int fd[2];
    must(w, pipe(fd), "pipe");
    pass_byte(w, fd);
    close(fd[0]);
    close(fd[1]);
}

static void map_page(struct worker *w, int touch)
{
    char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(w, p == MAP_FAILED ? -1 : 0, "mmap");
    if (touch) {
        *(volatile char *)p = 1;
    }
    munmap(p, 4096);
}

static void do_mmap(struct worker *w) { map_page(w, 0); }

static void do_touch(struct worker *w) { map_page(w, 1); }

/* Another's private futex word: a wake that finds nobody, a wait that must not sleep. */
static void do_futex(struct worker *w)
{
    static int word;
    must(w, syscall(SYS_futex, &word, 1 | 128, 1, NULL, NULL, 0), "futex wake");
    syscall(SYS_futex, &word, 0 | 128, 1, NULL, NULL, 0);
}

static void on_signal(int n) { (void)n; }

static void do_signal(struct worker *w)
{
    struct sigaction a = {.sa_handler = on_signal};
    must(w, sigaction(SIGUSR1, &a, NULL), "sigaction");
    must(w, kill(getpid(), SIGUSR1), "kill");
}

static void do_sched(struct worker *w)
{
    must(w, syscall(SYS_sched_setaffinity, 0, sizeof w->mask, w->mask), "sched_setaffinity");
    must(w, syscall(SYS_sched_yield), "sched_yield");
}

static void do_timer(struct worker *w)
{
    struct itimerval on = {{0, 0}, {1000, 0}}, off = {{0, 0}, {0, 0}};
    must(w, setitimer(ITIMER_REAL, &on, NULL), "setitimer");
    must(w, setitimer(ITIMER_REAL, &off, NULL), "setitimer");
}

static void *in_thread(void *arg) { return arg; }

static void do_thread(struct worker *w)
{
    pthread_t thread;
    must(w, -pthread_create(&thread, NULL, in_thread, w), "pthread_create");
    pthread_join(thread, NULL);
}

static void reap(struct worker *w, int pid)
{
    int status = -1;
    must(w, waitpid(pid, &status, 0), "waitpid");
    bench_check(w->b, status == 0, "child ended with status %#x", status);
}

static void do_fork(struct worker *w)
{
    int pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    must(w, pid, "fork");
    reap(w, pid);
}

static void do_exec(struct worker *w)
{
    static char *argv[] = {"nop", "0", NULL};
    int pid = vfork();
    if (pid == 0) {
        execve("/bench/nop", argv, NULL);
        _exit(127);
    }
    must(w, pid, "vfork");
    reap(w, pid);
}

/* To the partner on the same CPU and back: two wake-ups, two switches. */
static void do_switch(struct worker *w)
{
    char byte = 1;
    must(w, write(w->to, &byte, 1), "write");
    must(w, read(w->from, &byte, 1), "read");
}

/* The controls. */
static void do_private(struct worker *w)
{
    atomic_fetch_add(&w->t->own[w->index].word[0], 1);
}

/* Worker 0 writes 1, worker 1 writes 0; the others have no part. */
static void do_pingpong(struct worker *w)
{
    if (w->index > 1) {
        return;
    }
    atomic_long *word = &w->t->shared[0].word[0];
    while (atomic_load(word) != w->index) {
        __builtin_ia32_pause();
    }
    atomic_store_explicit(word, !w->index, memory_order_release);
}

static void do_false(struct worker *w)
{
    atomic_store_explicit(&w->t->shared[1].word[w->index % 8], 1, memory_order_relaxed);
}

static void do_counter(struct worker *w) { atomic_fetch_add(&w->t->shared[2].word[0], 1); }

/* The shared counter that a system call must not have. */
static void do_counted(struct worker *w)
{
    do_getppid(w);
    do_counter(w);
}

/* 31 bits */
static unsigned long draw(struct worker *w)
{
    w->seed = w->seed * 6364136223846793005ul + 1442695040888963407ul;
    return w->seed >> 33;
}

static void access_random(struct worker *w)
{
    unsigned long n = draw(w);
    atomic_long *word = &w->t->shared[n % w->lines].word[n / w->lines % 8];
    if (n >> 30) {
        atomic_store_explicit(word, (long)n, memory_order_relaxed);
    } else {
        atomic_load_explicit(word, memory_order_relaxed);
    }
}

/* How many accesses a turn has is drawn too. */
static void do_random(struct worker *w)
{
    for (unsigned long left = 1 + draw(w) % BURST_MAX; left; left--) {
        access_random(w);
    }
}

/* 40 instructions, 30 loads and 20 stores more than do_nothing(), of the red zone; 10 of them locked. */
__attribute__((naked)) static void do_known(struct worker *w __attribute__((unused)))
{
    __asm__(".rept 10\n\t"
            "mov -8(%rsp), %rax\n\t"
            "mov %rax, -16(%rsp)\n\t"
            "lock incq -8(%rsp)\n\t"
            "cmp -16(%rsp), %rax\n\t"
            ".endr\n\t"
            "ret");
}

/* Of the worker's own file, which the first call makes: in the rounds that come before the counting. */
static void read_file(struct worker *w, size_t n)
{
    static _Alignas(64) char bytes[FILE_BYTES];
    static int fd;
    if (!fd) {
        fd = open(w->path, O_RDWR);
        must(w, fd, "open");
        must(w, write(fd, bytes, FILE_BYTES), "write");
    }
    must(w, pread(fd, bytes, n, 0), "pread");
}

/* The kernel copies 128 words, or 256; all else is the same. */
static void do_read_1k(struct worker *w) { read_file(w, 1024); }

static void do_read_2k(struct worker *w) { read_file(w, 2048); }

struct operation {
    const char *name;
    void (*run)(struct worker *w);
    int uses_table, has_partner;
};

static const struct operation operations[] = {
    {"nothing", do_nothing, 0}, {"getppid", do_getppid, 0}, {"dup", do_dup, 0},
    {"open", do_open, 0},       {"stat", do_stat, 0},       {"rw", do_rw, 0},
    {"pipe", do_pipe, 0},       {"mmap", do_mmap, 0},       {"touch", do_touch, 0},
    {"futex", do_futex, 0},     {"signal", do_signal, 0},   {"sched", do_sched, 0},
    {"timer", do_timer, 0},     {"thread", do_thread, 0},   {"fork", do_fork, 0},
    {"exec", do_exec, 0},       {"switch", do_switch, 0, 1},
    {"pingpong", do_pingpong, 1}, {"false", do_false, 1},
    {"private", do_private, 1}, {"counter", do_counter, 1}, {"random", do_random, 1},
    {"getppid-counted", do_counted, 1}, {"known", do_known, 0}, {"read-1k", do_read_1k, 0},
    {"read-2k", do_read_2k, 0},
};

/* What random draws from. */
struct dice {
    unsigned long seed;
    unsigned lines;
};

/* "-SEED-LINES" at *p, which is moved behind it. */
static void take_dice(struct bench *b, const char **p, struct dice *d)
{
    int len = 0;
    int taken = sscanf(*p, "-%lu-%u%n", &d->seed, &d->lines, &len);
    bench_check(b, taken == 2 && d->lines > 0 && d->lines <= LINES_MAX, "random%s: random-SEED-LINES, 1 to %d lines", *p, LINES_MAX);
    *p += len;
}

/* The operation whose name stands at *p, which is moved behind it. */
static const struct operation *take_operation(struct bench *b, const char **p, struct dice *d)
{
    size_t len = strncmp(*p, "random-", 7) == 0 ? 6 : strcspn(*p, ".@");
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strlen(operations[i].name) == len && memcmp(operations[i].name, *p, len) == 0) {
            *p += len;
            if (**p == '-') {
                take_dice(b, p, d);
            }
            return &operations[i];
        }
    }
    bench_fail(b, "no operation is called %s", *p);
}

static void rewrite(uintptr_t from, uintptr_t to)
{
    for (uintptr_t at = from; at < to; at += 4096) {
        *(volatile char *)at = *(volatile char *)at;
    }
}

/* What was inherited is given up: descriptors, and by writing the pages that fork left shared. */
static void leave_family(struct worker *w)
{
    extern char end[]; /* of the program's data, by the linker */
    static volatile int first = 1;
    for (int fd = 0; fd < 16; fd++) {
        close(fd);
    }
    rewrite((uintptr_t)&first & ~4095ul, (uintptr_t)end);
    rewrite((uintptr_t)w - 8192, (uintptr_t)w);
}

static void prepare(struct worker *w)
{
    leave_family(w);
    must(w, setsid() < 0 && errno != EPERM ? -1 : 0, "setsid");
    must(w, pipe(w->pipe), "pipe");
    snprintf(w->path, sizeof w->path, "/tmp/share.%d/file", w->index);
    *strrchr(w->path, '/') = 0;
    mkdir(w->path, 0700);
    w->path[strlen(w->path)] = '/';
    w->mask[w->index / 64] = 1ul << w->index % 64;
    bench_pin(w->b, w->index);
    do_open(w);
    *strrchr(w->path, '/') = 0;
    must(w, chdir(w->path), "chdir");
    w->path[strlen(w->path)] = '/';
}

__attribute__((noreturn)) static void hand_back(int from, int to)
{
    char byte;
    while (read(from, &byte, 1) == 1 && write(to, &byte, 1) == 1) {
    }
    _exit(0);
}

/* After prepare(): what it gave up stays given up, and its mask is the partner's. */
static void begin_partner(struct worker *w)
{
    int there[2], back[2];
    must(w, pipe(there), "pipe");
    must(w, pipe(back), "pipe");
    w->partner = fork();
    must(w, w->partner, "fork");
    if (w->partner == 0) {
        close(there[1]);
        close(back[0]);
        hand_back(there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    w->to = there[1];
    w->from = back[0];
}

static void end_partner(struct worker *w)
{
    close(w->to);
    reap(w, w->partner);
}

/* All have arrived and worker 0 has said go; the lines of this are not touched again. */
static void meet(struct worker *w, int workers)
{
    atomic_fetch_add(&w->t->arrived.word[0], 1);
    while (w->index == 0 && atomic_load(&w->t->arrived.word[0]) < workers) {
        __builtin_ia32_pause();
    }
    if (w->index == 0) {
        atomic_store(&w->t->go.word[0], 1);
    }
    while (!atomic_load(&w->t->go.word[0])) {
        __builtin_ia32_pause();
    }
}

static void rounds(struct worker *w, void (*run)(struct worker *), long n)
{
    for (long i = 0; i < n; i++) {
        run(w);
        __builtin_ia32_pause();
    }
}

__attribute__((noreturn)) static void work(struct worker *w, const struct operation *op, int workers)
{
    long iters = w->b->iters; /* on this worker's stack: read before the window */
    prepare(w);
    if (op->has_partner) {
        begin_partner(w);
    }
    meet(w, workers);
    if (!op->uses_table) {
        munmap(w->t, sizeof *w->t);
    }
    rounds(w, op->run, WARM_ROUNDS);
    if (w->index == 0) {
        BENCH_MARK(BENCH_MARK_SHARE_BEGIN);
    }
    rounds(w, op->run, iters);
    if (w->index == 0) {
        BENCH_MARK(BENCH_MARK_SHARE_END);
    } else if (!op->uses_table) {
        rounds(w, op->run, WARM_ROUNDS + iters / 4); /* a tick ends its CPU's turn: who got ahead by that must not end inside the window */
    }
    if (op->has_partner) {
        end_partner(w);
    }
    unlink(w->path);
    _exit(0);
}

void workload_run(struct bench *b)
{
    const char *p = b->variant;
    struct dice dice = {.lines = LINES};
    const struct operation *first = take_operation(b, &p, &dice), *rest = first;
    if (*p == '.') {
        p++;
        rest = take_operation(b, &p, &dice);
    }
    int workers = *p == '@' ? atoi(p + 1) : 2, pid[WORKERS_MAX];
    bench_check(b, workers > 0 && workers <= WORKERS_MAX, "1 to %d workers", WORKERS_MAX);
    struct table *t = bench_shared(b, sizeof *t);
    bench_begin(b);
    for (int i = 0; i < workers; i++) {
        pid[i] = bench_fork(b);
        if (pid[i] == 0) {
            struct worker w = {.b = b, .t = t, .index = i, .seed = dice.seed * WORKERS_MAX + i + 1, .lines = dice.lines};
            work(&w, i ? rest : first, workers);
        }
    }
    for (int i = 0; i < workers; i++) {
        bench_reap(b, pid[i], 0);
    }
    bench_end(b, (uint64_t)b->iters * workers);
    bench_check(b, atomic_load(&t->arrived.word[0]) == workers, "workers are missing");
}
