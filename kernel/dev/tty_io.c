/* read, write and poll of a terminal. A read moves bytes out of the discipline's ring through a
 * small buffer on the stack, because user memory may not be touched under tty->lock. A write is
 * polled output in chunks; write_lock keeps one write() in one piece. May sleep. */
#include "kernel/dev/tty.h"
#include "kernel/dev/uart.h"
#include "kernel/lib/string.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/signal/signal.h"

#define CHUNK      256
#define DECISECOND (NSEC_PER_SEC / 10)

/* What VMIN and VTIME ask of one read. */
struct read_rule {
    u32 minimum;     /* bytes to wait for */
    s64 timeout_ns;  /* 0: none */
    bool inter_byte; /* the timeout starts with each byte, after the first */
};

static struct read_rule read_rule(struct tty_struct *tty, size_t n)
{
    const struct ktermios *t = &tty->termios;
    u32 vmin = t->c_cc[VMIN];
    s64 vtime = t->c_cc[VTIME] * DECISECOND;

    if (t->c_lflag & ICANON)
        return (struct read_rule){1, 0, false};
    if (!vmin)
        return (struct read_rule){vtime ? 1 : 0, vtime, false};
    return (struct read_rule){(u32)min_t(size_t, vmin, n), vtime, vtime != 0};
}

static u32 readable(struct tty_struct *tty)
{
    unsigned long flags;
    u32 n;

    spin_lock_irqsave(&tty->lock, flags);
    n = n_tty_readable_locked(tty);
    spin_unlock_irqrestore(&tty->lock, flags);
    return n;
}

/* 1: there are bytes; 0: time is over; or -errno. */
static int wait_readable(struct tty_file *tf, struct file *f, s64 deadline)
{
    struct tty_struct *tty = tf->tty;
    struct wait_queue_entry wait;
    int ret = 0;

    init_wait_entry(&wait, 0);
    for (bool in_time = true;;) {
        long sig = prepare_to_wait_event(&tty->read_wait, &wait, TASK_INTERRUPTIBLE);

        if (readable(tty))
            ret = 1;
        else if (tty_file_hung_up(tf))
            ret = -EIO;
        else if (f->f_flags & O_NONBLOCK)
            ret = -EAGAIN;
        else if (sig)
            ret = (int)sig;
        else if (in_time) {
            in_time = schedule_hrtimeout(deadline) == false;
            continue;
        }
        break;
    }
    finish_wait(&tty->read_wait, &wait);
    return ret;
}

static ssize_t take(struct tty_struct *tty, char __user *buf, size_t n, bool *done)
{
    char chunk[CHUNK];
    unsigned long flags;
    size_t got;

    spin_lock_irqsave(&tty->lock, flags);
    got = n_tty_take_locked(tty, chunk, min_t(size_t, n, CHUNK), done);
    spin_unlock_irqrestore(&tty->lock, flags);
    return copy_to_user(buf, chunk, got) ? -EFAULT : (ssize_t)got;
}

static s64 deadline_after(s64 ns)
{
    return ns ? ktime_get_ns() + ns : S64_MAX;
}

/* Canonical: one line or what fits of it. Raw: until the rule is met, then what is there. */
static ssize_t read_bytes(struct tty_file *tf, struct file *f, char __user *buf, size_t n)
{
    struct read_rule rule = read_rule(tf->tty, n);
    s64 deadline = deadline_after(rule.inter_byte ? 0 : rule.timeout_ns);
    size_t total = 0;
    bool done = false;

    while (total < n && !done) {
        ssize_t got;

        if (!readable(tf->tty)) {
            int r = total >= rule.minimum ? 0 : wait_readable(tf, f, deadline);

            if (r <= 0)
                return total ? (ssize_t)total : r == -EIO ? 0 : r;
        }
        got = take(tf->tty, buf + total, n - total, &done);
        if (got < 0)
            return total ? (ssize_t)total : got;
        total += got;
        if (rule.inter_byte && total)
            deadline = deadline_after(rule.timeout_ns);
    }
    return total;
}

ssize_t tty_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
    struct tty_file *tf = tty_file(f);
    int ret;

    if (!uart_present(tf->tty->port))
        return -EIO;
    if (tty_file_hung_up(tf))
        return 0;
    ret = tf->is_console ? 0 : tty_job_check(tf->tty, SIGTTIN);
    if (ret || !n)
        return ret;
    return read_bytes(tf, f, buf, n);
}

/* Output processing of one byte; the cursor's column is followed for tabs and erasing, under tty->lock: the echo follows it, too.
 * Bytes put into out (at most 8). */
