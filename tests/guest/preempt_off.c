/* preempt_off.c: the longest section with preemption off while the machine does a little of everything that its kernel may do in one piece.
 * For a debug kernel: /sys/kernel/debug/sched/preempt_off. Each part prints `preempt-off PART NS FROM TO`, the last line `preempt-off end`. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILE_OF_LONGEST "/sys/kernel/debug/sched/preempt_off"
#define MIB (1 << 20)
#define SCHED_FIFO_RESET_ON_FORK 0x40000001

static void fail(const char *what)
{
    perror(what);
    _exit(1);
}

static void forget(void)
{
    int fd = open(FILE_OF_LONGEST, O_WRONLY);
    if (fd < 0 || write(fd, "0", 1) != 1) {
        fail(FILE_OF_LONGEST);
    }
    close(fd);
}

static void tell(const char *part)
{
    char text[256] = "";
    int fd = open(FILE_OF_LONGEST, O_RDONLY);
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0) {
        fail(FILE_OF_LONGEST);
    }
    close(fd);
    printf("preempt-off %s %s", part, text);
    fflush(stdout);
}

static void reap(pid_t pid)
{
    if (pid < 0 || waitpid(pid, NULL, 0) != pid) {
        fail("a child");
    }
}

static void forks(void)
{
    for (int i = 0; i < 200; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            _exit(0);
        }
        reap(pid);
    }
}

/* Many at once, which then end together. */
static void crowd(void)
{
    int ends[2];
    char c;
    if (pipe(ends)) {
        fail("pipe");
    }
    for (int i = 0; i < 500; i++) {
        if (fork() == 0) {
            close(ends[1]);
            _exit(read(ends[0], &c, 1) == 0 ? 0 : 1);
        }
    }
    close(ends[0]);
    close(ends[1]);
    while (wait(NULL) > 0) {
    }
}

static void memory(void)
{
    for (int i = 0; i < 3; i++) {
        char *p = mmap(NULL, 256 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) {
            fail("mmap");
        }
        for (size_t at = 0; at < 256 * MIB; at += 4096) {
            p[at] = 1;
        }
        pid_t pid = fork();
        if (pid == 0) {
            p[0] = 2;
            mprotect(p, 256 * MIB, PROT_READ);
            _exit(0);
        }
        reap(pid);
        munmap(p, 256 * MIB);
    }
}

static void files(void)
{
    static char text[MIB];
    char name[64];
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "/tmp/po%d", i);
        int fd = open(name, O_RDWR | O_CREAT, 0600);
        if (fd < 0 || write(fd, text, sizeof text / 8) < 0 || ftruncate(fd, 0)) {
            fail(name);
        }
        close(fd);
        unlink(name);
    }
    int fd = open("/tmp/po", O_RDWR | O_CREAT, 0600);
    for (int i = 0; i < 64; i++) {
        if (write(fd, text, sizeof text) != sizeof text) {
            fail("write");
        }
    }
    close(fd);
    unlink("/tmp/po");
    for (int i = 0; i < 900; i++) { /* a table of files that is copied, and closed at the end */
        if (dup(1) < 0) {
            fail("dup");
        }
    }
    forks();
    for (int i = 3; i < 903; i++) {
        close(i);
    }
}

static void *thread(void *unused)
{
    return unused;
}

static void nothing(int sig)
{
    (void)sig;
}

static void threads_and_signals(void)
{
    pthread_t t[100];
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 100; i++) {
            if (pthread_create(t + i, NULL, thread, NULL)) {
                fail("pthread_create");
            }
        }
        for (int i = 0; i < 100; i++) {
            pthread_join(t[i], NULL);
        }
    }
    signal(SIGUSR1, nothing);
    for (int i = 0; i < 1000; i++) {
        raise(SIGUSR1);
    }
    kill(-1, 0);
}

static void programs(void)
{
    for (int i = 0; i < 30; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            execl("/proc/self/exe", "preempt_off", "nothing", NULL);
            _exit(1);
        }
        reap(pid);
    }
}

