/*
 * hackbench[/GROUPS]: in each group 10 senders write messages of 100 bytes to each of 10
 * receivers over pipes. One iteration is one message from every sender to every receiver. A lap is what one
 * receiver of the first group takes for its ten messages of an iteration, and the wait for them; padding is each sender's.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/guest/bench.h"

#define SIDE 10
#define MESSAGE 100

/* Its first message begins the first lap: before it lies the wait for the gate. */
static void receive_lap(struct laps *l, long message)
{
    if (message == 0) {
        lap_skip(l);
    }
    if (message % SIDE == SIDE - 1) {
        lap_take(l);
    }
}

static void receiver(int in, long messages, struct laps *timed)
{
    char buf[MESSAGE];
    for (long i = 0; i < messages; i++) {
        for (size_t got = 0; got < MESSAGE;) {
            ssize_t n = read(in, buf + got, MESSAGE - got);
            if (n <= 0) {
                _exit(2);
            }
            got += (size_t)n;
        }
        if (buf[0] != 'h' || buf[MESSAGE - 1] != 'b') {
            _exit(3);
        }
        if (timed) {
            receive_lap(timed, i);
        }
    }
    _exit(read(in, buf, 1) == 0 ? 0 : 4);
}

static void sender(struct bench *b, int start, int out[SIDE])
{
    char buf[MESSAGE] = "h";
    buf[MESSAGE - 1] = 'b';
    if (read(start, buf + 1, 1) != 0) { /* the gate opens when the parent closes its end */
        _exit(5);
    }
    BENCH_PAD_LOOP(b, b->iters, i, {
        for (int r = 0; r < SIDE; r++) {
            if (write(out[r], buf, MESSAGE) != MESSAGE) {
                _exit(6);
            }
        }
    });
    _exit(0);
}

static void spawn_group(struct bench *b, int gate[2], bool timed)
{
    int out[SIDE];
    for (int r = 0; r < SIDE; r++) {
        int fd[2];
        if (pipe(fd) < 0) {
            bench_call_failed(b, "pipe");
        }
        out[r] = fd[1];
        if (bench_fork(b) == 0) {
            for (int k = 0; k <= r; k++) {
                close(out[k]);
            }
            close(gate[0]);
            close(gate[1]);
            receiver(fd[0], SIDE * b->iters, timed && r == 0 ? &b->laps : NULL);
        }
        close(fd[0]);
    }
    for (int s = 0; s < SIDE; s++) {
        if (bench_fork(b) == 0) {
            close(gate[1]);
            sender(b, gate[0], out);
        }
    }
    for (int r = 0; r < SIDE; r++) {
        close(out[r]);
    }
}

void workload_run(struct bench *b)
{
    int gate[2], groups = *b->variant ? atoi(b->variant) : 2;
    bench_check(b, groups > 0 && groups <= 500, "bad number of groups %s", b->variant);
    if (pipe(gate) < 0) {
        bench_call_failed(b, "pipe");
    }
    if (laps_share(&b->laps, b->iters) < 0) {
        bench_call_failed(b, "mmap shared");
    }
    for (int g = 0; g < groups; g++) {
        spawn_group(b, gate, b->laps.tick && g == 0);
    }
    close(gate[0]);
    bench_begin(b);
    close(gate[1]);
    int failed = 0, status = 0;
    for (int i = 0; i < groups * SIDE * 2; i++) {
        if (wait(&status) < 0) {
            bench_call_failed(b, "wait");
        }
        failed += status != 0;
    }
    bench_end(b, (uint64_t)b->iters * SIDE * SIDE * (uint64_t)groups);
    b->laps.count = b->laps.tick ? b->iters : 0; /* one process took them all */
    b->laps.ops = SIDE;
    b->pad.taken = 1;                            /* by the senders */
    bench_check(b, failed == 0, "%d of %d processes failed, last status %#x", failed, groups * SIDE * 2,
                status);
}
