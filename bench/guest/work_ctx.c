/*
 * ctx/Px16k, ctx/Px0[-hog|-fifo]: a token goes round a ring of P processes over pipes; each touches its own
 * memory before it passes the token on. One iteration is one lap, P switches.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/guest/bench.h"
#include "bench/guest/beside.h"

#define RING_MAX 64

static volatile char *area;
static size_t area_bytes;

/* One write to each cache line of the area, with as few instructions as that takes: the rest is the kernel's. */
static void touch(void)
{
    volatile char *end = area + area_bytes;
    for (volatile char *p = area; p != end; p += 1024) {
        __asm__ volatile(".irp line,0,64,128,192,256,320,384,448,512,576,640,704,768,832,896,960\n\t"
                         "incb \\line(%0)\n\t.endr"
                         : : "r"(p) : "memory", "cc");
    }
}

/* Member k reads from pipe k and writes to pipe k + 1 until its input ends. */
static void member(int in, int out)
{
    long token;
    while (read(in, &token, sizeof token) == (ssize_t)sizeof token) {
        touch();
        token++;
        if (write(out, &token, sizeof token) != (ssize_t)sizeof token) {
            _exit(2);
        }
    }
    _exit(0);
}

static void make_pipes(struct bench *b, int fd[][2], int procs)
{
    for (int i = 0; i < procs; i++) {
        if (pipe(fd[i]) < 0) {
            bench_call_failed(b, "pipe");
        }
    }
}

static void close_others(int fd[][2], int procs, int in, int out)
{
    for (int i = 0; i < procs; i++) {
        if (fd[i][0] != in) {
            close(fd[i][0]);
        }
        if (fd[i][1] != out) {
            close(fd[i][1]);
        }
    }
}

static int lap(int in, int out, long *token)
{
    touch();
    return write(out, token, sizeof *token) == (ssize_t)sizeof *token &&
           read(in, token, sizeof *token) == (ssize_t)sizeof *token;
}

void workload_run(struct bench *b)
{
    struct beside others;
    beside_start(&others, b);
    int fd[RING_MAX][2], pid[RING_MAX];
    char *x;
    int procs = (int)strtol(b->variant, &x, 10);
    bench_check(b, procs >= 2 && procs <= RING_MAX && *x == 'x', "bad variant %s", b->variant);
    area_bytes = strncmp(x, "x16k", 4) == 0 ? 16384 : 0;
    area = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bench_check(b, area != MAP_FAILED, "no memory");
    make_pipes(b, fd, procs);
    for (int i = 1; i < procs; i++) {
        pid[i] = bench_fork(b);
        if (pid[i] == 0) {
            int in = fd[i][0], out = fd[(i + 1) % procs][1];
            bench_pin(b, b->cpu[i & 1]);
            close_others(fd, procs, in, out);
            member(in, out);
        }
    }
    bench_pin(b, b->cpu[0]);
    int in = fd[0][0], out = fd[1][1];
    close_others(fd, procs, in, out);
    long token = 0;
    bench_check(b, lap(in, out, &token) && lap(in, out, &token), "the ring is broken");
    token = 0;
    beside_go(&others);
    bench_begin(b);
    BESIDE_LOOP(&others, b, i, {
        if (!lap(in, out, &token)) {
            bench_call_failed(b, "lap");
        }
    });
    bench_end(b, (uint64_t)b->iters * (uint64_t)procs);
    beside_end(&others);

    char laps = (char)(b->iters + 2);
    for (size_t i = 0; i < area_bytes; i++) {
        bench_check(b, area[i] == (i % 64 ? 0 : laps), "byte %zu of the touched memory is wrong", i);
    }
    bench_check(b, token == b->iters * (procs - 1), "token is %ld, want %ld", token,
                b->iters * (procs - 1));
    bench_check_switches(b, b->iters);
    close(out);
    for (int i = 1; i < procs; i++) {
        bench_reap(b, pid[i], 0);
    }
    bench_check(b, read(in, &token, sizeof token) == 0, "no end of file after the last writer");
    beside_report(&others, b);
}
