/* rcu_hash_test.c: against an array of what is in; readers that must find every node that stays while writers insert, remove and
 * the table grows and shrinks under them; one winner of equal unique inserts; nothing is freed while a reader can see it. */
#include <string.h>
#include "lockfree/check.h"
#include "lockfree/rcu_core.h"
#include "lockfree/rcu_hash.h"

#define THREADS 4
#define STRIPES 8
#define BUCKETS 8
#define STAYING 64
#define MOVING 512 /* per writer */

struct object {
    struct rcu_hash_node node;
    struct rcu_head rcu;
    uint32_t key;
    uint32_t alive;
};

static struct rcu_cpu cpus[THREADS];
static __thread struct rcu_cpu *my_cpu;
static struct rcu_hash_stripe stripes[STRIPES], unique_stripes[STRIPES];
static struct rcu_hash hash, unique;
static uint64_t resizes, misses;

void rcu_env_kick(unsigned cpu) { (void)cpu; }
void rcu_env_free(void *object) { free(object); }
void rcu_read_lock(void) {}
void rcu_read_unlock(void) {}

/* The threads are the CPUs; a quiet point is between two operations. */
static void quiet_point(void)
{
    rcu_cpu_quiet(my_cpu);
    rcu_cpu_advance(my_cpu);
    rcu_force_quiet(false);
    my_cpu->queued -= rcu_invoke(rcu_cpu_take_done(my_cpu, 1000));
}

static struct rcu_hash_table *array_alloc(size_t bytes)
{
    return (struct rcu_hash_table *)calloc(1, bytes);
}

static void array_free(struct rcu_head *head)
{
    free(lf_container_of(head, struct rcu_hash_table, rcu));
    atomic_inc_relaxed(&resizes);
}

static void array_free_later(struct rcu_hash_table *t)
{
    rcu_cpu_enqueue(my_cpu, &t->rcu, array_free);
}

static bool same_key(const struct rcu_hash_node *n, const void *key)
{
    const struct object *o = lf_container_of(n, struct object, node);

    CHECK(atomic_load_relaxed(&o->alive) == 1);
    return o->key == *(const uint32_t *)key;
}

/* Few distinct values, so that chains and equal hashes occur. */
static uint32_t hash_of(uint32_t key)
{
    return (key * 0x9e3779b1u) >> 18;
}

static struct object *find(struct rcu_hash *h, uint32_t key)
{
    struct rcu_hash_node *n = rcu_hash_lookup(h, hash_of(key), same_key, &key);

    return n ? lf_container_of(n, struct object, node) : NULL;
}

static struct object *object_new(uint32_t key)
{
    struct object *o = (struct object *)calloc(1, sizeof(*o));

    o->key = key;
    atomic_store_relaxed(&o->alive, 1);
    return o;
}

static void object_free(struct rcu_head *head)
{
    struct object *o = lf_container_of(head, struct object, rcu);

    CHECK(atomic_xchg_full(&o->alive, 0) == 1);
    free(o);
}

static void insert(struct rcu_hash *h, struct object *o)
{
    rcu_hash_insert(h, &o->node, hash_of(o->key));
    rcu_hash_maintain(h, o->node.hash);
}

static void remove_and_free(struct rcu_hash *h, struct object *o)
{
    uint32_t at = o->node.hash;

    CHECK(rcu_hash_remove(h, &o->node));
    rcu_cpu_enqueue(my_cpu, &o->rcu, object_free);
    rcu_hash_maintain(h, at);
}

static void sequential(void)
{
    static struct object *in[2000];
    uint64_t random = check_seed;
    unsigned count = 0;
    uint32_t most = 0;

    for (int round = 0; round < 40000; round++) {
        uint32_t key = (uint32_t)(check_random(&random) % 2000);
        unsigned bias = round / 10000 % 2 ? 4 : 1; /* fills, then empties */

        CHECK(find(&hash, key) == in[key]);
        if (in[key] && check_random(&random) % 5 < bias) {
            remove_and_free(&hash, in[key]);
            in[key] = NULL;
            count--;
        } else if (!in[key] && check_random(&random) % 5 >= bias) {
            insert(&hash, in[key] = object_new(key));
            count++;
        }
        CHECK(rcu_hash_count(&hash) == count);
        most = hash.table->mask > most ? hash.table->mask : most;
        quiet_point();
    }
    for (uint32_t key = 0; key < 2000; key++)
        if (in[key])
            remove_and_free(&hash, in[key]);
    for (int i = 0; i < 2000; i++)
        rcu_hash_maintain(&hash, (uint32_t)i);
    CHECK(rcu_hash_count(&hash) == 0 && most > 500 && hash.table->mask + 1 == BUCKETS && !hash.table->future);
}

