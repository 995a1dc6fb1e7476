/* The terminals themselves: one tty_struct per serial port, its device files, opening and closing,
 * arrival of input. Must never free a tty_struct: signal_struct->tty may point to it at any time.
 */
#include "kernel/dev/tty.h"
#include "kernel/debug/assert.h"
#include "kernel/dev/kmsg.h"
#include "kernel/dev/uart.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/signal/signal.h"
#include "kernel/task/pid.h"

static struct tty_struct ttys[UART_PORTS];

static const struct ktermios tty_std_termios = {
    .c_iflag = ICRNL | IXON,
    .c_oflag = OPOST | ONLCR,
    .c_cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL,
    .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    .c_cc = {[VINTR] = 3,
             [VQUIT] = 28,
             [VERASE] = 127,
             [VKILL] = 21,
             [VEOF] = 4,
             [VMIN] = 1,
             [VSTART] = 17,
             [VSTOP] = 19,
             [VSUSP] = 26,
             [VREPRINT] = 18,
             [VDISCARD] = 15,
             [VWERASE] = 23,
             [VLNEXT] = 22},
    .c_ispeed = 115200,
    .c_ospeed = 115200,
};

/* A byte that means a signal ends a batch: the signal is sent without the lock. */
void tty_receive(unsigned port, const char *buf, size_t n)
{
    struct tty_struct *tty = &ttys[port];
    unsigned long flags;

    while (n) {
        size_t used;
        int sig;

        spin_lock_irqsave(&tty->lock, flags);
        used = n_tty_receive_locked(tty, buf, n, &sig);
        spin_unlock_irqrestore(&tty->lock, flags);
        if (sig)
            tty_signal_foreground(tty, sig);
        buf += used;
        n -= used;
    }
}

void tty_receive_break(unsigned port)
{
    struct tty_struct *tty = &ttys[port];
    u32 iflag = READ_ONCE(tty->termios.c_iflag);
    unsigned long flags;

    if (iflag & IGNBRK)
        return;
    if (!(iflag & BRKINT)) {
        tty_receive(port, "", 1);
        return;
    }
    spin_lock_irqsave(&tty->lock, flags);
    n_tty_flush_input_locked(tty);
    spin_unlock_irqrestore(&tty->lock, flags);
    tty_signal_foreground(tty, SIGINT);
}

static int open_tty(struct tty_struct *tty, struct file *f, bool is_console)
{
    struct tty_file *tf = kmalloc(sizeof(*tf), GFP_KERNEL);

    if (!tf)
        return -ENOMEM;
    tf->tty = tty;
    tf->generation = atomic_load_relaxed(&tty->generation);
    tf->is_console = is_console;
    f->private_data = tf;
    f->f_mode |= FMODE_STREAM;
    if (!is_console && !(f->f_flags & O_NOCTTY))
        tty_open_ctty(tty, f);
    return 0;
}

static int tty_open(struct inode *inode, struct file *f)
{
    return open_tty(&ttys[MINOR(inode->i_rdev) - 64], f, false);
}

static int console_open(struct inode *inode, struct file *f)
{
    return open_tty(&ttys[uart_console_port()], f, true);
}

/* /dev/tty: the caller's controlling terminal. */
static int current_tty_open(struct inode *inode, struct file *f)
{
    struct tty_struct *tty = READ_ONCE(current->signal->tty);

    return tty ? open_tty(tty, f, false) : -ENXIO;
}

static void tty_release(struct inode *inode, struct file *f)
{
    kfree(f->private_data);
}

static const struct file_operations tty_fops = {
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .ioctl = tty_ioctl,
    .open = tty_open,
    .release = tty_release,
};
static const struct file_operations console_fops = {
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .ioctl = tty_ioctl,
    .open = console_open,
    .release = tty_release,
};
static const struct file_operations current_tty_fops = {
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .ioctl = tty_ioctl,
    .open = current_tty_open,
    .release = tty_release,
};

static void tty_setup(struct tty_struct *tty, unsigned port)
{
    tty->port = port;
    tty->dev = MKDEV(4, 64 + port);
    tty->termios = tty_std_termios;
    tty->generation = NEAR_WRAP_BY(u32, 1);
    tty->read_head = tty->canon_head = tty->read_tail = NEAR_WRAP(u32);
    spin_lock_init(&tty->lock);
    init_waitqueue_head(&tty->read_wait);
    init_waitqueue_head(&tty->write_wait);
    mutex_init(&tty->write_lock);
}

void tty_init(void)
{
    for (unsigned i = 0; i < UART_PORTS; i++)
        tty_setup(&ttys[i], i);
    if (register_chrdev("tty", MKDEV(5, 0), 0666, &current_tty_fops) ||
        register_chrdev("console", MKDEV(5, 1), 0600, &console_fops) ||
        register_chrdev("ttyS0", MKDEV(4, 64), 0660, &tty_fops) ||
        register_chrdev("ttyS1", MKDEV(4, 65), 0660, &tty_fops) || kmsg_init())
        panic("tty: no memory for the devices");
    uart_init();
}
