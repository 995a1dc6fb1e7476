/* Text files: the buffer that show functions fill, and reading a text that is made at the first
 * read of an open file and again whenever it is read from its beginning. Owns the buffers. May
 * sleep. */
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/arch/x86/uaccess.h"

#define FIRST_BYTES 1024
#define MAX_BYTES   (4u << 20)

/* Room for n more bytes and a NUL. */
static bool grow(struct seq_buf *s, size_t n)
{
    size_t size = s->size ? s->size : FIRST_BYTES;
    char *bigger;

    while (size < s->len + n + 1)
        size *= 2;
    if (size == s->size)
        return true;
    bigger = size <= MAX_BYTES ? kmalloc(size, GFP_KERNEL) : NULL;
    if (!bigger) {
        s->overflow = true;
        return false;
    }
    if (s->buf)
        memcpy(bigger, s->buf, s->len);
    kfree(s->buf);
    s->buf = bigger;
    s->size = size;
    return true;
}

void seq_write(struct seq_buf *s, const void *data, size_t n)
{
    if (s->overflow || !grow(s, n))
        return;
    memcpy(s->buf + s->len, data, n);
    s->len += n;
}

void seq_puts(struct seq_buf *s, const char *text)
{
    seq_write(s, text, strlen(text));
}

void seq_putc(struct seq_buf *s, char c)
{
    seq_write(s, &c, 1);
}

void seq_printf(struct seq_buf *s, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(s->buf ? s->buf + s->len : NULL, s->size - s->len, fmt, ap);
    va_end(ap);
    if (s->overflow)
        return;
    if (s->len + n + 1 > s->size) {
        if (!grow(s, n))
            return;
        va_start(ap, fmt);
        vsnprintf(s->buf + s->len, s->size - s->len, fmt, ap);
        va_end(ap);
    }
    s->len += n;
}

int text_open(struct file *f, int (*fill)(struct seq_buf *, struct inode *))
{
    struct text_file *t = kzalloc(sizeof(*t), GFP_KERNEL);

    if (!t)
        return -ENOMEM;
    mutex_init(&t->lock);
    t->fill = fill;
    f->private_data = t;
    return 0;
}

/* t->lock held. */
static int load(struct text_file *t, struct inode *inode)
{
    int err;

    t->s.len = 0;
    t->s.overflow = false;
    err = t->fill(&t->s, inode);
    if (!err && t->s.overflow)
        err = -ENOMEM;
    t->loaded = !err;
    return err;
}

static ssize_t read_locked(struct text_file *t, struct inode *inode, char __user *buf, size_t n,
                           loff_t *pos)
{
    if (*pos == 0 || !t->loaded) {
        int err = load(t, inode);

        if (err)
            return err;
    }
    if ((u64)*pos >= t->s.len)
        return 0;
    n = min_t(size_t, n, t->s.len - *pos);
    if (copy_to_user(buf, t->s.buf + *pos, n))
        return -EFAULT;
    *pos += n;
    return n;
}

ssize_t text_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
    struct text_file *t = f->private_data;
    ssize_t ret;

    if (*pos < 0)
        return -EINVAL;
    mutex_lock(&t->lock);
    ret = read_locked(t, f->f_inode, buf, n, pos);
    mutex_unlock(&t->lock);
    return ret;
}

void text_release(struct inode *inode, struct file *f)
{
    struct text_file *t = f->private_data;

    kfree(t->s.buf);
    kfree(t);
}

ssize_t text_store(const char __user *buf, size_t n, ssize_t (*store)(const char *, size_t, void *),
                   void *data)
{
    size_t take = min_t(size_t, n, PAGE_SIZE - 1);
    char *text = kmalloc(take + 1, GFP_KERNEL);
    ssize_t ret;

    if (!text)
        return -ENOMEM;
    if (copy_from_user(text, buf, take)) {
        kfree(text);
        return -EFAULT;
    }
    text[take] = '\0';
    ret = store(text, take, data);
    kfree(text);
    return ret < 0 ? ret : (ssize_t)n;
}

int proc_show_int(struct seq_buf *s, void *value)
{
    seq_printf(s, "%d\n", *(int *)value);
    return 0;
}

ssize_t proc_store_int(const char *text, size_t n, void *value)
{
    bool negative;
    const char *end;
    u64 v;

    while (*text == ' ' || *text == '\t')
        text++;
    negative = *text == '-';
    v = strtou64(text + negative, &end, 10);
    if (end == text + negative || (*end && *end != '\n' && *end != ' ') || v > INT_MAX)
        return -EINVAL;
    WRITE_ONCE(*(int *)value, negative ? -(int)v : (int)v);
    return n;
}