static void reader_step(struct check_thread *t)
{
    uint32_t key = (uint32_t)(check_random(&t->random) % STAYING);
    struct object *o = find(&hash, key);

    CHECK(o && o->key == key); /* H2 */
    if (check_random(&t->random) % 16 == 0)
        sched_yield();
    CHECK(atomic_load_relaxed(&o->alive) == 1);
    key = STAYING + (uint32_t)(check_random(&t->random) % (2 * MOVING));
    o = find(&hash, key);
    CHECK(!o || o->key == key);
    if (!o)
        atomic_inc_relaxed(&misses);
}

static void writer_step(struct check_thread *t, struct object **mine, unsigned writer)
{
    bool filling = t->done / 3000 % 2 == 0;
    uint32_t i = (uint32_t)(check_random(&t->random) % MOVING), key = STAYING + writer * MOVING + i;

    CHECK(find(&hash, key) == mine[i]);
    if (mine[i] && !(filling && check_random(&t->random) % 4)) {
        remove_and_free(&hash, mine[i]);
        mine[i] = NULL;
    } else if (!mine[i] && (filling || check_random(&t->random) % 32 == 0)) {
        insert(&hash, mine[i] = object_new(key));
    }
}

/* Threads 0, 1 read; 2, 3 write keys of their own. All try to be the one who inserts each unique key. */
static uint32_t wins[256];

static void unique_step(struct check_thread *t)
{
    uint32_t key = (uint32_t)(t->done % 256);
    struct object *o = object_new(key);

    if (rcu_hash_insert_unique(&unique, &o->node, hash_of(key), same_key, &key))
        free(o);
    else
        atomic_inc_relaxed(&wins[key]);
    rcu_hash_maintain(&unique, hash_of(key));
    CHECK(find(&unique, key));
}

static void body(struct check_thread *t)
{
    double end = check_now() + check_seconds;
    struct object *mine[MOVING];

    memset(mine, 0, sizeof(mine));
    my_cpu = &cpus[t->index];
    while (check_now() < end || t->done < 7000) {
        if (t->done < 256)
            unique_step(t);
        if (t->index < 2)
            reader_step(t);
        else
            writer_step(t, mine, t->index - 2);
        quiet_point();
        t->done++;
    }
    for (uint32_t i = 0; i < MOVING; i++)
        if (mine[i])
            remove_and_free(&hash, mine[i]);
    while (rcu_cpu_has_callbacks(my_cpu)) {
        quiet_point();
        sched_yield();
    }
    rcu_cpu_idle_enter(my_cpu);
}

static void clean_up(struct rcu_hash *h, uint32_t keys)
{
    for (uint32_t key = 0; key < keys; key++)
        remove_and_free(h, find(h, key));
    CHECK(rcu_hash_count(h) == 0);
    rcu_hash_destroy(h);
    while (rcu_cpu_has_callbacks(my_cpu))
        quiet_point();
}

int main(int argc, char **argv)
{
    void (*bodies[])(struct check_thread *) = {body};
    uint64_t done, before;

    check_options(argc, argv);
    for (unsigned i = 0; i < THREADS; i++) {
        rcu_cpu_online(&cpus[i], i);
        rcu_cpu_idle_enter(&cpus[i]);
    }
    my_cpu = &cpus[0];
    rcu_cpu_idle_exit(my_cpu);
    CHECK(!rcu_hash_init(&hash, BUCKETS, stripes, STRIPES, array_alloc, array_free_later));
    CHECK(!rcu_hash_init(&unique, BUCKETS, unique_stripes, STRIPES, array_alloc, array_free_later));
    sequential();
    for (uint32_t key = 0; key < STAYING; key++)
        insert(&hash, object_new(key));
    for (unsigned i = 1; i < THREADS; i++)
        rcu_cpu_idle_exit(&cpus[i]);
    before = resizes;
    done = check_run(THREADS, bodies, 1);
    CHECK(resizes > before); /* arrays changed under readers */
    rcu_cpu_idle_exit(my_cpu);
    for (unsigned i = 0; i < 256; i++)
        CHECK(wins[i] == 1);
    clean_up(&hash, STAYING);
    clean_up(&unique, 256);
    CHECK(misses > 0);
    printf("rcu_hash: ok, %llu operations, %llu arrays freed\n", (unsigned long long)done, (unsigned long long)resizes);
    return 0;
}
