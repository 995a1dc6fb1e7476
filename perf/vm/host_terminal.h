// The host's terminal in raw mode, given back as it was on every way out: return, exit, fatal
// signal.
#pragma once
#include <stdbool.h>

// True when stdin is a terminal and now raw. Registers the restoring; may be called once.
bool host_terminal_raw(void);
void host_terminal_restore(void); // safe to call twice, and from a signal handler
