/* Looks up words of the command line. Owns nothing. */
#include "kernel/boot/param_early.h"
#include "kernel/boot/boot_info.h"
#include "kernel/lib/string.h"

/* The text behind `name` in the first word that begins with it; NULL when there is none. */
static const char *find_word(const char *name)
{
    const char *p = boot_info.cmdline;
    size_t n = strlen(name);

    while (*p) {
        while (*p == ' ')
            p++;
        if (!strncmp(p, "-- ", 3))
            return NULL;
        if (!strncmp(p, name, n) && (p[n] == '=' || p[n] == ' ' || !p[n]))
            return p + n;
        while (*p && *p != ' ')
            p++;
    }
    return NULL;
}

u32 early_param_u32(const char *name, u32 otherwise)
{
    const char *at = find_word(name), *end;

    return at && *at == '=' ? (u32)strtou64(at + 1, &end, 0) : otherwise;
}

bool early_param_flag(const char *name)
{
    const char *at = find_word(name);

    return at && *at != '=';
}
