/* sched_torture_shaker.h: a shaker: makes its share of the workers, does to them at random what shake_kinds says, replaces those that it killed,
 * and ends them all when it is told; and the process that sends CPUs away and brings them back. */
#pragma once
#include "tests/guest/sched_torture_worker.h"
#include "tests/guest/sched_attr.h"

#define MAX_DYING 16
#define REST_LIMIT_S 60

struct share {
    int first, end;
    int dying[MAX_DYING], nr_dying;
};

static void start(int index, uint64_t seed)
{
    pid_t pid = fork();
    if (pid == 0) {
        work(index, seed * 7919 + (uint64_t)index + 1);
    }
    if (pid < 0) {
        printf("not ok sched_torture.fork: worker %d: errno %d\n", index, errno);
        kill(0, SIGKILL);
    }
    shared->w[index].pid = pid;
}

static void make_rings(const struct share *my)
{
    for (int first = my->first; first < my->end; first += RING) {
        int n = my->end - first < RING ? my->end - first : RING;
        for (int i = 0; i < n; i++) {
            int fd[2];
            uint32_t token = 0x5aa5u << 16 | (uint32_t)(first + i);
            if (pipe2(fd, O_NONBLOCK) || write(fd[1], &token, sizeof token) != sizeof token) {
                fault(CALL_FAILED);
            }
            if (broken == TOKEN) {
                write(fd[1], &token, sizeof token);
            }
            shared->w[first + i].in = fd[0];
            shared->w[first + (i + n - 1) % n].out = fd[1];
        }
    }
}

/* ---- masks ---- */

/* The mask as the kernel has it after CPUs left: a task whose last CPU went may run anywhere. */
static void read_mask_back(struct worker *w)
{
    uint64_t back[WORDS] = {0};
    lock(w);
    if (!w->dying && syscall(SYS_sched_getaffinity, w->pid, sizeof back, back) < 0) {
        fault(CALL_FAILED);
    }
    int widened = 1;
    for (int i = 0; i < WORDS; i++) {
        widened &= back[i] == 0; /* or will be, when it wakes */
    }
    for (int i = 0; i < WORDS; i++) {
        widened |= (back[i] & ~w->mask[i]) != 0;
    }
    if (widened) {
        memset((void *)w->mask, 0xff, sizeof w->mask);
    }
    unlock(w);
}

/* The worker's lock is held. CPUs that are off line are no error: the part that is left counts, and nothing left is EINVAL; a deadline task has
 * all CPUs or is not changed (EBUSY). What is read back names no CPU that has left since: while CPUs come and go only what was asked for is
 * sure to hold all that are allowed. */
static int set_mask(struct worker *w, const uint64_t mask[WORDS])
{
    uint64_t back[WORDS] = {0};
    uint32_t cpus_seq = shared->cpus_seq;
    int done = 0;
    w->mask_seq++;
    __sync_synchronize();
    if (syscall(SYS_sched_setaffinity, w->pid, sizeof back, mask)) {
        if (errno != EINVAL && errno != EBUSY) {
            fault(CALL_FAILED);
        }
    } else {
        if (syscall(SYS_sched_getaffinity, w->pid, sizeof back, back) < 0) {
            fault(CALL_FAILED);
        }
        int sure = !(cpus_seq & 1) && shared->cpus_seq == cpus_seq;
        for (int i = 0; i < WORDS; i++) {
            w->mask[i] = (sure ? back[i] : mask[i]) ^ (broken == FORBIDDEN ? ~0ull : 0);
        }
        done = 1;
    }
    __sync_synchronize();
    w->mask_seq++;
    return done;
}

static int change_mask(struct worker *w, uint64_t *s)
{
    uint64_t mask[WORDS] = {0};
    for (int i = 0; i < 1 + (int)(next_random(s) % 3); i++) {
        unsigned cpu = next_random(s) % (unsigned)cpus;
        mask[cpu / 64] |= 1ull << (cpu % 64);
    }
    if (next_random(s) % 4 == 0) {
        memset(mask, 0xff, sizeof mask);
    }
    lock(w);
    int done = set_mask(w, mask);
    unlock(w);
    return done;
}

/* ---- CPUs ---- */

