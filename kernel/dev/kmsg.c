/* /dev/kmsg: each open file reads the log from its oldest line, a record per read; a write adds a
 * line. */
#include "kernel/debug/printk.h"
#include "kernel/dev/kmsg.h"
#include "kernel/fs/vfs.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/arch/x86/uaccess.h"

struct kmsg_file {
    struct log_cursor cursor;
    u64 sequence;
    struct log_line line;
    char text[LOG_LINE_BYTES + 64];
};

static int kmsg_open(struct inode *inode, struct file *f)
{
    f->private_data = kzalloc(sizeof(struct kmsg_file), GFP_KERNEL);
    f->f_mode |= FMODE_STREAM;
    return f->private_data ? 0 : -ENOMEM;
}

static void kmsg_release(struct inode *inode, struct file *f)
{
    kfree(f->private_data);
}

/* "6,12,1234567,-;text\n". Nobody waits here: at the end of the log the answer is EAGAIN, as for a
 * non-blocking reader. */
static ssize_t kmsg_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
    struct kmsg_file *k = f->private_data;
    struct log_cursor before = k->cursor;
    size_t len;

    if (!log_read(&k->cursor, &k->line))
        return -EAGAIN;
    len = scnprintf(k->text, sizeof(k->text), "%d,%lu,%lu,-;%.*s\n", k->line.level, k->sequence,
                    (u64)k->line.time_ns / 1000, (int)k->line.len, k->line.text);
    if (len > n) {
        k->cursor = before;
        return -EINVAL;
    }
    k->sequence++;
    return copy_to_user(buf, k->text, len) ? -EFAULT : (ssize_t)len;
}

/* "<3>text": the level is optional; LOG_WARN otherwise. */
static ssize_t kmsg_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
    char text[LOG_LINE_BYTES], *start = text;
    size_t take = min_t(size_t, n, sizeof(text) - 1);
    int level = LOG_WARN;
    const char *end;

    if (copy_from_user(text, buf, take))
        return -EFAULT;
    text[take] = '\0';
    if (text[0] == '<') {
        u64 prefix = strtou64(text + 1, &end, 10);

        if (*end == '>' && end != text + 1) {
            level = prefix & 7;
            start = (char *)end + 1;
        }
    }
    printk(level, "%s", start);
    return n;
}

static const struct file_operations kmsg_fops = {
    .open = kmsg_open,
    .release = kmsg_release,
    .read = kmsg_read,
    .write = kmsg_write,
};

int kmsg_init(void)
{
    return register_chrdev("kmsg", MKDEV(1, 11), 0644, &kmsg_fops);
}
