// SIGINT, SIGTERM and SIGHUP are blocked in the whole program: a boot reads them from a descriptor
// and cleans up, between boots they are looked for.
#pragma once
#include <stdbool.h>
#include <sys/types.h>

void signals_block(void);
bool signals_pending(void); // one came outside a boot, or while one was being stopped
int signals_open(void);     // a signalfd of the three; the caller closes it
// For a child: it is sent the signal when `parent`, which forked it, ends, however that happens; exec keeps that. False when it has ended already.
bool signal_at_end_of(pid_t parent, int signal);
