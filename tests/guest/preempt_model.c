/*
 * preempt_model.c MODEL: a machine of one CPU booted with preempt=MODEL. The file shows that model, and sleepers beside long system calls are
 * as late as it lets them be: full lets nobody wait for the call, lazy fair tasks only, voluntary all. What they wait is measured before any
 * model is set; the other models, to compare with, and the one of the boot in later attempts are set by the file. Ends with `preempt-model ok`.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MODEL_FILE "/sys/kernel/debug/sched/preempt"
#define CALL_BYTES (32 << 20)
#define SLEEPS 41
#define ATTEMPTS 8 /* on a busy host */

static int failed;

static void check(int ok, const char *what, long first, long second)
{
    printf("%s preempt_model.%s: %ld %ld us\n", ok ? "ok" : "not ok", what, first / 1000, second / 1000);
    failed |= !ok;
}

static long now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000l + t.tv_nsec;
}

static int model_is(const char *model)
{
    char text[64] = {0}, want[32];
    int fd = open(MODEL_FILE, O_RDONLY);
    read(fd, text, sizeof text - 1);
    close(fd);
    snprintf(want, sizeof want, "(%s)", model);
    return strstr(text, want) != NULL;
}

static void set_model(const char *model)
{
    int fd = open(MODEL_FILE, O_WRONLY);
    if (fd < 0 || write(fd, model, strlen(model)) < 0) {
        perror(MODEL_FILE);
        exit(1);
    }
    close(fd);
}

/* In the kernel nearly all the time: each call writes many pages. */
static pid_t kernel_hog(void)
{
    char *from = mmap(NULL, CALL_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = open("/tmp/preempt_model", O_RDWR | O_CREAT, 0600);
    memset(from, 1, CALL_BYTES);
    if (write(fd, from, CALL_BYTES) != CALL_BYTES) {
        perror("write");
        exit(1);
    }
    pid_t pid = fork();
    while (pid == 0) {
        pwrite(fd, from, CALL_BYTES, 0);
    }
    return pid;
}

static int by_value(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;
    return x < y ? -1 : x > y;
}

/* Two in five are below it: a host that stops the virtual CPU now and then does not show. */
static long lateness(const char *model, int policy)
{
    long late[SLEEPS];
    struct sched_param p = {.sched_priority = policy == SCHED_FIFO};
    if (!model_is(model)) {
        set_model(model);
    }
    sched_setscheduler(0, policy, &p);
    for (int i = 0; i < SLEEPS; i++) {
        long due = now_ns() + 2000000 + i * 37 % 40 * 100000; /* in no step with the tick */
        struct timespec t = {due / 1000000000, due % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
        late[i] = now_ns() - due;
    }
    qsort(late, SLEEPS, sizeof late[0], by_value);
    return late[SLEEPS * 2 / 5];
}

static const char *at_boot;
static long late_at_boot[2]; /* SCHED_OTHER, SCHED_FIFO */

static long attempt(int i, const char *model, int policy)
{
    return i == 0 && !strcmp(model, at_boot) ? late_at_boot[policy] : lateness(model, policy);
}

/* Sleepers of that policy are at least twice as late with the one model as with the other. */
static void later(const char *what, int policy, const char *late, const char *prompt)
{
    long a = 0, b = 0;
    for (int i = 0; i < ATTEMPTS && (i == 0 || a < 2 * b); i++) {
        a = attempt(i, late, policy);
        b = attempt(i, prompt, policy);
    }
    check(a >= 2 * b, what, a, b);
}

int main(int argc, char **argv)
{
    const char *model = at_boot = argc > 1 ? argv[1] : "";
    setvbuf(stdout, NULL, _IOLBF, 0);
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
    check(model_is(model), "the_boot_option_is_shown", 0, 0);
    pid_t pid = kernel_hog();
    late_at_boot[SCHED_OTHER] = lateness(model, SCHED_OTHER);
    late_at_boot[SCHED_FIFO] = lateness(model, SCHED_FIFO);
    if (!strcmp(model, "full")) {
        later("a_fair_task_does_not_wait", SCHED_OTHER, "lazy", model);
    } else {
        later("a_fair_task_waits", SCHED_OTHER, model, "full");
    }
    if (!strcmp(model, "voluntary")) {
        later("a_real_time_task_waits", SCHED_FIFO, model, "full");
    } else {
        later("a_real_time_task_does_not_wait", SCHED_FIFO, "voluntary", model);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    printf(failed ? "preempt-model failed\n" : "preempt-model ok\n");
    return failed;
}
