/*
 * guest_run.c: runs the ABI test programs of /tests one after another on the guest's console, each
 * with a time limit, and ends with `abi: N programs, N failed, end`. Arguments name programs; none means all.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM_LIMIT_S 300

/* The clock that no test sets: abi_time puts CLOCK_REALTIME 1,000 s ahead for a moment. */
static time_t now_s(void)
{
    struct timespec ts = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

static int is_test(const struct dirent *d)
{
    return strncmp(d->d_name, "abi_", 4) == 0 || strncmp(d->d_name, "glibc_abi_", 10) == 0;
}

static int run_program(const char *name)
{
    char path[300];
    int status = 0;
    snprintf(path, sizeof path, "/tests/%s", name);
    printf("# program %s\n", name);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        execl(path, name, (char *)NULL);
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        _exit(127);
    }
    time_t end = now_s() + PROGRAM_LIMIT_S;
    while (waitpid(pid, &status, WNOHANG) != pid) {
        struct timespec nap = {0, 20000000};
        nanosleep(&nap, NULL);
        if (now_s() > end) {
            printf("not ok %s.program: no end within %d s\n", name, PROGRAM_LIMIT_S);
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return 1;
        }
    }
    if (WIFSIGNALED(status) || WEXITSTATUS(status) > 1) {
        printf("not ok %s.program: ended with status %#x\n", name, status);
    }
    return status != 0;
}

int main(int argc, char **argv)
{
    int failed = 0, n = argc - 1;
    for (int i = 1; i < argc; i++) {
        failed += run_program(argv[i]);
    }
    if (argc == 1) {
        struct dirent **list;
        n = scandir("/tests", &list, is_test, alphasort);
        for (int i = 0; i < n; i++) {
            failed += run_program(list[i]->d_name);
        }
    }
    printf("abi: %d programs, %d failed, end\n", n, failed);
    fflush(stdout);
    tcdrain(STDOUT_FILENO); /* the end of a session leader hangs its terminal up, and Linux drops what the line has not sent */
    return failed != 0;
}