static int set_online(int cpu, int on)
{
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/online", cpu);
    int fd = open(path, O_WRONLY);
    if (fd < 0) {
        return errno;
    }
    int err = write(fd, on ? "1" : "0", 1) == 1 ? 0 : errno;
    close(fd);
    return err;
}

static void toggle(uint64_t *s)
{
    int cpu = 1 + (int)(next_random(s) % (unsigned)(cpus - 1));
    shared->cpus_seq++;
    __sync_synchronize();
    uint64_t t0 = clock_ns(CLOCK_MONOTONIC);
    int err = set_online(cpu, shared->is_off[cpu]);
    add(&shared->toggle_ns, clock_ns(CLOCK_MONOTONIC) - t0);
    if (!err) {
        shared->is_off[cpu] = !shared->is_off[cpu];
        add(&shared->shakes[TOGGLES], 1);
    } else if (err == EBUSY && !shared->is_off[cpu]) {
        add(&shared->refused, 1); /* what was promised to deadline tasks needs it */
    } else {
        fault(CALL_FAILED);
    }
    for (int i = 0; i < tasks; i++) {
        read_mask_back(&shared->w[i]);
    }
    __sync_synchronize();
    shared->cpus_seq++;
}

/* Its process: between the phases as a shaker. */
__attribute__((noreturn)) static void toggle_cpus(uint64_t s)
{
    become_fifo(97);
    while (shared->phase == START) {
        nap_us(1000);
    }
    while (shared->phase == SHAKE && broken != LAZY) {
        toggle(&s);
        nap_us(next_random(&s) % 20000);
    }
    __atomic_fetch_add(&shared->resting, 1, __ATOMIC_RELEASE);
    while (shared->phase != END) {
        nap_us(10000);
    }
    _exit(0);
}

/* ---- classes ---- */

static int change_class(struct worker *w, uint64_t *s)
{
    static const int policies[] = {0 /* OTHER */, 3 /* BATCH */, 5 /* IDLE */, 1 /* FIFO */, 2 /* RR */};
    int policy = broken == CALL ? 99 : policies[next_random(s) % 5], priority = policy == 1 || policy == 2 ? 1 + (int)(next_random(s) % 50) : 0;
    if (syscall(SYS_sched_setscheduler, w->pid, policy, &priority)) {
        fault(CALL_FAILED);
        return 0;
    }
    return 1;
}

/* A five-hundredth of a CPU: there is room for many. It needs all CPUs in its mask (EPERM), and what was promised may be too much (EBUSY). */
static int become_deadline(struct worker *w, uint64_t *s)
{
    uint64_t period = (20 + next_random(s) % 80) * 1000000, all[WORDS];
    struct attr a = {48, 6, 0, 0, 0, period / 500, period, period};
    memset(all, 0xff, sizeof all);
    lock(w);
    (void)set_mask(w, all);
    long err = syscall(SYS_sched_setattr, w->pid, &a, 0) ? errno : 0;
    unlock(w);
    if (err == EBUSY || err == EPERM) {
        add(&shared->refused, 1);
    } else if (err) {
        fault(CALL_FAILED);
    }
    return !err;
}

/* ---- ends and new beginnings ---- */

static int begin_kill(struct share *my, int index, uint64_t *s)
{
    struct worker *w = &shared->w[index];
    if (my->nr_dying == MAX_DYING) {
        return 0;
    }
    w->dying = next_random(s) % 2 ? SIGKILL : SIGTERM;
    if (kill(w->pid, w->dying)) {
        fault(CALL_FAILED);
    }
    my->dying[my->nr_dying++] = index;
    return 1;
}

/* The worker's lock is held; it has ended. */
static void replace(int index, uint64_t *s)
{
    struct worker *w = &shared->w[index];
    add(&shared->dead_ns, w->cpu_ns);
    w->mask_seq++;
    __sync_synchronize();
    memset((void *)w->mask, 0xff, sizeof w->mask);
    w->cpu_ns = 0;
    w->inside = 0;
    w->dying = 0;
    w->generation++;
    __sync_synchronize();
    w->mask_seq++;
    start(index, next_random(s));
}

