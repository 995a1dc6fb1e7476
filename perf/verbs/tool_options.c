// tool_options.c: see tool_options.h. Owns the keys from 1000 on.
#include "perf/verbs/tool_options.h"
#include "perf/util/say.h"

#include <math.h>
#include <stdlib.h>

enum { OPT_QEMU = 1000, OPT_INITRD };

static const struct argp_option options[] = {
    {"qemu", OPT_QEMU, "PATH", 0, "QEMU to use", 0},
    {"initrd", OPT_INITRD, "PATH", 0, "initramfs to use", 0},
    {0},
};

int option_whole(struct argp_state *state, const char *arg, const char *what, int least)
{
    char *end;
    long v = strtol(arg, &end, 10);
    if (end == arg || *end || v < least || v > 1000000)
        argp_error(state, "%s must be a whole number from %d on, not \"%s\"", what, least, arg);
    return v;
}

double option_number(struct argp_state *state, const char *arg, const char *what)
{
    char *end;
    double v = strtod(arg, &end);
    if (end == arg || *end || !(v > 0) || v > 1e9)
        argp_error(state, "%s must be a number above 0, not \"%s\"", what, arg);
    return v;
}

double option_seed(struct argp_state *state, const char *arg)
{
    double v = option_number(state, arg, "--seed");
    if (v != floor(v))
        argp_error(state, "--seed must be a whole number, not \"%s\"", arg);
    return v;
}

void option_kernel(struct argp_state *state, const char *arg, const char **kernel)
{
    if (*kernel)
        argp_error(state, "one kernel at a time");
    *kernel = arg;
}

static void replace(char **path, const char *by)
{
    free(*path);
    *path = x_strdup(by);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct host_tools *t = state->input;
    switch (key) {
    case OPT_QEMU:
        replace(&t->qemu, arg);
        return 0;
    case OPT_INITRD:
        replace(&t->initrd, arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {.options = options, .parser = parse};

const struct argp_child tool_options[] = {{&argp, 0, NULL, 0}, {0}};
