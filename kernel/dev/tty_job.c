/* Job control: controlling terminals, foreground groups, SIGTTIN and SIGTTOU, hangup
 * (POSIX.1-2017, 11.1). Guards: tty->session and tty->pgrp by tty->lock, each with a reference;
 * signal->tty is one word, set by its own process or by whoever takes the terminal away from the
 * session. kill_pgrp() is never called under tty->lock. */
#include "kernel/dev/tty.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/signal/signal.h"
#include "kernel/task/cred.h"
#include "kernel/task/pid.h"
#include "kernel/task/process.h"

static struct pid *get_foreground(struct tty_struct *tty)
{
    struct pid *pgrp;
    unsigned long flags;

    spin_lock_irqsave(&tty->lock, flags);
    pgrp = tty->pgrp ? get_pid(tty->pgrp) : NULL;
    spin_unlock_irqrestore(&tty->lock, flags);
    return pgrp;
}

void tty_signal_foreground(struct tty_struct *tty, int sig)
{
    struct pid *pgrp = get_foreground(tty);

    if (!pgrp)
        return;
    kill_pgrp(pgrp, sig, 1);
    put_pid(pgrp);
}

static pid_t session_nr(struct tty_struct *tty)
{
    unsigned long flags;
    pid_t nr;

    spin_lock_irqsave(&tty->lock, flags);
    nr = pid_vnr(tty->session);
    spin_unlock_irqrestore(&tty->lock, flags);
    return nr;
}

/* Referenced under siglock: setpgid() and setsid() of another thread give the process's own reference back at any moment. */
static struct pid *get_current_pgrp(void)
{
    struct pid *p;

    spin_lock_irq(&current->sighand->siglock);
    p = get_pid(current->signal->group_pid);
    spin_unlock_irq(&current->sighand->siglock);
    return p;
}

static struct pid *get_current_session(void)
{
    struct pid *p;

    spin_lock_irq(&current->sighand->siglock);
    p = get_pid(current->signal->session_pid);
    spin_unlock_irq(&current->sighand->siglock);
    return p;
}

/* Of a moment: the two are compared, and neither is looked into. */
static bool in_background(struct tty_struct *tty)
{
    struct pid *foreground = READ_ONCE(tty->pgrp);

    return foreground && foreground != READ_ONCE(current->signal->group_pid);
}

static bool cannot_be_stopped(int sig)
{
    struct sighand_struct *sh = current->sighand;

    return (current->blocked & sigmask(sig)) ||
           READ_ONCE(sh->action[sig - 1].sa_handler) == SIG_IGN;
}

int tty_job_check(struct tty_struct *tty, int sig)
{
    struct pid *mine;

    if (READ_ONCE(current->signal->tty) != tty || !in_background(tty) || (sig == SIGTTOU && cannot_be_stopped(sig)))
        return 0;
    if ((sig == SIGTTIN && cannot_be_stopped(sig)) || is_current_pgrp_orphaned())
        return -EIO;
    mine = get_current_pgrp();
    kill_pgrp(mine, sig, 1);
    put_pid(mine);
    set_tsk_work(current, TIF_SIGPENDING);
    return -ERESTARTSYS;
}

static void replace_ids_locked(struct tty_struct *tty, struct pid *session, struct pid *pgrp,
                               struct pid *old[2])
{
    old[0] = tty->session;
    old[1] = tty->pgrp;
    tty->session = session;
    tty->pgrp = pgrp;
}

static void put_pids(struct pid *old[2])
{
    for (int i = 0; i < 2; i++)
        if (old[i])
            put_pid(old[i]);
}

/* The terminal gets a session and a foreground group (references are taken over), or none. */
static void set_ids(struct tty_struct *tty, struct pid *session, struct pid *pgrp)
{
    struct pid *old[2];
    unsigned long flags;

    spin_lock_irqsave(&tty->lock, flags);
    replace_ids_locked(tty, session, pgrp, old);
    spin_unlock_irqrestore(&tty->lock, flags);
    put_pids(old);
}

static void become_ctty(struct tty_struct *tty)
{
    set_ids(tty, get_current_session(), get_current_pgrp());
    WRITE_ONCE(current->signal->tty, tty);
}

/* Every process of the session loses the terminal. */
static void session_clear_tty(pid_t session, struct tty_struct *tty)
{
    struct task_struct *t;

    for (pid_t nr = 1; (t = next_process(&nr)); nr++) {
        if (t->signal->session == session && READ_ONCE(t->signal->tty) == tty)
            WRITE_ONCE(t->signal->tty, NULL);
        put_task_struct(t);
    }
}

void tty_open_ctty(struct tty_struct *tty, struct file *f)
{
    if (current->signal->leader && !current->signal->tty && !READ_ONCE(tty->session) &&
        (f->f_mode & FMODE_READ))
        become_ctty(tty);
}

static void hang_up(struct tty_struct *tty)
{
    atomic_fetch_add_full(&tty->generation, 1);
    wake_up_all(&tty->read_wait);
    wake_up_all(&tty->write_wait);
}

