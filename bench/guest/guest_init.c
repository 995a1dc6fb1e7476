/*
 * guest_init.c: pid 1 of the project's initramfs, the same program on both kernels. It mounts what
 * programs expect and does what the words after "--" of the kernel's command line say:
 *
 *     (nothing)                an interactive shell on the console; its exit powers the machine off
 *     run PROGRAM ARGS...      that program on the console, then power off
 *     bench RUNID SPEC...      the workloads, each in a fresh process, then power off;
 *                              SPEC = WORKLOAD[/VARIANT]:ITERS[,ITERS...][:OPTION...], several in one word
 *                              joined by '+' (Linux takes at most 32 words); each ITERS is a process
 *
 * It owns the outer markers and the boot, exit and done records of docs/result-protocol.md. It
 * must behave the same whatever kernel it finds: a mount that fails is reported, never fatal.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "bench/guest/bench.h"
#include "bench/guest/record.h"

#define OPTIONS_MAX 6 /* of a SPEC, its count of iterations included */

struct session {
    const char *run;
    unsigned seq;
    int fd; /* the result port */
};

static void mount_one(const char *type, const char *where, const char *options)
{
    mkdir(where, 0755);
    if (mount(type, where, type, 0, options) < 0 && errno != EBUSY) {
        fprintf(stderr, "init: mount %s on %s: %s\n", type, where, strerror(errno));
    }
}

static void mount_all(void)
{
    mount_one("devtmpfs", "/dev", NULL);
    mount_one("proc", "/proc", NULL);
    mount_one("sysfs", "/sys", NULL);
    mount_one("tmpfs", "/dev/shm", "mode=1777");
    mount_one("tmpfs", "/tmp", "mode=1777");
}

__attribute__((noreturn)) static void power_off(void)
{
    sync();
    reboot(RB_POWER_OFF);
    for (;;) {
        pause();
    }
}

static int open_result_port(void)
{
    struct termios t;
    int fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY);
    if (fd < 0) {
        return 1;
    }
    if (tcgetattr(fd, &t) == 0) {
        cfmakeraw(&t);
        cfsetspeed(&t, B115200);
        tcsetattr(fd, TCSANOW, &t);
    }
    return fd;
}

static void emit(struct session *s, const char *json) { record_write(s->fd, s->run, s->seq++, json); }

static unsigned long memfree_kb(void)
{
    struct sysinfo si;
    return sysinfo(&si) < 0 ? 0 : (unsigned long)((unsigned long long)si.freeram * si.mem_unit / 1024);
}

static int count_cpus(void)
{
    unsigned long mask[64] = {0};
    int n = 0;
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    for (long i = 0; i < bytes / 8; i++) {
        n += __builtin_popcountl(mask[i]);
    }
    return n;
}

/* The first word of a file, or what is given when it cannot be read. */
static void read_word(const char *path, char *out, size_t size, const char *otherwise)
{
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
    if (fd >= 0) {
        close(fd);
    }
    if (n <= 0) {
        snprintf(out, size, "%s", otherwise);
        return;
    }
    out[n] = 0;
    out[strcspn(out, "\n \"\\")] = 0;
}

static void emit_boot(struct session *s, const struct timespec *up)
{
    char json[1024], clock[64];
    struct utsname u = {0};
    uname(&u);
    read_word("/sys/devices/system/clocksource/clocksource0/current_clocksource", clock, sizeof clock,
              "unknown");
    snprintf(json, sizeof json,
             "{\"type\":\"boot\",\"uptime_ns\":%lld,\"clocksource\":\"%s\",\"sysname\":\"%s\","
             "\"release\":\"%s\",\"ncpus\":%d,\"memfree_kb\":%lu}",
             up->tv_sec * 1000000000ll + up->tv_nsec, clock, u.sysname, u.release, count_cpus(),
             memfree_kb());
    emit(s, json);
}

/* Splits WORKLOAD[/VARIANT]:ITERS[:OPTION...] in place and starts the program /bench/WORKLOAD. Its memory lies at the same addresses in
 * every process: where they are drawn, one has a page table more than the next and pays for it in each iteration. The program undoes this
 * for those it starts itself. */
