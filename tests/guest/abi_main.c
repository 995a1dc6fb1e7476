/*
 * abi_main.c: runs the tests that a program registered: `ok CALL.WHAT` or `not ok CALL.WHAT: why` a line,
 * then one line of totals. Arguments choose tests by the start of their name. Exit code 1 if any
 * failed or none ran.
 */
#include <sys/utsname.h>
#include <stdarg.h>

#include "tests/guest/abi.h"

#define ABI_ABSENT 77 /* exit code of a test that is skipped */
#ifndef ABI_LIMIT_S
#define ABI_LIMIT_S 20
#endif

static struct abi_test *tests, **tests_end = &tests;
static int why_fd = 1;

void abi_register(struct abi_test *t)
{
    *tests_end = t;
    tests_end = &t->next;
}

void abi_failed(const char *file, int line, const char *fmt, ...)
{
    char text[512];
    const char *base = strrchr(file, '/');
    int n = snprintf(text, sizeof text, "%s:%d: ", base ? base + 1 : file, line);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text + n, sizeof text - (size_t)n, fmt, ap);
    va_end(ap);
    if (write(why_fd, text, strlen(text)) < 0) {
        _exit(100);
    }
    _exit(99);
}

void abi_absent(const char *what)
{
    if (write(why_fd, what, strlen(what)) < 0) {
        _exit(100);
    }
    _exit(ABI_ABSENT);
}

void abi_reap(pid_t pid, int code)
{
    int status = 0;
    pid_t got;
    while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR) {
    }
    if (got != pid || !WIFEXITED(status) || WEXITSTATUS(status) != code) {
        abi_failed(__FILE__, __LINE__, "child %d: wait gave %d, status %#x, want exit code %d", pid, got, status,
                   code);
    }
}

pid_t abi_sleeper(void)
{
    pid_t pid = fork();
    while (pid == 0) {
        pause();
    }
    CHECK(pid > 0);
    return pid;
}

void abi_sleep_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&t, &t) < 0 && errno == EINTR) {
    }
}

long abi_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int abi_is_linux(void)
{
    struct utsname u;
    return !uname(&u) && !strstr(u.release, "cloudos");
}

int abi_state(pid_t pid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) {
        close(fd);
    }
    text[n > 0 ? n : 0] = 0;
    char *end = strrchr(text, ')');
    return end && end[1] == ' ' ? end[2] : '?';
}

void abi_await_state(pid_t pid, const char *letters)
{
    for (int i = 0; i < 500; i++) {
        int c = abi_state(pid);
        if (c != '?' && strchr(letters, c)) {
            return;
        }
        abi_sleep_ms(10);
    }
    abi_failed(__FILE__, __LINE__, "process %d is in state %c, want one of %s", pid, abi_state(pid), letters);
}

void abi_scratch(void)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/abi.%d", getpid());
    mkdir(path, 0755);
    CHECK(chdir(path) == 0);
}

void abi_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    EQ(write(fd, text, strlen(text)), strlen(text));
    EQ(close(fd), 0);
}

/* Waits with a limit; -1 when the time is over. Works without timers: it polls. */
static int wait_limited(pid_t pid, int *status)
{
    long end = abi_now_ms() + ABI_LIMIT_S * 1000;
    long nap = 1;
    while (waitpid(pid, status, WNOHANG) != pid) {
        if (abi_now_ms() > end) {
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);
            return -1;
        }
        abi_sleep_ms(nap);
        nap = nap < 20 ? nap * 2 : nap;
    }
    kill(-pid, SIGKILL);
    return 0;
}

static int run_test(struct abi_test *t)
{
    int fd[2] = {-1, -1}, status = 0;
    char why[600] = "";
    if (pipe(fd) < 0) {
        fd[0] = fd[1] = -1;
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        close(fd[0]);
        why_fd = fd[1] >= 0 ? fd[1] : 1;
        fcntl(why_fd, F_SETFD, FD_CLOEXEC);
        t->run();
        _exit(0);
    }
    close(fd[1]);
    if (wait_limited(pid, &status) < 0) {
        waitpid(pid, NULL, 0);
        printf("not ok %s.%s: no end within %d s\n", t->call, t->what, ABI_LIMIT_S);
        close(fd[0]);
        return 0;
    }
    fcntl(fd[0], F_SETFL, O_NONBLOCK);
    ssize_t n = read(fd[0], why, sizeof why - 1);
    close(fd[0]);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        printf("ok %s.%s\n", t->call, t->what);
        return 1;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == ABI_ABSENT && n > 0) {
        printf("ok %s.%s # SKIP %s\n", t->call, t->what, why);
        return 1;
    }
    if (n <= 0) {
        snprintf(why, sizeof why, "ended with status %#x", status);
    }
    printf("not ok %s.%s: %s\n", t->call, t->what, why);
    return 0;
}

static int chosen(const struct abi_test *t, int argc, char **argv)
{
    char name[256];
    snprintf(name, sizeof name, "%s.%s", t->call, t->what);
    for (int i = 1; i < argc; i++) {
        if (strncmp(name, argv[i], strlen(argv[i])) == 0) {
            return 1;
        }
    }
    return argc < 2;
}

int main(int argc, char **argv)
{
    int passed = 0, ran = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (struct abi_test *t = tests; t; t = t->next) {
        if (chosen(t, argc, argv)) {
            ran++;
            passed += run_test(t);
        }
    }
    printf("# %d of %d\n", passed, ran);
    return ran > 0 && passed == ran ? 0 : 1;
}
