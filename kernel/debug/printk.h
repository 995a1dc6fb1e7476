/* Kernel log: one ring buffer and the console. Any context, NMI included (then buffered only). */
#pragma once
#include "kernel/lib/types.h"
enum { LOG_EMERG, LOG_ALERT, LOG_CRIT, LOG_ERR, LOG_WARN, LOG_NOTICE, LOG_INFO, LOG_DEBUG };
void printk(int level, const char *fmt, ...) __printf(2, 3);
#define pr_err(...)  printk(LOG_ERR, __VA_ARGS__)
#define pr_warn(...) printk(LOG_WARN, __VA_ARGS__)
#define pr_info(...) printk(LOG_INFO, __VA_ARGS__)
#define pr_debug(...) printk(LOG_DEBUG, __VA_ARGS__)
/* Messages with level < console_loglevel go to the console: quiet sets 4, loglevel=N sets N, default 7. */
extern int console_loglevel;
