/* One counter that all CPUs write, for tests of what counts shared lines (docs/lines.md): shared_counter.c. Debug kernels only. */
#pragma once

#ifdef CLOUDOS_DEBUG
void shared_counter_count(void); /* getppid; adds one when the boot option says so */
#else
static inline void shared_counter_count(void) {}
#endif
