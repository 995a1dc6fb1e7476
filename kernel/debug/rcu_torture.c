/* /proc/rcu-torture: root writes a role and a time in ms, and the writing process plays that role in the kernel for so long; many
 * processes play at once. An element that has been removed ages by one with each grace period, waited for in every way there is;
 * a reader that still sees an age above 1 has found a period that was too short. Reading the file gives the counts.
 *
 *   read      RCU readers: sections with short and long delays, then sleep, yield or go on
 *   update    replaces the element; periods by callback, synchronize_rcu, expedited, polled, conditional in turn. One at a time
 *   break     the same, but does not wait: the readers must notice, or the test is worth nothing
 *   flood     queues callbacks as fast as it can; after rcu_barrier all must have run
 *   sleepread, sleepupdate, sleepbreak   the same for an SRCU domain, whose readers sleep inside their sections
 * Offers nothing to the rest of the kernel and must never be called by it. */
#include "kernel/debug/rcu_torture.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/signal/signal.h"
#include "kernel/sync/srcu_struct.h"
#include "kernel/time/ktime.h"
#include "kernel/time/timekeeping.h"

#define ELEMENTS 64
#define OLD_AGE 4
#define LONGEST_MS 600000u
#define FLOOD_BURST 1000

struct element {
    struct rcu_head head;
    u32 age; /* 0 published, 1 removed, +1 with each period; OLD_AGE: free */
};

/* How a period can be waited for; the rows of the report. */
enum way { BY_CALLBACK, BY_SYNCHRONIZE, BY_EXPEDITED, BY_POLLING, BY_CONDITION, WAYS };
static const char *const way_names[WAYS] = {"callback", "synchronize", "expedited", "polled", "conditional"};

/* One field of play: the elements and what was counted; RCU's and the SRCU domain's. */
struct field {
    struct mutex mutex; /* one updater */
    struct element *published;
    struct element elements[ELEMENTS];
    u64 sections, errors; /* atomic */
    u64 periods[WAYS];    /* atomic: the updater and its callbacks */
};
static struct field plain = {.mutex = MUTEX_INIT(plain.mutex)}, sleepable = {.mutex = MUTEX_INIT(sleepable.mutex)};
static struct srcu_struct domain;
static DEFINE_MUTEX(domain_mutex);
static bool domain_ready; /* domain_mutex */
static u64 flood_queued, flood_run; /* atomic */