void disassociate_ctty(bool on_exit)
{
    struct tty_struct *tty = READ_ONCE(current->signal->tty);

    if (!current->signal->leader || !tty)
        return;
    tty_signal_foreground(tty, SIGHUP);
    tty_signal_foreground(tty, SIGCONT);
    if (on_exit)
        hang_up(tty);
    set_ids(tty, NULL, NULL);
    session_clear_tty(current->signal->session, tty);
}

void tty_of_task(struct task_struct *t, u32 *tty_nr, int *tpgid)
{
    struct tty_struct *tty = READ_ONCE(t->signal->tty);
    struct pid *pgrp = tty ? get_foreground(tty) : NULL;

    *tty_nr = tty ? MAJOR(tty->dev) << 8 | MINOR(tty->dev) : 0;
    *tpgid = pgrp ? pid_vnr(pgrp) : -1;
    if (pgrp)
        put_pid(pgrp);
}

static long set_ctty(struct tty_struct *tty, struct file *f, unsigned long steal)
{
    pid_t owner = session_nr(tty);

    if (current->signal->leader && current->signal->session == owner)
        return 0;
    if (!current->signal->leader || current->signal->tty)
        return -EPERM;
    if (owner) {
        if (steal != 1 || !capable(CAP_SYS_ADMIN))
            return -EPERM;
        session_clear_tty(owner, tty);
    }
    if (!(f->f_mode & FMODE_READ) && !capable(CAP_SYS_ADMIN))
        return -EPERM;
    become_ctty(tty);
    return 0;
}

static long give_up_ctty(struct tty_struct *tty)
{
    if (READ_ONCE(current->signal->tty) != tty)
        return -ENOTTY;
    disassociate_ctty(false);
    WRITE_ONCE(current->signal->tty, NULL);
    return 0;
}

/* The group must have a member in the caller's session: -EPERM; exist at all: -ESRCH. */
static long group_in_my_session(pid_t nr)
{
    struct task_struct *t;
    long ret = -ESRCH;

    for (pid_t i = 1; ret != 0 && (t = next_process(&i)); i++) {
        if (t->signal->pgrp == nr)
            ret = t->signal->session == current->signal->session ? 0 : -EPERM;
        put_task_struct(t);
    }
    return ret;
}

/* Consumes the reference to pgrp. False: the terminal is no longer the caller's session's; disassociate_ctty() has taken its group, and
 * nobody would take another. */
static bool replace_foreground(struct tty_struct *tty, struct pid *pgrp)
{
    unsigned long flags;
    bool ours;

    spin_lock_irqsave(&tty->lock, flags);
    ours = pid_vnr(tty->session) == current->signal->session;
    if (ours) {
        struct pid *old = tty->pgrp;

        tty->pgrp = pgrp;
        pgrp = old;
    }
    spin_unlock_irqrestore(&tty->lock, flags);
    if (pgrp)
        put_pid(pgrp);
    return ours;
}

static long set_foreground(struct tty_struct *tty, pid_t nr)
{
    struct pid *pgrp;
    long err;

    if (READ_ONCE(current->signal->tty) != tty || session_nr(tty) != current->signal->session)
        return -ENOTTY;
    if (nr < 0)
        return -EINVAL;
    err = group_in_my_session(nr);
    if (err)
        return err;
    pgrp = find_get_pid(nr);
    if (!pgrp)
        return -ESRCH;
    return replace_foreground(tty, pgrp) ? 0 : -ENOTTY;
}

static long ioctl_set_foreground(struct tty_struct *tty, pid_t __user *arg)
{
    long err = tty_job_check(tty, SIGTTOU);
    pid_t nr;

    if (err)
        return err == -EIO ? -ENOTTY : err;
    return get_user(nr, arg) ? -EFAULT : set_foreground(tty, nr);
}

static long ioctl_get_foreground(struct tty_struct *tty, pid_t __user *arg)
{
    struct pid *pgrp;
    pid_t nr;

    if (READ_ONCE(current->signal->tty) != tty)
        return -ENOTTY;
    pgrp = get_foreground(tty);
    nr = pid_vnr(pgrp);
    if (pgrp)
        put_pid(pgrp);
    return put_user(nr, arg);
}

static long ioctl_get_session(struct tty_struct *tty, pid_t __user *arg)
{
    pid_t nr = session_nr(tty);

    if (READ_ONCE(current->signal->tty) != tty || !nr)
        return -ENOTTY;
    return put_user(nr, arg);
}

static long ioctl_hang_up(struct tty_struct *tty)
{
    if (!capable(CAP_SYS_ADMIN))
        return -EPERM;
    tty_signal_foreground(tty, SIGHUP);
    tty_signal_foreground(tty, SIGCONT);
    hang_up(tty);
    return 0;
}

long tty_job_ioctl(struct tty_struct *tty, struct file *f, unsigned cmd, unsigned long arg)
{
    switch (cmd) {
    case TIOCSCTTY:
        return set_ctty(tty, f, arg);
    case TIOCNOTTY:
        return give_up_ctty(tty);
    case TIOCGPGRP:
        return ioctl_get_foreground(tty, (pid_t __user *)arg);
    case TIOCSPGRP:
        return ioctl_set_foreground(tty, (pid_t __user *)arg);
    case TIOCGSID:
        return ioctl_get_session(tty, (pid_t __user *)arg);
    case TIOCVHANGUP:
        return ioctl_hang_up(tty);
    default:
        return -ENOTTY;
    }
}
