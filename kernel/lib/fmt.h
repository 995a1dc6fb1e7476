/* printf formatting into buffers: %d %i %u %x %X %o %c %s %p %% with h, l, ll, z, width, precision, 0, -, #, +, *.
 * %pS prints symbol+offset of a text address. Any context. */
#pragma once
#include "kernel/lib/types.h"
/* Return the length that the whole text would have; the buffer is always terminated when size > 0. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
/* Like snprintf but return what was really stored (without the NUL). */
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
