/* ioctl of a terminal: termios, window size, flow control, queues. Job-control requests go to
 * tty_job.c. May sleep. */
#include "kernel/dev/tty.h"
#include "kernel/dev/uart.h"
#include "kernel/lib/string.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/signal/signal.h"
#include "kernel/task/cred.h"

static const struct {
    u32 code, baud;
} speeds[] = {
    {0, 0},     {1, 50},    {2, 75},     {3, 110},    {4, 134},        {5, 150},
    {6, 200},   {7, 300},   {8, 600},    {9, 1200},   {10, 1800},      {11, 2400},
    {12, 4800}, {13, 9600}, {14, 19200}, {15, 38400}, {0x1001, 57600}, {0x1002, 115200},
};

static u32 baud_of(const struct ktermios *t)
{
    for (size_t i = 0; i < ARRAY_SIZE(speeds); i++)
        if (speeds[i].code == (t->c_cflag & CBAUD))
            return speeds[i].baud;
    return t->c_ospeed ? t->c_ospeed : 115200;
}

static u8 lcr_of(const struct ktermios *t)
{
    u8 lcr = (u8)((t->c_cflag & CSIZE) >> 4);

    if (t->c_cflag & CSTOPB)
        lcr |= 0x04;
    if (t->c_cflag & PARENB)
        lcr |= t->c_cflag & PARODD ? 0x08 : 0x18;
    return lcr;
}

static long get_termios(struct tty_struct *tty, void __user *arg, size_t size)
{
    struct ktermios t;
    unsigned long flags;

    spin_lock_irqsave(&tty->lock, flags);
    t = tty->termios;
    spin_unlock_irqrestore(&tty->lock, flags);
    return copy_to_user(arg, &t, size) ? -EFAULT : 0;
}

static DEFINE_MUTEX(termios_mutex); /* the line's hardware is set as the last one said; nobody sleeps for long with it */

/* wait: for write_lock, that is until what was written before went out by the old rules; output may be stopped for ever.
 * size: struct termios_abi is the beginning of struct ktermios. */
static long set_termios(struct tty_struct *tty, const void __user *arg, size_t size, bool wait, bool flush)
{
    struct ktermios new, old;
    unsigned long flags;
    int err = tty_job_check(tty, SIGTTOU);

    if (err)
        return err;
    spin_lock_irqsave(&tty->lock, flags);
    new = tty->termios;
    spin_unlock_irqrestore(&tty->lock, flags);
    if (copy_from_user(&new, arg, size))
        return -EFAULT;
    new.c_ispeed = new.c_ospeed = baud_of(&new);
    new.c_cflag |= CREAD;
    if (wait && mutex_lock_interruptible(&tty->write_lock))
        return -ERESTARTSYS;
    mutex_lock(&termios_mutex);
    spin_lock_irqsave(&tty->lock, flags);
    old = tty->termios;
    tty->termios = new;
    if (flush)
        n_tty_flush_input_locked(tty);
    n_tty_termios_changed_locked(tty, &old);
    if ((old.c_iflag & IXON) && !(new.c_iflag &IXON) && tty->stopped) {
        tty->stopped = false;
        wake_up_all(&tty->write_wait);
    }
    spin_unlock_irqrestore(&tty->lock, flags);
    if (baud_of(&old) != baud_of(&new) || lcr_of(&old) != lcr_of(&new))
        uart_set_line(tty->port, baud_of(&new), lcr_of(&new));
    mutex_unlock(&termios_mutex);
    if (wait)
        mutex_unlock(&tty->write_lock);
    return 0;
}

static long set_winsize(struct tty_struct *tty, const void __user *arg)
{
    struct winsize ws;
    unsigned long flags;
    bool same;

    if (copy_from_user(&ws, arg, sizeof(ws)))
        return -EFAULT;
    spin_lock_irqsave(&tty->lock, flags);
    same = !memcmp(&ws, &tty->winsize, sizeof(ws));
    tty->winsize = ws;
    spin_unlock_irqrestore(&tty->lock, flags);
    if (!same)
        tty_signal_foreground(tty, SIGWINCH);
    return 0;
}