static u64 next_random(u64 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static bool time_is_over(s64 end)
{
    return ktime_get_ns() >= end || signal_pending(current);
}

static void nap(s64 ns)
{
    set_current_state(TASK_INTERRUPTIBLE);
    schedule_hrtimeout(ktime_get_ns() + ns);
    set_current_state(TASK_RUNNING);
}

/* ---- readers ---- */

static void look(struct field *f, const struct element *e)
{
    atomic_inc_relaxed(&f->sections);
    if (atomic_load_relaxed(&e->age) > 1)
        atomic_inc_relaxed(&f->errors);
}

static void read_section(u64 random)
{
    const struct element *e;

    rcu_read_lock();
    e = rcu_dereference(plain.published);
    if (random % 8 == 0)
        udelay(random / 8 % 30);
    if (random % 1024 == 0)
        udelay(2000);
    if (e)
        look(&plain, e);
    rcu_read_unlock();
}

static void read_role(s64 end, u64 random)
{
    while (!time_is_over(end)) {
        read_section(next_random(&random));
        if (random % 64 == 0)
            nap((s64)(random / 64 % 3000) * NSEC_PER_USEC); /* its CPU may idle */
        else if (random % 16 == 0)
            sched_yield_current();
    }
}

static void sleepread_role(s64 end, u64 random)
{
    while (!time_is_over(end)) {
        int ticket = srcu_read_lock(&domain);
        const struct element *e = rcu_dereference(sleepable.published);

        if (next_random(&random) % 4 == 0)
            nap((s64)(random / 4 % 1000) * NSEC_PER_USEC);
        if (e)
            look(&sleepable, e);
        srcu_read_unlock(&domain, ticket);
    }
}

/* ---- updaters ---- */

static bool grow_older(struct element *e)
{
    u32 age = atomic_load_relaxed(&e->age) + 1;

    atomic_store_release(&e->age, age);
    return age >= OLD_AGE;
}

static void aged_by_callback(struct rcu_head *head)
{
    struct element *e = container_of(head, struct element, head);

    atomic_inc_relaxed(&plain.periods[BY_CALLBACK]);
    if (!grow_older(e))
        call_rcu(head, aged_by_callback);
}

static void pass_period(enum way way)
{
    u64 cookie;

    switch (way) {
    case BY_SYNCHRONIZE:
        synchronize_rcu();
        break;
    case BY_EXPEDITED:
        synchronize_rcu_expedited();
        break;
    case BY_CONDITION:
        cookie = get_state_synchronize_rcu();
        cond_synchronize_rcu(cookie);
        break;
    default:
        cookie = start_poll_synchronize_rcu();
        while (!poll_state_synchronize_rcu(cookie))
            nap(100 * NSEC_PER_USEC);
    }
    atomic_inc_relaxed(&plain.periods[way]);
}

static void retire(struct element *e, enum way way, bool broken)
{
    if (broken) {
        while (!grow_older(e))
            nap(10 * NSEC_PER_USEC);
    } else if (way == BY_CALLBACK) {
        call_rcu(&e->head, aged_by_callback);
    } else {
        do
            pass_period(way);
        while (!grow_older(e));
    }
}

static struct element *find_free(struct field *f)
{
    for (unsigned i = 0; i < ELEMENTS; i++) {
        struct element *e = &f->elements[i];

        if (e != f->published && (atomic_load_acquire(&e->age) >= OLD_AGE || !e->age))
            return e; /* age 0 and not published: never used */
    }
    return NULL;
}

/* Publishes a free element; the one it replaces, of age 1, or NULL: none was free, or it was the first. */
static struct element *replace(struct field *f)
{
    struct element *fresh = find_free(f), *old = f->published;

    if (!fresh)
        return NULL;
    atomic_store_relaxed(&fresh->age, 0);
    rcu_assign_pointer(f->published, fresh);
    if (old)
        atomic_store_relaxed(&old->age, 1);
    return old;
}

static void replace_until(s64 end, u64 random, bool broken)
{
    mutex_lock(&plain.mutex);
    while (!time_is_over(end)) {
        struct element *old = replace(&plain);

        if (old)
            retire(old, next_random(&random) % WAYS, broken);
        else
            nap(100 * NSEC_PER_USEC);
    }
    rcu_barrier(); /* callbacks that queue themselves again: one period for each age */
    for (int age = 1; age < OLD_AGE; age++)
        rcu_barrier();
    mutex_unlock(&plain.mutex);
}

static void sleepupdate(s64 end, bool broken)
{
    mutex_lock(&sleepable.mutex);
    while (!time_is_over(end)) {
        struct element *old = replace(&sleepable);

        for (bool done = !old; !done; done = grow_older(old)) {
            if (broken) {
                nap(10 * NSEC_PER_USEC);
                continue;
            }
            synchronize_srcu(&domain);
            atomic_inc_relaxed(&sleepable.periods[BY_SYNCHRONIZE]);
        }
    }
    mutex_unlock(&sleepable.mutex);
}

static void update_role(s64 end, u64 random) { replace_until(end, random, false); }
static void break_role(s64 end, u64 random) { replace_until(end, random, true); }
static void sleepupdate_role(s64 end, u64 random) { sleepupdate(end, false); }
static void sleepbreak_role(s64 end, u64 random) { sleepupdate(end, true); }

/* ---- flood ---- */

static void flood_ran(struct rcu_head *head)
{
    atomic_inc_relaxed(&flood_run);
    kfree(head);
}

static void flood_role(s64 end, u64 random)
{
    while (!time_is_over(end)) {
        for (int i = 0; i < FLOOD_BURST; i++) {
            struct rcu_head *head = kmalloc(sizeof(*head), GFP_KERNEL);

            if (!head)
                break;
            atomic_inc_relaxed(&flood_queued);
            call_rcu(head, flood_ran);
        }
        cond_resched();
    }
    rcu_barrier();
}

/* ---- the file ---- */

static const struct {
    const char *word;
    void (*play)(s64 end_ns, u64 random);
} roles[] = {
    {"read", read_role},           {"update", update_role},           {"break", break_role},           {"flood", flood_role},
    {"sleepread", sleepread_role}, {"sleepupdate", sleepupdate_role}, {"sleepbreak", sleepbreak_role},
};

static int make_domain(void)
{
    int err = 0;

    mutex_lock(&domain_mutex);
    if (!domain_ready)
        err = init_srcu_struct(&domain);
    domain_ready = !err;
    mutex_unlock(&domain_mutex);
    return err;
}

/* "ROLE MS" */
static ssize_t torture_store(const char *text, size_t n, void *unused)
{
    const char *space = strchr(text, ' ');
    u64 ms = 0;
    int err = make_domain();

    if (err)
        return err;
    for (const char *p = space ? space + 1 : ""; *p >= '0' && *p <= '9' && ms <= LONGEST_MS; p++)
        ms = ms * 10 + (u64)(*p - '0');
    for (size_t i = 0; space && ms && ms <= LONGEST_MS && i < ARRAY_SIZE(roles); i++) {
        if (strlen(roles[i].word) != (size_t)(space - text) || strncmp(roles[i].word, text, space - text))
            continue;
        roles[i].play(ktime_get_ns() + (s64)ms * NSEC_PER_MSEC, (u64)ktime_get_ns() * 2 + (u64)current->pid * 2 + 1);
        return n;
    }
    return -EINVAL;
}

static int torture_show(struct seq_buf *s, void *unused)
{
    seq_printf(s, "rcu: %lu sections, %lu errors\n", plain.sections, plain.errors);
    for (int w = 0; w < WAYS; w++)
        seq_printf(s, "rcu: %lu periods by %s\n", plain.periods[w], way_names[w]);
    seq_printf(s, "rcu: %lu of %lu callbacks of floods have run\n", flood_run, flood_queued);
    seq_printf(s, "srcu: %lu sections, %lu errors, %lu periods\n", sleepable.sections, sleepable.errors,
               sleepable.periods[BY_SYNCHRONIZE]);
    return 0;
}

void rcu_torture_create(void)
{
    proc_create("rcu-torture", 0600, torture_show, torture_store, NULL);
}
