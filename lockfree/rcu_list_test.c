/* rcu_list_test.c: readers walk sorted lists, circular and hlist, while a writer adds and deletes between the nodes that stay.
 * A walk must ascend, meet every node that stays, and never a freed one. */
#include "lockfree/check.h"
#include "lockfree/rcu_core.h"
#include "lockfree/rcu_list.h"

#define READERS 3
#define STAYING 20
#define GAP 4 /* places between two that stay */
#define KEYS (STAYING * GAP)

struct list_head {
    struct list_head *next, *prev;
};

struct item {
    struct rcu_head rcu;
    struct list_head link;
    struct hlist_node hlink;
    uint32_t key;
    uint32_t alive;
};

static struct rcu_cpu cpus[READERS + 1];
static struct list_head list = {&list, &list};
static struct hlist_head hlist;
static struct item *at[KEYS]; /* the writer's: what is in the lists */
static uint32_t stop;
static uint64_t freed;

void rcu_env_kick(unsigned cpu) { (void)cpu; }
void rcu_env_free(void *object) { free(object); }

static void add(uint32_t key)
{
    struct item *i = (struct item *)calloc(1, sizeof(*i)), *before = NULL;

    i->key = key;
    atomic_store_relaxed(&i->alive, 1);
    for (uint32_t k = 0; k < key; k++)
        before = at[k] ? at[k] : before;
    at[key] = i;
    if (before) {
        list_add_rcu(&i->link, &before->link);
        hlist_add_behind_rcu(&i->hlink, &before->hlink);
    } else {
        list_add_rcu(&i->link, &list);
        hlist_add_head_rcu(&i->hlink, &hlist);
    }
}

static void item_free(struct rcu_head *head)
{
    struct item *i = lf_container_of(head, struct item, rcu);

    CHECK(atomic_xchg_full(&i->alive, 0) == 1);
    free(i);
    freed++;
}

static void del(struct rcu_cpu *rc, uint32_t key)
{
    list_del_rcu(&at[key]->link);
    hlist_del_rcu(&at[key]->hlink);
    rcu_cpu_enqueue(rc, &at[key]->rcu, item_free);
    at[key] = NULL;
}

static void meet(struct item *i, int64_t *last, uint32_t *stayed)
{
    CHECK(atomic_load_relaxed(&i->alive) == 1 && (int64_t)i->key > *last);
    *last = i->key;
    *stayed += i->key % GAP == 1;
}

static void walk(struct check_thread *t, bool circular)
{
    uint64_t pause = check_random(&t->random) % 256;
    uint32_t stayed = 0;
    int64_t last = -1;
    struct item *i;

    if (circular) {
        list_for_each_entry_rcu(i, &list, link) {
            meet(i, &last, &stayed);
            if ((uint64_t)last == pause)
                sched_yield();
        }
    } else {
        hlist_for_each_entry_rcu(i, &hlist, hlink) {
            meet(i, &last, &stayed);
            if ((uint64_t)last == pause)
                sched_yield();
        }
    }
    CHECK(stayed == STAYING);
}

static void reader(struct check_thread *t)
{
    while (!atomic_load_acquire(&stop)) {
        walk(t, t->done++ % 2);
        rcu_cpu_quiet(&cpus[t->index]);
    }
    rcu_cpu_idle_enter(&cpus[t->index]);
}

static void collect(struct rcu_cpu *rc)
{
    rcu_cpu_quiet(rc);
    rcu_cpu_advance(rc);
    rcu_force_quiet(false);
    rc->queued -= rcu_invoke(rcu_cpu_take_done(rc, 100));
}

static void writer(struct check_thread *t)
{
    struct rcu_cpu *rc = &cpus[t->index];
    double end = check_now() + check_seconds;

    while (check_now() < end) {
        uint32_t key = (uint32_t)(check_random(&t->random) % KEYS);

        if (key % GAP == 1)
            continue;
        if (at[key])
            del(rc, key);
        else
            add(key);
        collect(rc);
        t->done++;
    }
    atomic_store_release(&stop, 1);
    while (rcu_cpu_has_callbacks(rc)) {
        collect(rc);
        sched_yield();
    }
}

static void body(struct check_thread *t)
{
    if (t->index < READERS)
        reader(t);
    else
        writer(t);
}

int main(int argc, char **argv)
{
    void (*bodies[])(struct check_thread *) = {body};
    uint64_t done;

    check_options(argc, argv);
    for (unsigned i = 0; i <= READERS; i++)
        rcu_cpu_online(&cpus[i], i);
    for (uint32_t key = 1; key < KEYS; key += GAP)
        add(key);
    done = check_run(READERS + 1, bodies, 1);
    CHECK(freed > 0);
    for (uint32_t key = 0; key < KEYS; key++) {
        if (at[key]) {
            list_del_rcu(&at[key]->link);
            hlist_del_rcu(&at[key]->hlink);
            free(at[key]);
        }
    }
    CHECK(list.next == &list && list.prev == &list && !hlist.first);
    printf("rcu_list: ok, %llu walks and changes, %llu nodes freed\n", (unsigned long long)done, (unsigned long long)freed);
    return 0;
}
