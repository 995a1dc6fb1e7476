/* exec: fork, exec a tiny static program, wait. With the name vfork the fork is a vfork. */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/guest/bench.h"

static char *const nop_argv[] = {"nop", "5", NULL};
static char *const nop_envp[] = {NULL};

static void round_trip(struct bench *b, int with_vfork)
{
    int status, pid = with_vfork ? vfork() : fork();
    if (pid == 0) {
        execve("/bench/nop", nop_argv, nop_envp);
        _exit(errno == ENOSYS ? 120 : 121);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        bench_call_failed(b, "fork, exec, wait");
    }
    bench_check(b, status == 5 << 8, "the program ended with status %#x, want exit code 5", status);
}

void workload_run(struct bench *b)
{
    int with_vfork = strcmp(b->name, "vfork") == 0;
    bench_pin(b, b->cpu[0]);
    round_trip(b, with_vfork);
    bench_begin(b);
    BENCH_LOOP(b, i, { round_trip(b, with_vfork); });
    bench_end(b, (uint64_t)b->iters);

    bench_check(b, b->children_end.ru_minflt - b->children_begin.ru_minflt >= b->iters,
                "%ld page faults of %ld programs counted",
                b->children_end.ru_minflt - b->children_begin.ru_minflt, b->iters);
    bench_check(b, waitpid(-1, NULL, 0) < 0 && errno == ECHILD, "children are left after the last wait");
}