static void exec_workload(struct session *s, char *spec)
{
    char run[128], seq[32], fd[32], path[128];
    char *argv[3 + OPTIONS_MAX] = {spec, spec, "0"}, *word = strchr(spec, ':');
    for (int n = 2; word && n < 2 + OPTIONS_MAX; n++) {
        *word++ = 0;
        argv[n] = word;
        word = strchr(word, ':');
    }
    snprintf(run, sizeof run, "CB_RUN=%s", s->run);
    snprintf(seq, sizeof seq, "CB_SEQ=%u", s->seq);
    snprintf(fd, sizeof fd, "CB_FD=%d", s->fd);
    snprintf(path, sizeof path, "/bench/%.*s", (int)strcspn(spec, "/"), spec);
    char *envp[] = {run, seq, fd, NULL};
    personality(ADDR_NO_RANDOMIZE);
    execve(path, argv, envp);
    fprintf(stderr, "init: %s: %s\n", path, strerror(errno));
    _exit(127);
}

/* What a workload left running is killed, so that the next one starts alone. */
static void kill_strays(void)
{
    kill(-1, SIGKILL);
    while (wait(NULL) > 0 || errno == EINTR) {
    }
}

static void settle(void)
{
    struct timespec t = {0, 50000000};
    syscall(SYS_sched_yield);
    nanosleep(&t, NULL);
}

static void run_workload(struct session *s, char *spec)
{
    char json[512];
    int status = 0;
    settle();
    unsigned long before = memfree_kb();
    BENCH_MARK(BENCH_MARK_OUTER_BEGIN);
    pid_t pid = fork();
    if (pid == 0) {
        exec_workload(s, spec);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    settle();
    BENCH_MARK(BENCH_MARK_OUTER_END);
    unsigned long after = memfree_kb();
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    s->seq += code == 0 || code == 1 || code == 77; /* then the workload wrote its record */
    if (code != 0) {
        kill_strays();
    }
    spec[strcspn(spec, ":")] = 0;
    snprintf(json, sizeof json,
             "{\"type\":\"exit\",\"workload\":\"%s\",\"%s\":%d,\"memfree_kb_before\":%lu,"
             "\"memfree_kb_after\":%lu}",
             spec, WIFSIGNALED(status) ? "signal" : "status",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), before, after);
    emit(s, json);
}

/* PATH=VALUE: written before any workload runs. What cannot be set ends the machine: a figure made without
 * it would be taken for one made with it. */
static void apply_knob(char *knob)
{
    char *value = strchr(knob, '=');
    int fd = -1;
    if (value) {
        *value++ = 0;
        if (strncmp(knob, "/sys/kernel/debug/", 18) == 0) {
            mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
        }
        fd = open(knob, O_WRONLY);
    }
    if (fd < 0 || write(fd, value, strlen(value)) < 0) {
        fprintf(stderr, "init: cannot set %s to %s: %s\n", knob, value ? value : "(no value)", strerror(errno));
        sleep(1);
        power_off();
    }
    close(fd);
}

#define SHOW_CHUNK 16384 /* bytes of a file in one record */

/* n bytes as the inside of a JSON string; out has room for 2n. */
static size_t escape(char *out, const char *text, size_t n)
{
    char *to = out;
    for (size_t i = 0; i < n; i++) {
        char c = text[i] == '\n' ? 'n' : text[i];
        if (c != text[i] || c == '"' || c == '\\') {
            *to++ = '\\';
        }
        *to++ = c == 'n' || (c >= ' ' && c < 127) ? c : ' ';
    }
    return (size_t)(to - out);
}

static void show_chunk(struct session *s, const char *path, const char *text, size_t n)
{
    static char json[2 * SHOW_CHUNK + 256];
    size_t at = (size_t)snprintf(json, 256, "{\"type\":\"file\",\"path\":\"%.128s\",\"text\":\"", path);
    at += escape(json + at, text, n);
    strcpy(json + at, "\"}");
    emit(s, json);
}

