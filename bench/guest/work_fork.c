/*
 * fork, fork/64M: fork, the child exits at once, wait; the parent has touched 0 or 64 MiB.
 * fork/64Mw: the parent then writes every page again, so that work put off by fork is paid inside.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/guest/bench.h"

static void round_trip(struct bench *b, long i)
{
    int status, pid = fork();
    if (pid == 0) {
        _exit((int)i & 63);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        bench_call_failed(b, "fork and wait");
    }
    bench_check(b, status == (((int)i & 63) << 8), "child %ld ended with status %#x", i, status);
}

/* What fork promises, once: private memory, shared memory, parentage, offset shared with the child. */
static void verify(struct bench *b, volatile char *touched, size_t bytes)
{
    volatile int *shared = bench_shared(b, 4096);
    static volatile int private_word = 1;
    int self = getpid(), pid = bench_fork(b);
    if (pid == 0) {
        private_word = 2;
        *shared = getpid();
        if (bytes) {
            touched[bytes - 1] = 9;
        }
        _exit(getppid() == self ? 33 : 34);
    }
    bench_reap(b, pid, 33);
    bench_check(b, *shared == pid, "a shared page is not shared with the child");
    bench_check(b, private_word == 1, "the child wrote into the parent's memory");
    bench_check(b, !bytes || touched[bytes - 1] == 7, "the child wrote into the parent's mapping");
    for (size_t i = 0; i < bytes; i += 4096) {
        bench_check(b, touched[i] == 7, "page %zu of the parent is damaged", i / 4096);
    }
    bench_check(b, waitpid(-1, NULL, 0) < 0 && errno == ECHILD, "children are left after the last wait");
}

void workload_run(struct bench *b)
{
    size_t bytes = strncmp(b->variant, "64M", 3) == 0 ? 64u << 20 : 0;
    size_t rewritten = strcmp(b->variant, "64Mw") == 0 ? bytes : 0;
    char *area = NULL;
    bench_check(b, bytes || !*b->variant, "bad variant %s", b->variant);
    if (bytes) {
        area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        bench_check(b, area != MAP_FAILED, "no memory");
        madvise(area, bytes, MADV_NOHUGEPAGE);
        memset(area, 7, bytes);
    }
    bench_pin(b, b->cpu[0]);
    round_trip(b, 0);
    bench_begin(b);
    BENCH_LOOP(b, i, {
        round_trip(b, i);
        for (size_t at = 0; at < rewritten; at += 4096) {
            ((volatile char *)area)[at] = 7;
        }
    });
    bench_end(b, (uint64_t)b->iters);

    bench_check(b, b->children_end.ru_minflt - b->children_begin.ru_minflt >= b->iters,
                "%ld page faults of %ld children counted",
                b->children_end.ru_minflt - b->children_begin.ru_minflt, b->iters);
    verify(b, area, bytes);
}
