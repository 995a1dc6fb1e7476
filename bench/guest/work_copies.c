/*
 * copies/WORKLOAD[/VARIANT]: the workload once on every CPU at the same time, each copy a process of its own that may
 * run on that CPU only. They wait for each other before their windows; the window here is from the first's begin to
 * the last's end, the operations are the sum. What they share is the kernel alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/guest/bench.h"
#include "bench/guest/sched_calls.h"

#define COPIES_MAX 255
#define RECORD_MAX 4096

struct copy {
    int pid, from; /* where its record comes from */
    char record[RECORD_MAX];
};

struct start {
    int ready[2], gate[2];
};

static void open_pipe(struct bench *b, int fd[2])
{
    if (pipe(fd) < 0) {
        bench_call_failed(b, "pipe");
    }
}

__attribute__((noreturn)) static void become(struct bench *b, int cpu, const struct start *s, int to)
{
    char path[64], iters[24], cpus[24], fd[16], gate[48];
    sched_allow(b, 0, cpu);
    close(s->ready[0]);
    close(s->gate[1]);
    snprintf(path, sizeof path, "/bench/%.*s", (int)strcspn(b->variant, "/"), b->variant);
    snprintf(iters, sizeof iters, "%ld", b->iters);
    snprintf(cpus, sizeof cpus, "cpus=%d,%d", cpu, cpu);
    snprintf(fd, sizeof fd, "CB_FD=%d", to);
    snprintf(gate, sizeof gate, "CB_GATE=%d,%d", s->ready[1], s->gate[0]);
    char *argv[] = {path, (char *)b->variant, iters, cpus, (char *)b->pad.option, NULL};
    char *envp[] = {fd, gate, NULL};
    execve(path, argv, envp);
    fprintf(stderr, "copies: %s: %s\n", path, strerror(errno));
    _exit(127);
}

static void start_copy(struct bench *b, struct copy *c, int cpu, const struct start *s)
{
    int fd[2];
    open_pipe(b, fd);
    c->pid = bench_fork(b);
    if (c->pid == 0) {
        close(fd[0]);
        become(b, cpu, s, fd[1]);
    }
    close(fd[1]);
    c->from = fd[0];
}

static double number(const char *record, const char *key)
{
    const char *at = strstr(record, key);
    return at ? strtod(at + strlen(key), NULL) : 0;
}

/* Reads the copy's record whole and its end. */
static void finish_copy(struct bench *b, struct copy *c)
{
    size_t got = 0;
    for (ssize_t n; got < RECORD_MAX - 1 && (n = read(c->from, c->record + got, RECORD_MAX - 1 - got)) > 0;) {
        got += (size_t)n;
    }
    close(c->from);
    if (strstr(c->record, "\"unsupported\"")) {
        errno = (int)number(c->record, "\"errno\":");
        bench_unsupported(b, "copy");
    }
    const char *check = strstr(c->record, "\"check\":\"");
    bench_check(b, check && strncmp(check + 9, "ok\"", 3) == 0, "a copy of %s failed: %.*s", b->variant,
                check ? (int)strcspn(check + 9, "\"") : 9, check ? check + 9 : "no record");
    bench_reap(b, c->pid, 0);
}

/* All are at their gates: one byte from each. */
static void await_all(struct bench *b, int from, int n)
{
    char byte;
    for (int i = 0; i < n; i++) {
        bench_check(b, read(from, &byte, 1) == 1, "a copy of %s ended before its window", b->variant);
    }
}

static void sum_up(struct bench *b, const struct copy *copy, int n)
{
    double ns_per_tick = 0, begin = 0, end = 0;
    uint64_t ops = 0;
    for (int i = 0; i < n; i++) {
        const char *r = copy[i].record;
        double from = number(r, "\"tsc_begin\":"), to = number(r, "\"tsc_end\":");
        begin = i == 0 || from < begin ? from : begin;
        end = to > end ? to : end;
        ns_per_tick = to > from ? number(r, "\"ns\":") / (to - from) : ns_per_tick;
        ops += (uint64_t)number(r, "\"ops\":");
    }
    b->ops = ops;
    b->tsc_begin = (uint64_t)begin;
    b->tsc_end = (uint64_t)end;
    b->ns_begin = 0;
    b->ns_end = (uint64_t)((end - begin) * ns_per_tick);
}

void workload_run(struct bench *b)
{
    static struct copy copy[COPIES_MAX];
    struct start s;
    int n = sched_cpus();
    bench_check(b, *b->variant && n <= COPIES_MAX, "copies of what, and on 1 to %d CPUs", COPIES_MAX);
    open_pipe(b, s.ready);
    open_pipe(b, s.gate);
    for (int i = 0; i < n; i++) {
        start_copy(b, &copy[i], i, &s);
    }
    close(s.ready[1]);
    close(s.gate[0]);
    await_all(b, s.ready[0], n);
    bench_begin(b);
    close(s.gate[1]);
    for (int i = 0; i < n; i++) {
        finish_copy(b, &copy[i]);
    }
    bench_end(b, 0);
    b->pad.taken = 1; /* by the copies, or they have failed */
    sum_up(b, copy, n);
}
