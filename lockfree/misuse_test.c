/* misuse_test.c: what a structure's contract forbids is caught by a debug build, and the report names the object, the place before
 * and the place now. Each case runs in a child process that must end by abort() with exactly that report. */
#include "lockfree/check_misuse.h"
#include "lockfree/inbox.h"
#include "lockfree/qlock.h"
#include "lockfree/refcount.h"

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

static struct qlock lock = QLOCK_INIT;

static void lock_twice(void)
{
    misuse->object = &lock;
    BEFORE(qlock_lock(&lock));
    NOW(qlock_lock(&lock));
}

static void *other_holder(void *unused)
{
    (void)unused;
    BEFORE(qlock_lock(&lock));
    return NULL;
}

static void unlock_by_another(void)
{
    pthread_t t;

    misuse->object = &lock;
    (void)lf_env_cpu(); /* a number of our own first */
    pthread_create(&t, NULL, other_holder, NULL);
    pthread_join(t, NULL);
    NOW(qlock_unlock(&lock));
}

int main(int argc, char **argv)
{
    check_options(argc, argv);
    misuse_begin("misuse_test.c");
    misuse_expect(push_twice, "inbox: pushed while in a list");
    misuse_expect(get_after_last_put, "refcount: taken after the last was put");
    misuse_expect(put_after_last_put, "refcount: put after the last was put");
    misuse_expect(lock_twice, "qlock: locked by a CPU that holds it");
    misuse_expect(unlock_by_another, "qlock: unlocked by a CPU that does not hold it");
    printf("misuse: ok, 5 kinds\n");
    return 0;
}
