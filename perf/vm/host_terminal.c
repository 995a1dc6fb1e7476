// termios of stdin: saved once, restored by atexit and by handlers of the signals that end a
// program.
#include "perf/vm/host_terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static volatile sig_atomic_t raw;

void host_terminal_restore(void)
{
    if (raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    raw = 0;
}

static void on_fatal(int sig)
{
    host_terminal_restore();
    signal(sig, SIG_DFL);
    raise(sig);
}

bool host_terminal_raw(void)
{
    static const int fatal[] = {SIGSEGV, SIGBUS,  SIGABRT, SIGFPE,
                                SIGILL,  SIGQUIT, SIGPIPE, SIGALRM};
    struct termios t;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved))
        return false;
    t = saved;
    cfmakeraw(&t);
    atexit(host_terminal_restore);
    for (unsigned i = 0; i < sizeof(fatal) / sizeof(*fatal); i++)
        signal(fatal[i], on_fatal);
    raw = 1;
    return tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0;
}
