/* counters_papi.c: counters.h by PAPI. A virtual machine without a performance monitoring unit has none: said in one line. */
#include <papi.h>
#include <pthread.h>
#include <stdio.h>
#include "bench/host/counters.h"

static bool working;
static char report[1200] = "counters: PAPI, instructions and cycles of the measuring thread";
static __thread int set = PAPI_NULL;

static unsigned long thread_id(void)
{
    return (unsigned long)pthread_self();
}

static bool open_set(int *s)
{
    *s = PAPI_NULL;
    return PAPI_create_eventset(s) == PAPI_OK && PAPI_add_event(*s, PAPI_TOT_INS) == PAPI_OK &&
           PAPI_add_event(*s, PAPI_TOT_CYC) == PAPI_OK;
}

static void refuse(const char *why)
{
    snprintf(report, sizeof(report), "counters: none: %s", why);
}

bool counters_start(void)
{
    int probe;

    if (PAPI_library_init(PAPI_VER_CURRENT) != PAPI_VER_CURRENT || PAPI_thread_init(thread_id) != PAPI_OK) {
        refuse("PAPI does not start here");
    } else if (!open_set(&probe)) {
        const PAPI_component_info_t *cpu = PAPI_get_component_info(0);

        refuse(cpu && cpu->disabled_reason[0] ? cpu->disabled_reason : "this machine shows no instruction and cycle counter");
    } else {
        working = true;
    }
    return working;
}

const char *counters_report(void)
{
    return report;
}

void counters_begin(void)
{
    if (working && (set != PAPI_NULL || open_set(&set)))
        (void)PAPI_start(set); /* refused: counters_end reads nothing */
}

struct counters counters_end(void)
{
    long long v[2] = {0, 0};

    if (working && set != PAPI_NULL && PAPI_stop(set, v) != PAPI_OK)
        v[0] = v[1] = 0;
    return (struct counters){v[0], v[1]};
}
