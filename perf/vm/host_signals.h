// SIGINT, SIGTERM and SIGHUP are blocked in the whole program: a boot reads them from a descriptor
// and cleans up, between boots they are looked for.
#pragma once
#include <stdbool.h>

void signals_block(void);
bool signals_pending(void); // one came outside a boot
int signals_open(void);     // a signalfd of the three; the caller closes it
