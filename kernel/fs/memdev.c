/* The memory devices, major 1: null, zero, full, random, urandom. Owns nothing. */
#include "kernel/fs/fs_internal.h"
#include "kernel/mm/mm.h"
#include "kernel/dev/random.h"

static loff_t null_llseek(struct file *f, loff_t off, int whence)
{
    f->f_pos = 0;
    return 0;
}

static ssize_t null_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
    return 0;
}

static ssize_t null_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
    return n;
}

static ssize_t full_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
    return -ENOSPC;
}

static ssize_t zero_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
    size_t done = 0;

    while (done < n) {
        size_t chunk = min(n - done, 16 * PAGE_SIZE), left = clear_user(buf + done, chunk);

        done += chunk - left;
        if (left)
            return done ? (ssize_t)done : -EFAULT;
        if (signal_pending(current))
            return done;
        cond_resched();
    }
    return done;
}

static ssize_t random_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
    char tmp[256];
    size_t done = 0;

    while (done < n) {
        size_t chunk = min(n - done, sizeof(tmp));

        get_random_bytes(tmp, chunk);
        if (copy_to_user(buf + done, tmp, chunk))
            return done ? (ssize_t)done : -EFAULT;
        done += chunk;
        if (signal_pending(current))
            break;
        cond_resched();
    }
    return done;
}

static const struct file_operations null_fops = {
    .read = null_read, .write = null_write, .llseek = null_llseek};
static const struct file_operations zero_fops = {
    .read = zero_read, .write = null_write, .llseek = null_llseek, .mmap = mmap_zero};
static const struct file_operations full_fops = {
    .read = zero_read, .write = full_write, .llseek = null_llseek};
static const struct file_operations random_fops = {
    .read = random_read, .write = null_write, .llseek = null_llseek};

void memdev_init(void)
{
    register_chrdev("null", MKDEV(1, 3), 0666, &null_fops);
    register_chrdev("zero", MKDEV(1, 5), 0666, &zero_fops);
    register_chrdev("full", MKDEV(1, 7), 0666, &full_fops);
    register_chrdev("random", MKDEV(1, 8), 0666, &random_fops);
    register_chrdev("urandom", MKDEV(1, 9), 0666, &random_fops);
}