/* Those of the killed that have ended come anew. A task may take its time to die: it has to run once more. */
static void reap(struct share *my, uint64_t *s)
{
    for (int i = 0; i < my->nr_dying; i++) {
        struct worker *w = &shared->w[my->dying[i]];
        int status;
        lock(w);
        pid_t got = waitpid(w->pid, &status, WNOHANG);
        if (got && (got != w->pid || !WIFSIGNALED(status) || WTERMSIG(status) != w->dying)) {
            fault(CHILD_WRONG);
        }
        if (got) {
            replace(my->dying[i], s);
            my->dying[i--] = my->dying[--my->nr_dying];
        }
        unlock(w);
    }
}

static void end_share(const struct share *my)
{
    int status;
    for (int i = my->first; i < my->end; i++) {
        kill(shared->w[i].pid, SIGKILL);
    }
    for (int i = my->first; i < my->end; i++) {
        pid_t pid = shared->w[i].pid;
        add(&shared->ended_badly, waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL);
    }
}

/* Tokens in the pipes of a ring; a worker that was killed between read and write took one with it. */
static void count_tokens(const struct share *my)
{
    uint32_t token;
    for (int i = my->first; i < my->end; i++) {
        while (read(shared->w[i].in, &token, sizeof token) == sizeof token) {
            add(&shared->tokens_left, 1);
        }
    }
}

/* ---- a shaker's life ---- */

static int stop_and_continue(struct worker *w, uint64_t *s)
{
    kill(w->pid, SIGSTOP);
    if (next_random(s) % 2) {
        syscall(SYS_sched_yield);
    }
    return kill(w->pid, SIGCONT) == 0;
}

static void shake(struct share *my, uint64_t *s)
{
    int index = my->first + (int)(next_random(s) % (unsigned)(my->end - my->first)), done = 0;
    enum shake what = next_random(s) % TOGGLES;
    struct worker *w = &shared->w[index];
    if (w->dying) {
        return;
    }
    switch (what) {
    case MASKS:
        done = change_mask(w, s);
        break;
    case CLASSES:
        done = change_class(w, s);
        break;
    case DEADLINES:
        done = become_deadline(w, s);
        break;
    case NICES:
        done = setpriority(PRIO_PROCESS, (id_t)w->pid, (int)(next_random(s) % 40) - 20) == 0;
        break;
    case STOPS:
        done = stop_and_continue(w, s);
        break;
    default:
        done = begin_kill(my, index, s);
        break;
    }
    add(&shared->shakes[what], (uint64_t)done);
}

/* All alike, so that each gets its turns; those that are dying too. */
static void calm(const struct share *my)
{
    int priority = 0;
    for (int i = my->first; i < my->end; i++) {
        syscall(SYS_sched_setscheduler, shared->w[i].pid, 0, &priority);
        setpriority(PRIO_PROCESS, (id_t)shared->w[i].pid, 0);
    }
}

static void come_to_rest(struct share *my, uint64_t *s)
{
    calm(my);
    for (uint64_t end = clock_ns(CLOCK_MONOTONIC) + REST_LIMIT_S * 1000000000ull; my->nr_dying;) {
        reap(my, s);
        nap_us(1000);
        if (clock_ns(CLOCK_MONOTONIC) > end) {
            fault(CHILD_WRONG);
            break;
        }
    }
    __atomic_fetch_add(&shared->resting, 1, __ATOMIC_RELEASE);
}

__attribute__((noreturn)) static void shaker(int first, int end, uint64_t s)
{
    struct share my = {.first = first, .end = end};
    become_fifo(97);
    make_rings(&my);
    for (int i = first; i < end; i++) {
        start(i, next_random(&s));
    }
    __atomic_fetch_add(&shared->started, 1, __ATOMIC_RELEASE);
    while (shared->phase == START) {
        nap_us(1000);
    }
    while (shared->phase == SHAKE) {
        if (broken != LAZY) {
            shake(&my, &s);
            reap(&my, &s);
        }
        nap_us(next_random(&s) % 1500);
    }
    come_to_rest(&my, &s);
    while (shared->phase != END) {
        nap_us(10000);
    }
    end_share(&my);
    count_tokens(&my);
    _exit(0);
}
