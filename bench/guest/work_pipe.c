/* pipe[/hog|/fifo]: one byte there and one byte back between two processes over two pipes. */
#include <string.h>
#include <unistd.h>

#include "bench/guest/bench.h"
#include "bench/guest/beside.h"

static void partner(struct bench *b, int in, int out)
{
    char c;
    bench_pin(b, b->cpu[1]);
    while (read(in, &c, 1) == 1) {
        c ^= 0x55;
        if (write(out, &c, 1) != 1) {
            _exit(2);
        }
    }
    _exit(0);
}

static int there_and_back(int out, int in, char c)
{
    char back;
    return write(out, &c, 1) == 1 && read(in, &back, 1) == 1 && (char)(c ^ 0x55) == back;
}

void workload_run(struct bench *b)
{
    struct beside others;
    beside_start(&others, b);
    int go[2], come[2];
    if (pipe(go) < 0 || pipe(come) < 0) {
        bench_call_failed(b, "pipe");
    }
    int pid = bench_fork(b);
    if (pid == 0) {
        close(go[1]);
        close(come[0]);
        partner(b, go[0], come[1]);
    }
    close(go[0]);
    close(come[1]);
    bench_pin(b, b->cpu[0]);
    for (int i = 0; i < 4; i++) {
        bench_check(b, there_and_back(go[1], come[0], (char)i), "the pipe returned a wrong byte");
    }
    beside_go(&others);
    bench_begin(b);
    BESIDE_LOOP(&others, b, i, {
        if (!there_and_back(go[1], come[0], (char)i)) {
            bench_call_failed(b, "pipe round");
        }
    });
    bench_end(b, 2 * (uint64_t)b->iters);
    beside_end(&others);

    if (b->cpu[0] == b->cpu[1]) { /* apart, the answer may be there before anybody sleeps */
        bench_check_switches(b, b->iters);
    }
    close(go[1]);
    bench_reap(b, pid, 0);
    char c;
    bench_check(b, read(come[0], &c, 1) == 0, "no end of file after the last writer");
    beside_report(&others, b);
}
