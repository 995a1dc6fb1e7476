/* Kernel log: one ring buffer and the console. Any context, NMI included (then buffered only). */
#pragma once
#include "kernel/lib/types.h"
enum { LOG_EMERG, LOG_ALERT, LOG_CRIT, LOG_ERR, LOG_WARN, LOG_NOTICE, LOG_INFO, LOG_DEBUG };
/* One call is one line; a missing newline is added. */
void printk(int level, const char *fmt, ...) __printf(2, 3);
#define pr_err(...)    printk(LOG_ERR, __VA_ARGS__)
#define pr_warn(...)   printk(LOG_WARN, __VA_ARGS__)
#define pr_notice(...) printk(LOG_NOTICE, __VA_ARGS__)
#define pr_info(...)   printk(LOG_INFO, __VA_ARGS__)
#define pr_debug(...)  printk(LOG_DEBUG, __VA_ARGS__)
/* Messages with level < console_loglevel go to the console: quiet sets 4, loglevel=N sets N,
 * default 7. */
extern int console_loglevel;

#define LOG_LINE_BYTES 480
/* A reader's place in the log. */
struct log_cursor {
    u64 pos;
};
struct log_line {
    int level;
    u32 len;
    s64 time_ns;
    char text[LOG_LINE_BYTES];
};
/* Reads the next line; false when there is none yet. A reader that was overtaken goes on at the
 * oldest line. */
bool log_read(struct log_cursor *c, struct log_line *out);
/* "[    1.234567] text\n", with "<6>" before it when with_level; bytes stored, at most size. */
int log_format(const struct log_line *line, bool with_level, char *buf, size_t size);
u64 log_head(void); /* position behind the newest line */
/* Writes what the console has not shown yet. forced: at a panic, whoever is in the middle of it. */
void console_flush(bool forced);
#define LOG_RING_BYTES (256 * 1024)
