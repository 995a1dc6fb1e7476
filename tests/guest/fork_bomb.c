/*
 * fork_bomb.c: root, without a limit: every process forks until the kernel says no. That must be EAGAIN or ENOMEM; the
 * kernel, this process and its memory must be there afterwards. Prints `fork-bomb ok` when all of it held.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

struct seen {
    long forks, again, nomem, other;
};

static long free_kb(void)
{
    struct sysinfo si;

    sleep(1);
    sysinfo(&si);
    return (long)((unsigned long long)si.freeram * si.mem_unit >> 10);
}

static void count(struct seen *s, int err)
{
    long *n = err == EAGAIN ? &s->again : err == ENOMEM ? &s->nomem : &s->other;

    __atomic_fetch_add(n, 1, __ATOMIC_RELAXED);
}

/* Parents and children alike go round this loop. */
static void bomb(struct seen *s)
{
    for (;;) {
        if (fork() < 0) {
            count(s, errno);
            usleep(50000);
        } else {
            __atomic_fetch_add(&s->forks, 1, __ATOMIC_RELAXED);
        }
    }
}

static long refusals(const struct seen *s)
{
    return __atomic_load_n(&s->again, __ATOMIC_RELAXED) + __atomic_load_n(&s->nomem, __ATOMIC_RELAXED);
}

/* Until the kernel has refused often; then all are killed and reaped. */
static void explode(struct seen *s)
{
    long enough = refusals(s) + 100;
    pid_t group = fork();

    if (group == 0) {
        setpgid(0, 0);
        bomb(s);
    }
    setpgid(group, group);
    for (int i = 0; refusals(s) < enough && i < 300; i++) {
        usleep(200000);
    }
    while (kill(-group, SIGKILL) == 0) {
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
        usleep(10000);
    }
    while (wait(NULL) > 0) {
    }
}

/* The first bomb fills the kernel's caches, the second may not need more. */
int main(void)
{
    struct seen *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    long before, after, first;

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    explode(s);
    before = free_kb();
    first = refusals(s);
    explode(s);
    after = free_kb();
    printf("fork-bomb forks=%ld EAGAIN=%ld ENOMEM=%ld other=%ld free_kb before=%ld after=%ld\n", s->forks / 2, s->again,
           s->nomem, s->other, before, after);
    if (first > 0 && refusals(s) > first && s->other == 0 && after > before - before / 20) {
        printf("fork-bomb ok\n");
    }
    return 0;
}
