/* syslog(2): the kernel log for dmesg. Reading in order blocks nowhere: it returns what is there.
 */
#include "kernel/debug/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/mm/slab.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/sync/mutex.h"
#include "kernel/syscall/syscalls.h"
#include "kernel/task/cred.h"

enum {
    ACT_CLOSE,
    ACT_OPEN,
    ACT_READ,
    ACT_READ_ALL,
    ACT_READ_CLEAR,
    ACT_CLEAR,
    ACT_CONSOLE_OFF,
    ACT_CONSOLE_ON,
    ACT_CONSOLE_LEVEL,
    ACT_SIZE_UNREAD,
    ACT_SIZE_BUFFER
};
#define CAP_SYSLOG 34
#define TEXT_BYTES (LOG_LINE_BYTES + 48)

static DEFINE_MUTEX(syslog_mutex);     /* the two cursors and saved_level */
static struct log_cursor clear_cursor; /* where ACT_CLEAR put the beginning */
static struct log_cursor read_cursor;  /* ACT_READ */
static int saved_level = -1;

struct scratch {
    struct log_line line;
    char text[TEXT_BYTES];
};

/* Bytes of all lines from c on, without moving it. */
static long size_from(struct log_cursor c, struct scratch *s)
{
    long n = 0;

    while (log_read(&c, &s->line))
        n += log_format(&s->line, true, s->text, TEXT_BYTES);
    return n;
}

/* Copies whole lines while they fit, moving *c. */
static long copy_lines(struct log_cursor *c, struct scratch *s, char __user *buf, long len)
{
    long done = 0;

    for (;;) {
        struct log_cursor before = *c;
        int n;

        if (!log_read(c, &s->line))
            return done;
        n = log_format(&s->line, true, s->text, TEXT_BYTES);
        if (done + n > len) {
            *c = before;
            return done;
        }
        if (copy_to_user(buf + done, s->text, n))
            return -EFAULT;
        done += n;
    }
}

/* The last lines that fit into len bytes. */
static long copy_last(struct scratch *s, char __user *buf, long len)
{
    struct log_cursor c = clear_cursor;
    long excess = size_from(c, s) - len;

    while (excess > 0 && log_read(&c, &s->line))
        excess -= log_format(&s->line, true, s->text, TEXT_BYTES);
    return copy_lines(&c, s, buf, len);
}

static long set_console(int level)
{
    if (level < 0) { /* on again */
        if (saved_level >= 0)
            console_loglevel = saved_level;
        saved_level = -1;
        return 0;
    }
    if (saved_level < 0)
        saved_level = console_loglevel;
    console_loglevel = level;
    return 0;
}

static long act(int type, char __user *buf, int len, struct scratch *s)
{
    struct log_cursor end = {log_head()};
    long ret;

    switch (type) {
    case ACT_READ:
        return copy_lines(&read_cursor, s, buf, len);
    case ACT_READ_ALL:
        return copy_last(s, buf, len);
    case ACT_READ_CLEAR:
        ret = copy_last(s, buf, len);
        clear_cursor = end;
        return ret;
    case ACT_CLEAR:
        clear_cursor = end;
        return 0;
    case ACT_CONSOLE_OFF:
        return set_console(1);
    case ACT_CONSOLE_ON:
        return set_console(-1);
    case ACT_CONSOLE_LEVEL:
        if (len < 1 || len > 8)
            return -EINVAL;
        console_loglevel = len;
        saved_level = -1;
        return 0;
    case ACT_SIZE_UNREAD:
        return size_from(read_cursor, s);
    default:
        return -EINVAL;
    }
}

long sys_syslog(int type, char __user *buf, int len)
{
    bool reads = type == ACT_READ || type == ACT_READ_ALL || type == ACT_READ_CLEAR;
    struct scratch *s;
    long ret;

    if (type == ACT_CLOSE || type == ACT_OPEN)
        return 0;
    if (type != ACT_READ_ALL && type != ACT_SIZE_BUFFER && !capable(CAP_SYSLOG) &&
        !capable(CAP_SYS_ADMIN))
        return -EPERM;
    if (type == ACT_SIZE_BUFFER)
        return LOG_RING_BYTES;
    if (reads && (!buf || len < 0))
        return -EINVAL;
    if (reads && !len)
        return 0;
    s = kmalloc(sizeof(*s), GFP_KERNEL);
    if (!s)
        return -ENOMEM;
    mutex_lock(&syslog_mutex);
    ret = act(type, buf, len, s);
    mutex_unlock(&syslog_mutex);
    kfree(s);
    return ret;
}
