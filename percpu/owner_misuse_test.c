/* owner_misuse_test.c: an owner's operation by another CPU, and a task in two queues, are caught by a debug build with both places. */
#include "lockfree/check_misuse.h"
#include "percpu/runqueue.h"

static uint32_t here;
static struct runqueue queue;
static struct rq_task task;
static uint64_t allowed = 1;

uint32_t lf_env_cpu(void)
{
    return here;
}

struct runqueue *rq_env_of(uint32_t cpu)
{
    (void)cpu;
    return &queue;
}

void rq_env_ipi(uint32_t cpu)
{
    (void)cpu;
}

bool rq_env_holds(struct runqueue *rq, struct rq_task *t)
{
    (void)rq;
    return fair_node_is_queued(&t->fair);
}

void rq_env_apply(struct runqueue *rq, struct rq_task *t, uint32_t requests)
{
    (void)rq, (void)t, (void)requests;
}

void rq_env_applied(struct rq_task *t)
{
    (void)t;
}

void rq_env_enqueue(struct runqueue *rq, struct rq_task *t)
{
    fairq_insert(&rq->fair, &t->fair);
}

uint32_t rq_env_select(struct rq_task *t)
{
    (void)t;
    return 0;
}

static void set_up(const void *object)
{
    rq_init(&queue, 0);
    rq_task_init(&task, &allowed);
    own_init(&task.own, 0);
    misuse->object = object;
}

static void drain_elsewhere(void)
{
    set_up(&queue);
    BEFORE(rq_drain(&queue));
    here = 1;
    NOW(rq_drain(&queue));
}

static void shelve_elsewhere(void)
{
    set_up(&queue);
    own_arrive(&task.own, 0);
    BEFORE((void)rq_shelve(&queue, &task, 1, 1));
    here = 1;
    NOW((void)rq_unshelve(&queue, 0));
}

static void insert_twice(void)
{
    static struct fairq other;

    set_up(&task.fair);
    BEFORE(fairq_insert(&queue.fair, &task.fair));
    NOW(fairq_insert(&other, &task.fair));
}

static void remove_twice(void)
{
    set_up(&task.fair);
    fairq_insert(&queue.fair, &task.fair);
    BEFORE(fairq_remove(&queue.fair, &task.fair));
    NOW(fairq_remove(&queue.fair, &task.fair));
}

static void post_twice(void)
{
    set_up(&task.wake_node);
    BEFORE(rq_post_wake(&queue, &task));
    NOW(rq_post_wake(&queue, &task));
}

int main(int argc, char **argv)
{
    check_options(argc, argv);
    misuse_begin("owner_misuse_test.c");
    misuse_expect(drain_elsewhere, "runqueue: an owner's operation by another CPU");
    misuse_expect(shelve_elsewhere, "runqueue: an owner's operation by another CPU");
    misuse_expect(insert_twice, "fairq: inserted while in a queue");
    misuse_expect(remove_twice, "fairq: removed while in no queue");
    misuse_expect(post_twice, "inbox: pushed while in a list");
    printf("owner_misuse: ok, 5 kinds\n");
    return 0;
}
