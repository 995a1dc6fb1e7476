// Parses CPU lists; keeps one flag a CPU.
#include "perf/vm/cpu_list.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool parse_number(const char **p, long *out)
{
    char *end;
    if (!isdigit((unsigned char)**p))
        return false;
    *out = strtol(*p, &end, 10);
    *p = end;
    return *out < CPU_LIST_MAX;
}

bool cpu_list_parse(struct cpu_list *l, const char *text)
{
    const char *p = text ? text : "";
    memset(l, 0, sizeof(*l));
    while (*p) {
        long from, to;
        if (!parse_number(&p, &from))
            return false;
        to = from;
        if (*p == '-' && (p++, !parse_number(&p, &to)))
            return false;
        if (to < from || (*p && *p != ','))
            return false;
        for (long c = from; c <= to; c++) {
            l->count += !l->has[c];
            l->has[c] = true;
        }
        if (*p == ',' && !*++p)
            return false;
    }
    return true;
}

int cpu_list_first(const struct cpu_list *l)
{
    for (int c = 0; c < CPU_LIST_MAX; c++)
        if (l->has[c])
            return c;
    return -1;
}
