/* check_misuse.h: what the tests of misuse share. A case does something wrong; misuse_expect() runs it in a child process, which must
 * end by abort() with a report that names the object, the place before and the place now. Host only, beside check.h. */
#pragma once
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "lockfree/check.h"

/* The line of the use before; the report's `now` is the line of BEFORE or NOW that ran last. In memory of both processes. */
static struct misuse_lines {
    int before, now;
    const void *object;
    const char *file;
} *misuse;
#define BEFORE(use) do { misuse->before = __LINE__; use; } while (0)
#define NOW(use)    do { misuse->now = __LINE__; use; } while (0)

/* First in main. `file`: the test's own name, as the reports print it. */
static inline void misuse_begin(const char *file)
{
    misuse = (struct misuse_lines *)mmap(NULL, sizeof(*misuse), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(misuse != MAP_FAILED);
    misuse->file = file;
}

static inline void misuse_output(int from, char *text, size_t size)
{
    size_t n = 0;
    ssize_t got;

    while (n < size - 1 && (got = read(from, text + n, size - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = 0;
}

/* Runs the case in a child; its report must name `what`, the object and both lines. */
static inline void misuse_expect(void (*wrong)(void), const char *what)
{
    char text[4096], want[256];
    int out[2], status;
    pid_t child;

    CHECK(pipe(out) == 0);
    fflush(NULL);
    child = fork();
    if (child == 0) {
        dup2(out[1], 2);
        close(out[0]);
        wrong();
        _exit(0);
    }
    close(out[1]);
    misuse_output(out[0], text, sizeof(text));
    close(out[0]);
    waitpid(child, &status, 0);
    snprintf(want, sizeof(want), "misuse: %s: object %p, before at %s:%d, now at %s:%d", what, misuse->object,
             misuse->file, misuse->before, misuse->file, misuse->now);
    if (!strstr(text, want) || !WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) {
        fprintf(stderr, "want: %s\ngot (status %#x): %s\n", want, (unsigned)status, text);
        CHECK(!"misuse was reported");
    }
}
