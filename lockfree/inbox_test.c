/* inbox_test.c: every pushed node is detached exactly once, each sender's nodes in the order pushed, and the number of pushes
 * that found the inbox empty equals the number of non-empty detaches. */
#include "lockfree/check.h"
#include "lockfree/inbox.h"

#define SENDERS 3
#define NODES 20000

struct message {
    struct inbox_node node;
    unsigned sender;
    unsigned sequence;
};

static struct inbox box = INBOX_INIT;
static struct message messages[SENDERS][NODES];
static uint64_t pushes_to_empty, detaches, received; /* of this round */
static uint64_t all_received, all_detaches;

static void sender(struct check_thread *t)
{
    unsigned me = t->index - 1;

    for (unsigned i = 0; i < NODES; i++) {
        struct message *m = &messages[me][i];

        inbox_node_init(&m->node);
        m->sender = me;
        m->sequence = i;
        if (inbox_push_mpsc(&box, &m->node))
            atomic_inc_relaxed(&pushes_to_empty);
        t->done++;
        if (check_random(&t->random) % 64 == 0)
            sched_yield();
    }
}

static void receiver(struct check_thread *t)
{
    unsigned next[SENDERS] = {0};

    while (received < SENDERS * NODES) {
        struct inbox_node *n = inbox_detach_all(&box);

        if (!n) {
            sched_yield();
            continue;
        }
        detaches++;
        for (n = inbox_reverse(n); n;) {
            struct message *m = lf_container_of(n, struct message, node);

            n = inbox_take_next(n);
            CHECK(m->sequence == next[m->sender]++);
            received++;
        }
    }
    t->done = received;
}

static void body(struct check_thread *t)
{
    if (t->index == 0)
        receiver(t);
    else
        sender(t);
}

static void round_of_nodes(void)
{
    void (*bodies[])(struct check_thread *) = {body};

    received = detaches = pushes_to_empty = 0;
    CHECK(inbox_is_empty(&box) && !inbox_detach_all(&box));
    check_run(SENDERS + 1, bodies, 1);
    CHECK(received == SENDERS * NODES && inbox_is_empty(&box));
    CHECK(pushes_to_empty == detaches);
    all_received += received;
    all_detaches += detaches;
}

int main(int argc, char **argv)
{
    check_options(argc, argv);
    check_repeat(round_of_nodes);
    printf("inbox: ok, %llu nodes in %llu detaches\n", (unsigned long long)all_received, (unsigned long long)all_detaches);
    return 0;
}
