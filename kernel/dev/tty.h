/* Terminals: struct tty_struct, the line discipline and job control. One tty_struct per serial
 * port, for ever. */
#pragma once
#include "kernel/fs/vfs.h"
#include "kernel/sched/wait.h"
#include "kernel/dev/termios.h"

#define TTY_INPUT_BYTES 4096 /* power of two: the discipline's buffer, Linux's N_TTY_BUF_SIZE */

struct tty_struct {
    unsigned port;           /* c */
    dev_t dev;               /* c */
    struct ktermios termios; /* lock */
    struct winsize winsize;  /* lock */
    spinlock_t lock;         /* everything below unless said otherwise; taken in interrupts */
    /* Input ring. Positions count bytes for ever. [read_tail, canon_head) is complete lines in
     * canonical mode, [canon_head, read_head) the line being typed. */
    char input[TTY_INPUT_BYTES];
    u64 eol_map[TTY_INPUT_BYTES / 64]; /* bit: the byte at this place ends a line */
    u32 read_head, canon_head, read_tail;
    bool lnext;          /* next byte is literal (VLNEXT) */
    bool stopped;        /* output stopped by VSTOP */
    u32 generation;      /* atomic reads: counts hangups */
    u32 column;          /* of the cursor, for tabs and erasing */
    u32 canon_column;    /* where the line being typed began */
    struct pid *session; /* whose controlling terminal it is, referenced */
    struct pid *pgrp;    /* foreground group, referenced */
    wait_queue_head_t read_wait, write_wait;
    struct mutex write_lock; /* writers: keeps one write() together */
};

/* What an open file of a terminal knows. */
struct tty_file {
    struct tty_struct *tty;
    u32 generation;  /* of the terminal when it was opened: it changes at a hangup */
    bool is_console; /* /dev/console: no job control on reads, survives a hangup */
};

void tty_init(void); /* devices and ports; after vfs_init, interrupts and devtmpfs */
/* From the port's interrupt handler. */
void tty_receive(unsigned port, const char *buf, size_t n);
void tty_receive_break(unsigned port);

/* A session leader exits (do_exit) or calls TIOCNOTTY: SIGHUP and SIGCONT to the foreground group;
 * every process of the session loses the terminal. */
void disassociate_ctty(bool on_exit);
/* For /proc/PID/stat: device number as user space encodes it and foreground group; 0 and -1 without
 * a terminal. */
void tty_of_task(struct task_struct *t, u32 *tty_nr, int *tpgid);

/* ---- between the files of this folder ---- */
/* n_tty.c: lock held, interrupts off. */
/* Bytes used: stops behind one that means a signal (*sig), which the caller sends after giving the
 * lock back. */
size_t n_tty_receive_locked(struct tty_struct *tty, const char *buf, size_t n, int *sig);
u32 n_tty_readable_locked(struct tty_struct *tty);
/* Moves what may be read now into out; *done when a line ended. */
size_t n_tty_take_locked(struct tty_struct *tty, char *out, size_t n, bool *done);
void n_tty_flush_input_locked(struct tty_struct *tty);
void n_tty_termios_changed_locked(struct tty_struct *tty, const struct ktermios *old);

/* tty_io.c */
ssize_t tty_read(struct file *f, char __user *buf, size_t n, loff_t *pos);
ssize_t tty_write(struct file *f, const char __user *buf, size_t n, loff_t *pos);
unsigned tty_poll(struct file *f, struct poll_table *pt);

/* tty_ioctl.c */
long tty_ioctl(struct file *f, unsigned cmd, unsigned long arg);

/* tty_job.c */
/* Before a background process reads (SIGTTIN) or changes the terminal (SIGTTOU): 0, -ERESTARTSYS
 * (its group was signalled), -EIO (orphaned, or it cannot be stopped and wants to read). */
int tty_job_check(struct tty_struct *tty, int sig);
long tty_job_ioctl(struct tty_struct *tty, struct file *f, unsigned cmd, unsigned long arg);
void tty_open_ctty(struct tty_struct *tty, struct file *f);
void tty_signal_foreground(struct tty_struct *tty, int sig);
static inline struct tty_file *tty_file(struct file *f)
{
    return f->private_data;
}
static inline bool tty_file_hung_up(struct tty_file *tf)
{
    return !tf->is_console && atomic_load_relaxed(&tf->tty->generation) != tf->generation;
}