static size_t process_byte_locked(struct tty_struct *tty, u8 c, char *out)
{
    u32 oflag = tty->termios.c_oflag, column = tty->column;

    switch (c) {
    case '\n':
        if (oflag & ONLCR) {
            tty->column = 0;
            out[0] = '\r';
            out[1] = '\n';
            return 2;
        }
        if (oflag & ONLRET)
            tty->column = 0;
        break;
    case '\r':
        if ((oflag & ONOCR) && !column)
            return 0;
        if (oflag & OCRNL)
            c = '\n';
        else
            tty->column = 0;
        break;
    case '\t':
        tty->column = (column | 7) + 1;
        if ((oflag & TABDLY) == XTABS) {
            memset(out, ' ', 8);
            return 8 - (column & 7);
        }
        break;
    case '\b':
        tty->column -= column > 0;
        break;
    default:
        if (c >= 0x20 && c != 0x7f && !((tty->termios.c_iflag & IUTF8) && (c & 0xc0) == 0x80))
            tty->column++;
    }
    out[0] = (char)c;
    return 1;
}

/* Takes bytes off *text until out, of CHUNK + 8 bytes, is full. Bytes put there: they go out without tty->lock, which is not held while
 * the port is busy. */
static size_t process(struct tty_struct *tty, const char **text, size_t *n, char *out)
{
    unsigned long flags;
    size_t used = 0;

    spin_lock_irqsave(&tty->lock, flags);
    for (; *n && used < CHUNK; --*n)
        used += process_byte_locked(tty, (u8)*(*text)++, out + used);
    spin_unlock_irqrestore(&tty->lock, flags);
    return used;
}

static void emit(struct tty_struct *tty, const char *text, size_t n)
{
    char out[CHUNK + 8];

    if (!(tty->termios.c_oflag & OPOST)) {
        uart_write(tty->port, text, n);
        return;
    }
    while (n) {
        size_t used = process(tty, &text, &n, out);

        uart_write(tty->port, out, used);
    }
}

/* Output stopped by VSTOP or TCOOFF. 0 or -errno. */
static int wait_started(struct tty_file *tf, struct file *f)
{
    struct tty_struct *tty = tf->tty;

    if (!READ_ONCE(tty->stopped))
        return 0;
    if (f->f_flags & O_NONBLOCK)
        return -EAGAIN;
    return (int)wait_event_interruptible(&tty->write_wait,
                                         !READ_ONCE(tty->stopped) || tty_file_hung_up(tf));
}

static ssize_t write_bytes(struct tty_file *tf, struct file *f, const char __user *buf, size_t n)
{
    char chunk[CHUNK];
    size_t done = 0;
    int err = 0;

    while (done < n && !err) {
        size_t part = min_t(size_t, n - done, CHUNK);

        err = wait_started(tf, f);
        if (!err && tty_file_hung_up(tf))
            err = -EIO;
        if (!err && copy_from_user(chunk, buf + done, part))
            err = -EFAULT;
        if (err)
            break;
        emit(tf->tty, chunk, part);
        done += part;
        if (done < n && signal_pending(current))
            err = -ERESTARTSYS;
    }
    return done ? (ssize_t)done : err;
}

ssize_t tty_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
    struct tty_file *tf = tty_file(f);
    ssize_t ret;

    if (!uart_present(tf->tty->port) || tty_file_hung_up(tf))
        return -EIO;
    if (!tf->is_console && (tf->tty->termios.c_lflag & TOSTOP)) {
        ret = tty_job_check(tf->tty, SIGTTOU);
        if (ret)
            return ret;
    }
    if (mutex_lock_interruptible(&tf->tty->write_lock))
        return -ERESTARTSYS;
    ret = write_bytes(tf, f, buf, n);
    mutex_unlock(&tf->tty->write_lock);
    return ret;
}

unsigned tty_poll(struct file *f, struct poll_table *pt)
{
    struct tty_file *tf = tty_file(f);
    struct tty_struct *tty = tf->tty;
    const struct ktermios *t = &tty->termios;
    u32 minimum = (t->c_lflag & ICANON) || t->c_cc[VTIME] || !t->c_cc[VMIN] ? 1 : t->c_cc[VMIN];
    unsigned mask = 0;

    poll_wait(f, &tty->read_wait, pt);
    poll_wait(f, &tty->write_wait, pt);
    if (readable(tty) >= minimum)
        mask |= POLLIN | POLLRDNORM;
    if (!READ_ONCE(tty->stopped))
        mask |= POLLOUT | POLLWRNORM;
    if (tty_file_hung_up(tf))
        mask |= POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP;
    return mask;
}
