/* counters.h: hardware counters of the calling thread. Two implementations: counters_papi.c and counters_none.c. Where a machine
 * lets nobody count, counters_report() says why and every reading is zero. */
#pragma once
#include <stdbool.h>

struct counters {
    long long instructions, cycles;
};

/* True when counting works. Main thread, once. */
bool counters_start(void);
const char *counters_report(void);
/* The calling thread, once each: begins to count; stops, and says what was counted. */
void counters_begin(void);
struct counters counters_end(void);