/* ---- crowds ---- */
#define CROWD 500
static struct crowd {
    volatile int began;
    volatile long long until_ns;
} *all;

static long long now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void sleep_until(long long ns)
{
    struct timespec t = {ns / 1000000000, ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
    }
}

static void await(volatile int *count)
{
    while (*count < CROWD) {
        usleep(10000);
    }
    usleep(200000); /* the last ones from the count into their sleep: nothing depends on it but how many are found asleep */
}

/* 500 tasks wait in poll for one byte. */
static void pollers(void)
{
    int ends[2];
    all->began = 0;
    if (pipe(ends)) {
        fail("pipe");
    }
    for (int i = 0; i < CROWD; i++) {
        if (fork() == 0) {
            struct pollfd p = {.fd = ends[0], .events = POLLIN};
            __sync_fetch_and_add(&all->began, 1);
            _exit(poll(&p, 1, -1) == 1 ? 0 : 1);
        }
    }
    await(&all->began);
    forget();
    if (write(ends[1], "x", 1) != 1) {
        fail("write");
    }
    while (wait(NULL) > 0) {
    }
    close(ends[0]);
    close(ends[1]);
}

/* 500 sleeps end at one moment. */
static void timers(void)
{
    all->began = 0;
    all->until_ns = now_ns() + 20000000000ll;
    for (int i = 0; i < CROWD; i++) {
        if (fork() == 0) {
            __sync_fetch_and_add(&all->began, 1);
            sleep_until(all->until_ns);
            _exit(0);
        }
    }
    await(&all->began);
    forget();
    while (wait(NULL) > 0) {
    }
}

/* 500 tasks that compute wait for one CPU, whose queue is looked at. The looker is urgent, and what it starts is not. */
static void queue(void)
{
    static char text[65536];
    int urgent = 50;
    pid_t pid[CROWD];
    if (syscall(SYS_sched_setscheduler, 0, SCHED_FIFO_RESET_ON_FORK, &urgent)) {
        fail("sched_setscheduler");
    }
    for (int i = 0; i < CROWD; i++) {
        pid[i] = fork();
        while (pid[i] == 0) {
        }
    }
    usleep(50000); /* their averages are to be old */
    forget();
    int fd = open("/proc/schedstat", O_RDONLY);
    if (fd < 0 || read(fd, text, sizeof text) <= 0) {
        fail("/proc/schedstat");
    }
    close(fd);
    urgent = 0;
    for (int i = 0; i < CROWD; i++) {
        kill(pid[i], SIGKILL);
    }
    while (wait(NULL) > 0) {
    }
    syscall(SYS_sched_setscheduler, 0, 0, &urgent);
}

static void *sleeper(void *unused)
{
    __sync_fetch_and_add(&all->began, 1);
    for (;;) {
        pause();
    }
    return unused;
}

static pid_t process_of_500(void)
{
    all->began = 0;
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < CROWD; i++) {
            pthread_t t;
            pthread_attr_t a;
            pthread_attr_init(&a);
            pthread_attr_setstacksize(&a, 16384);
            if (pthread_create(&t, &a, sleeper, NULL)) {
                fail("pthread_create");
            }
        }
        pause();
    }
    await(&all->began);
    return pid;
}

static void stop_and_continue(void)
{
    pid_t pid = process_of_500();
    forget();
    kill(pid, SIGSTOP);
    waitpid(pid, NULL, WUNTRACED);
    kill(pid, SIGCONT);
    waitpid(pid, NULL, WCONTINUED);
    tell("stop");
    forget();
    kill(pid, SIGKILL);
    reap(pid);
}

static const struct part {
    const char *name;
    void (*run)(void);
} parts[] = {{"forks", forks}, {"crowd", crowd}, {"memory", memory}, {"files", files}, {"threads", threads_and_signals}, {"programs", programs},
           {"pollers", pollers}, {"timers", timers}, {"queue", queue}, {"kill", stop_and_continue}};

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        return 0;
    }
    all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) {
        fail("mmap");
    }
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        forget();
        parts[i].run();
        tell(parts[i].name);
    }
    puts("preempt-off end");
    return 0;
}
