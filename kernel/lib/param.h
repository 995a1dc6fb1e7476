/* Kernel command line: KERNEL_PARAM("quiet", fn) names a handler beside the code that it sets.
 * params_parse() runs once, on the boot CPU, before any allocation. What no handler knows is kept
 * for init, as Linux does: key=value for its environment, other words, and all words after "--", as
 * its arguments. Each unknown option has its own log line. */
#pragma once
#include "kernel/lib/types.h"
struct kernel_param {
    const char *name;
    int (*set)(const char *value); /* what follows "=", else ""; it lives for ever. 0 or -EINVAL */
};
#define KERNEL_PARAM(key, fn)     KERNEL_PARAM_(key, fn, __COUNTER__)
#define KERNEL_PARAM_(key, fn, n) KERNEL_PARAM__(key, fn, n)
#define KERNEL_PARAM__(key, fn, n)                                                                 \
    static const struct kernel_param kernel_param_##n __used __section(".kparams") = {key, fn}
#define PARAM_INIT_MAX 64
struct init_words {
    int nargs, nenvs;
    const char *args[PARAM_INIT_MAX + 1]; /* NULL at the end; without argv[0] */
    const char *envs[PARAM_INIT_MAX + 1];
};
extern struct init_words init_words; /* filled by params_parse, read only afterwards */
extern char saved_command_line[];    /* as the loader gave it: /proc/cmdline */
void params_parse(const char *cmdline);
/* Parses a whole unsigned number; -EINVAL when text is left or there is none. */
int param_u64(const char *value, u64 *out);
