/* misuse_test.c: what a structure's contract forbids is caught by a debug build, and the report names the object, the place before
 * and the place now. Each case runs in a child process that must end by abort() with exactly that report. */
#include "lockfree/check_misuse.h"
#include "lockfree/inbox.h"
#include "lockfree/mcs.h"
#include "lockfree/qlock.h"
#include "lockfree/refcount.h"
#include "lockfree/ticket_lock.h"

static void push_twice(void)
{
    static struct inbox a = INBOX_INIT, b = INBOX_INIT;
    static struct inbox_node n;

    misuse->object = &n;
    inbox_node_init(&n);
    BEFORE(inbox_push_mpsc(&a, &n));
    NOW(inbox_push_mpsc(&b, &n));
}

static void get_after_last_put(void)
{
    static refcount_t r = REFCOUNT_INIT(1);

    misuse->object = &r;
    BEFORE((void)refcount_put(&r));
    NOW(refcount_get(&r));
}

static void put_after_last_put(void)
{
    static refcount_t r = REFCOUNT_INIT(1);

    misuse->object = &r;
    BEFORE((void)refcount_put(&r));
    NOW((void)refcount_put(&r));
}

/* Its number is not this thread's. */
static void in_another_thread(void *(*holder)(void *))
{
    pthread_t t;

    (void)lf_env_cpu(); /* a number of our own first */
    pthread_create(&t, NULL, holder, NULL);
    pthread_join(t, NULL);
}

static struct qlock queue_lock = QLOCK_INIT;

static void qlock_twice(void)
{
    misuse->object = &queue_lock;
    BEFORE(qlock_lock(&queue_lock));
    NOW(qlock_lock(&queue_lock));
}

static void *qlock_holder(void *unused)
{
    BEFORE(qlock_lock(&queue_lock));
    return unused;
}

static void qlock_by_another(void)
{
    misuse->object = &queue_lock;
    in_another_thread(qlock_holder);
    NOW(qlock_unlock(&queue_lock));
}

static struct mcs_lock mcs = MCS_LOCK_INIT;
static struct mcs_node node, other_node;

static void mcs_twice(void)
{
    misuse->object = &mcs;
    BEFORE(mcs_lock(&mcs, &node));
    NOW(mcs_lock(&mcs, &other_node));
}

static void *mcs_holder(void *unused)
{
    BEFORE(mcs_lock(&mcs, &node));
    return unused;
}

static void mcs_by_another(void)
{
    misuse->object = &mcs;
    in_another_thread(mcs_holder);
    NOW(mcs_unlock(&mcs, &node));
}

static raw_spinlock_t ticket = RAW_SPINLOCK_INIT;

static void ticket_twice(void)
{
    misuse->object = &ticket;
    BEFORE(raw_spin_lock(&ticket));
    NOW(raw_spin_lock(&ticket));
}

static void *ticket_holder(void *unused)
{
    BEFORE(raw_spin_lock(&ticket));
    return unused;
}

static void ticket_by_another(void)
{
    misuse->object = &ticket;
    in_another_thread(ticket_holder);
    NOW(raw_spin_unlock(&ticket));
}

int main(int argc, char **argv)
{
    check_options(argc, argv);
    misuse_begin("misuse_test.c");
    misuse_expect(push_twice, "inbox: pushed while in a list");
    misuse_expect(get_after_last_put, "refcount: taken after the last was put");
    misuse_expect(put_after_last_put, "refcount: put after the last was put");
    misuse_expect(qlock_twice, "qlock: locked by a CPU that holds it");
    misuse_expect(qlock_by_another, "qlock: unlocked by a CPU that does not hold it");
    misuse_expect(mcs_twice, "mcs: locked by a CPU that holds it");
    misuse_expect(mcs_by_another, "mcs: unlocked by a CPU that does not hold it");
    misuse_expect(ticket_twice, "ticket lock: locked by a CPU that holds it");
    misuse_expect(ticket_by_another, "ticket lock: unlocked by a CPU that does not hold it");
    printf("misuse: ok, 9 kinds\n");
    return 0;
}
