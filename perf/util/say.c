// Messages on stderr, coloured on a terminal unless NO_COLOR is set (no-color.org).
#include "perf/util/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *tint(int fd, const char *sequence)
{
    const char *no = getenv("NO_COLOR");
    return isatty(fd) && !(no && *no) ? sequence : "";
}

const char *tint_err(const char *sequence)
{
    return tint(STDERR_FILENO, sequence);
}

const char *tint_out(const char *sequence)
{
    return tint(STDOUT_FILENO, sequence);
}

static bool bar_shown;

void say_bar_shown(bool shown)
{
    bar_shown = shown;
}

void say_wipe_bar(void)
{
    if (bar_shown)
        fputs("\r\033[K", stderr);
    bar_shown = false;
}

static void vsay(const char *colour, const char *prefix, const char *fmt, va_list ap)
{
    char *text;
    if (vasprintf(&text, fmt, ap) < 0)
        return;
    say_wipe_bar();
    fprintf(stderr, "%s%s%s%s\n", tint_err(colour), prefix, tint_err(TINT_OFF), text); // at once: other processes may say something, too
    fflush(stderr);
    free(text);
}

static int badness(int code)
{
    static const int order[] = {EXIT_OK,    EXIT_SKIPPED, EXIT_INCONCLUSIVE, EXIT_REGRESSED,  EXIT_GUEST,
                                EXIT_USAGE, EXIT_REFUSED, EXIT_INTERNAL,     EXIT_INTERRUPTED};
    int n = sizeof(order) / sizeof(*order);
    for (int i = 0; i < n; i++)
        if (order[i] == code)
            return i;
    return n;
}

int exit_worst(int a, int b)
{
    return badness(b) > badness(a) ? b : a;
}

void say(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsay("", "", fmt, ap);
    va_end(ap);
}

void say_error(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsay(TINT_RED, "cloudbench: ", fmt, ap);
    va_end(ap);
}

void say_hint(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsay(TINT_YELLOW, "  hint: ", fmt, ap);
    va_end(ap);
}