/* The file's text as records of its own; one that cannot be read has none. */
static void show_file(struct session *s, const char *path)
{
    static char text[SHOW_CHUNK];
    int fd = open(path, O_RDONLY);
    for (ssize_t n; fd >= 0 && (n = read(fd, text, sizeof text)) > 0;) {
        show_chunk(s, path, text, (size_t)n);
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* NAME:N1,N2,...[:OPTION...] is NAME:N1[:OPTION...], then NAME:N2[:OPTION...], ...; how many that were. */
static int run_each(struct session *s, const char *spec)
{
    int ran = 0;
    const char *iters = strchr(spec, ':'), *options = iters ? strchr(iters + 1, ':') : NULL;
    size_t name = iters ? (size_t)(iters - spec) : strlen(spec);
    do {
        char one[256];
        size_t digits = iters ? strcspn(++iters, ",:") : 0;
        snprintf(one, sizeof one, "%.*s%s%.*s%s", (int)name, spec, digits ? ":" : "", (int)digits, iters ? iters : "",
                 options ? options : "");
        run_workload(s, one);
        ran++;
        iters = iters ? iters + digits : NULL;
    } while (iters && *iters == ',');
    return ran;
}

__attribute__((noreturn)) static void bench(int n, char **specs, const struct timespec *up,
                                            const char *run)
{
    char json[64];
    struct session s = {run, 0, open_result_port()};
    emit_boot(&s, up);
    int ran = 0;
    for (int i = 0; i < n; i++) {
        char *word = specs[i], *spec;
        while ((spec = strsep(&word, "+"))) {
            if (strncmp(spec, "set:", 4) == 0) {
                apply_knob(spec + 4);
                continue;
            }
            if (strncmp(spec, "show:", 5) == 0) {
                show_file(&s, spec + 5);
                continue;
            }
            ran += run_each(&s, spec);
        }
    }
    snprintf(json, sizeof json, "{\"type\":\"done\",\"n\":%d}", ran);
    emit(&s, json);
    tcdrain(s.fd);
    power_off();
}

static int wait_for(pid_t pid)
{
    int status = 0;
    pid_t got;
    do {
        got = wait(&status); /* orphans too */
    } while (got != pid && (got > 0 || errno == EINTR));
    return status;
}

__attribute__((noreturn)) static void exec_on_console(char **argv)
{
    static char *envp[] = {"PATH=/bin:/sbin:/usr/bin:/usr/sbin:/bench:/tests", "HOME=/root", "TERM=linux",
                           "PS1=\\w # ", "USER=root", NULL};
    setpgid(0, 0);
    signal(SIGTTOU, SIG_IGN);
    tcsetpgrp(0, getpid());
    signal(SIGTTOU, SIG_DFL);
    chdir("/root");
    environ = envp;
    execvp(argv[0], argv);
    fprintf(stderr, "init: %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

/* Takes the console as controlling terminal and stays its session's leader until the program has ended
 * and its output is out: a leader's exit hangs the terminal up and drops what is queued. */
__attribute__((noreturn)) static void lead_session(char **argv)
{
    setsid();
    int fd = open("/dev/console", O_RDWR);
    if (fd >= 0) {
        ioctl(fd, TIOCSCTTY, 1);
        for (int i = 0; i < 3; i++) {
            dup2(fd, i);
        }
        if (fd > 2) {
            close(fd);
        }
    }
    pid_t pid = fork();
    if (pid == 0) {
        exec_on_console(argv);
    }
    int status = wait_for(pid);
    tcdrain(1);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* Runs argv on the console; returns its exit code, 128 + signal if one killed it. */
static int run_on_console(char **argv)
{
    pid_t pid = fork();
    if (pid == 0) {
        lead_session(argv);
    }
    int status = wait_for(pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    static char *shell[] = {"sh", NULL};
    struct timespec up = {0};
    if (getpid() != 1) {
        fprintf(stderr, "%s: must be process 1\n", argv[0]);
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &up);
    mount_all();
    /* Linux passes options it does not know (nokaslr, when started by PVH) before the words. */
    while (argc > 1 && strcmp(argv[1], "bench") != 0 && strcmp(argv[1], "run") != 0) {
        argc--;
        argv++;
    }
    if (argc > 2 && strcmp(argv[1], "bench") == 0) {
        bench(argc - 3, argv + 3, &up, argv[2]);
    }
    if (argc > 2 && strcmp(argv[1], "run") == 0) {
        printf("init: status %d\n", run_on_console(argv + 2));
    } else {
        run_on_console(shell);
    }
    fflush(stdout);
    tcdrain(1);
    power_off();
}
