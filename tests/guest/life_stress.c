/*
 * life_stress.c: everything that makes and ends tasks, at random and at once: fork, vfork, exec
 * (also from a thread), threads, group exit, SIGKILL, stop and continue, process groups. Ends with
 * `life: end` when every worker could reap all its children. Usage: life_stress SECONDS [WORKERS]
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned seed;

static unsigned rnd(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % n;
}

static long now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static char *const nop_argv[] = {"nop", "0", NULL};
static char *const no_env[] = {NULL};

static void *thread_body(void *arg)
{
    switch ((long)arg) {
    case 0:
        return NULL;
    case 1:
        usleep(rnd(2000));
        return NULL;
    case 2:
        syscall(SYS_exit_group, 0);
        return NULL;
    case 3:
        execve("/bench/nop", nop_argv, no_env);
        return NULL;
    default:
        usleep(20000);
        return NULL;
    }
}

/* A process of up to five threads that ends in one of several ways, or is left for its parent to
 * kill. */
static void threaded_child(void)
{
    pthread_t t;
    unsigned n = 1 + rnd(4);
    for (unsigned i = 0; i < n; i++) {
        if (pthread_create(&t, NULL, thread_body, (void *)(long)rnd(5)) == 0 && rnd(2)) {
            pthread_detach(t);
        }
    }
    switch (rnd(4)) {
    case 0:
        syscall(SYS_exit, 0);
        break;
    case 1:
        usleep(rnd(3000));
        break;
    case 2:
        kill(getpid(), SIGKILL);
        break;
    default:
        execve("/bench/nop", nop_argv, no_env);
    }
    _exit(0);
}

static void one_child(void)
{
    volatile char *p;
    switch (rnd(7)) {
    case 0:
        _exit(0);
    case 1:
        threaded_child();
        break;
    case 2:
        execve("/bench/nop", nop_argv, no_env);
        break;
    case 3:
        if (vfork() == 0) {
            execve("/bench/nop", nop_argv, no_env);
            _exit(1);
        }
        wait(NULL);
        break;
    case 4:
        setpgid(0, 0);
        if (fork() == 0) {
            usleep(rnd(1000));
            _exit(0); /* perhaps an orphan by now */
        }
        break;
    case 5:
        raise(SIGSTOP);
        break;
    default:
        p = mmap(NULL, 1 << 18, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (int k = 0; p != MAP_FAILED && k < 1 << 18; k += 4096) {
            p[k] = 1;
        }
    }
    _exit(0);
}

#define BATCH 8

static void worker(unsigned number, long end)
{
    seed = number * 7919u + 1;
    while (now_s() < end) {
        pid_t pid[BATCH];
        int left = 0;
        for (int i = 0; i < BATCH; i++) {
            unsigned child_seed = rnd(1u << 16);
            pid[i] = fork();
            if (pid[i] == 0) {
                seed = child_seed;
                one_child();
            }
            left += pid[i] > 0;
        }
        for (int i = 0; i < BATCH; i++) {
            if (pid[i] <= 0) {
                continue;
            }
            if (rnd(3) == 0) {
                kill(pid[i], rnd(2) ? SIGSTOP : SIGCONT);
            }
            if (rnd(2)) {
                kill(pid[i], SIGKILL);
            }
        }
        for (int i = 0; i < BATCH; i++) {
            int status = 0;
            while (pid[i] > 0) {
                pid_t got = waitpid(pid[i], &status, WUNTRACED);
                if (got == pid[i] && WIFSTOPPED(status)) {
                    kill(pid[i], rnd(2) ? SIGCONT : SIGKILL);
                    continue;
                }
                if (got == pid[i] || errno != EINTR) {
                    left -= got == pid[i];
                    break;
                }
            }
        }
        if (left) {
            _exit(1);
        }
    }
    _exit(0);
}

int main(int argc, char **argv)
{
    long seconds = argc > 1 ? atol(argv[1]) : 30;
    int workers = argc > 2 ? atoi(argv[2]) : 6, bad = 0, status;
    long end = now_s() + seconds;
    for (int w = 0; w < workers; w++) {
        if (fork() == 0) {
            worker((unsigned)w, end);
        }
    }
    for (int w = 0; w < workers; w++) {
        if (wait(&status) < 0 || status != 0) {
            bad++;
        }
    }
    printf(bad ? "not ok life: %d workers failed\n" : "life: end\n", bad);
    return bad != 0;
}
