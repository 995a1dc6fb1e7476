// What cloudbench says on stderr, and its exit codes. Data goes to stdout and never through here.
#pragma once
#include <stdbool.h>

enum exit_code {
    EXIT_OK = 0,
    EXIT_INTERNAL = 1,
    EXIT_USAGE = 2,
    EXIT_REGRESSED = 3,
    EXIT_INCONCLUSIVE = 4,
    EXIT_REFUSED = 5, // the environment lacks something; the message says what mends it
    EXIT_GUEST = 6,   // a guest panicked, hung, died or gave a wrong answer
    EXIT_SKIPPED = 77, // nothing was measured: the kernels lack what every row is about
    EXIT_INTERRUPTED = 130,
};

// Of the codes of several parts that of the whole: the worst. An interrupt goes over all, what did nothing says least.
int exit_worst(int a, int b);

void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
// A bar stands on the terminal's last line (perf/view/progress.h): what is said next takes its place.
void say_bar_shown(bool shown);
void say_wipe_bar(void);
// The escape sequence, or "" when the stream is no terminal or NO_COLOR is set.
const char *tint_err(const char *sequence);
const char *tint_out(const char *sequence);
#define TINT_RED    "\033[31m"
#define TINT_GREEN  "\033[32m"
#define TINT_YELLOW "\033[33m"
#define TINT_BOLD   "\033[1m"
#define TINT_DIM    "\033[2m"
#define TINT_OFF    "\033[0m"
