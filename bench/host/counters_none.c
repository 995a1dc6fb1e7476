/* counters_none.c: counters.h in a program that is built without PAPI. */
#include "bench/host/counters.h"

bool counters_start(void)
{
    return false;
}

const char *counters_report(void)
{
    return "counters: none (built without PAPI)";
}

void counters_begin(void)
{
}

struct counters counters_end(void)
{
    return (struct counters){0, 0};
}