static void set_stopped(struct tty_struct *tty, bool stopped)
{
    WRITE_ONCE(tty->stopped, stopped);
    if (!stopped)
        wake_up_all(&tty->write_wait);
}

static long flow_control(struct tty_struct *tty, unsigned long how)
{
    int err = tty_job_check(tty, SIGTTOU);

    if (err)
        return err;
    if (how > TCION)
        return -EINVAL;
    if (how == TCOOFF || how == TCOON)
        set_stopped(tty, how == TCOOFF);
    else
        uart_write(tty->port, (char *)&tty->termios.c_cc[how == TCIOFF ? VSTOP : VSTART], 1);
    return 0;
}

static long flush_queues(struct tty_struct *tty, unsigned long which)
{
    int err = tty_job_check(tty, SIGTTOU);
    unsigned long flags;

    if (err)
        return err;
    if (which > TCIOFLUSH)
        return -EINVAL;
    if (which != TCOFLUSH) {
        spin_lock_irqsave(&tty->lock, flags);
        n_tty_flush_input_locked(tty);
        spin_unlock_irqrestore(&tty->lock, flags);
    }
    return 0; /* output is never queued */
}

/* Output is polled: when the writers are through, it is out. */
static long drain(struct tty_struct *tty)
{
    int err = tty_job_check(tty, SIGTTOU);

    if (err)
        return err;
    if (mutex_lock_interruptible(&tty->write_lock))
        return -ERESTARTSYS;
    mutex_unlock(&tty->write_lock);
    return 0;
}

static long count_input(struct tty_struct *tty, int __user *arg)
{
    unsigned long flags;
    u32 n;

    spin_lock_irqsave(&tty->lock, flags);
    n = n_tty_readable_locked(tty);
    spin_unlock_irqrestore(&tty->lock, flags);
    return put_user((int)n, arg);
}

static long line_ioctl(struct tty_struct *tty, unsigned cmd, unsigned long arg)
{
    void __user *p = (void __user *)arg;

    switch (cmd) {
    case TCGETS:
        return get_termios(tty, p, sizeof(struct termios_abi));
    case TCGETS2:
        return get_termios(tty, p, sizeof(struct ktermios));
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_termios(tty, p, sizeof(struct termios_abi), cmd != TCSETS, cmd == TCSETSF);
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
        return set_termios(tty, p, sizeof(struct ktermios), cmd != TCSETS2, cmd == TCSETSF2);
    case TIOCGWINSZ:
        return copy_to_user(p, &tty->winsize, sizeof(tty->winsize)) ? -EFAULT : 0;
    case TIOCSWINSZ:
        return set_winsize(tty, p);
    case TCSBRK:
    case TCSBRKP:
        return drain(tty);
    case TCXONC:
        return flow_control(tty, arg);
    case TCFLSH:
        return flush_queues(tty, arg);
    case FIONREAD:
        return count_input(tty, p);
    case TIOCOUTQ:
        return put_user(0, (int __user *)p);
    case TIOCGETD:
        return put_user(0, (int __user *)p);
    case TIOCMGET:
        return put_user(0x166, (int __user *)p); /* DTR RTS CTS CD DSR */
    case TIOCEXCL:
    case TIOCNXCL:
        return 0;
    default:
        return -ENOTTY;
    }
}

long tty_ioctl(struct file *f, unsigned cmd, unsigned long arg)
{
    struct tty_file *tf = tty_file(f);
    long ret;

    if (!uart_present(tf->tty->port) || tty_file_hung_up(tf))
        return -EIO;
    ret = tty_job_ioctl(tf->tty, f, cmd, arg);
    return ret == -ENOTTY && cmd != TIOCGPGRP && cmd != TIOCGSID && cmd != TIOCSPGRP &&
                   cmd != TIOCNOTTY
               ? line_ioctl(tf->tty, cmd, arg)
               : ret;
}
