/* rcu_core.c: grace periods and callback segments; theory and contract in rcu_core.h. Must never wait and never call a callback. */
#include "lockfree/rcu_core.h"

#define FORCE_ROUNDS_BEFORE_KICK 3
#define FLOOD_CALLBACKS 10000 /* as many on one CPU: its period is hurried */
#define FLOOD_STEP (RCU_ADVANCE_BATCH * 4)

struct rcu_state rcu_state = {
    .gp_seq = LF_COUNTER_START(uint64_t),
    .needed = LF_COUNTER_START(uint64_t),
};

static void segment_init(struct rcu_segment *s)
{
    s->head = NULL;
    s->tail = &s->head;
}

static void segment_splice(struct rcu_segment *to, struct rcu_segment *from)
{
    if (!from->head)
        return;
    *to->tail = from->head;
    to->tail = from->tail;
    segment_init(from);
}

static void segments_init(struct rcu_cpu *rc)
{
    segment_init(&rc->done);
    segment_init(&rc->wait);
    segment_init(&rc->ready);
    segment_init(&rc->next);
    rc->queued = 0;
}

/* The first time only: from then on others read eqs and write the snapshots. */
static void cpu_first_online(struct rcu_cpu *rc, unsigned cpu)
{
    segments_init(rc);
    rc->cpu = cpu;
    rc->running = false;
    rc->eqs = (uint32_t)(LF_COUNTER_START(uint32_t) | 1);
    rc->snap_seq = atomic_load_acquire(&rcu_state.gp_seq) & ~1ull; /* even: no period's */
    atomic_store_release(&rcu_state.cpus[cpu], rc);
}

void rcu_cpu_online(struct rcu_cpu *rc, unsigned cpu)
{
    struct rcu_leaf *leaf = &rcu_state.leaf[cpu / RCU_LEAF_CPUS];
    uint32_t leaves = atomic_load_relaxed(&rcu_state.leaves);

    LF_ASSERT(cpu < RCU_MAX_CPUS, rc);
    if (atomic_load_relaxed(&rcu_state.cpus[cpu]) == rc)
        rcu_cpu_idle_exit(rc);
    else
        cpu_first_online(rc, cpu);
    rc->seen_seq = atomic_load_acquire(&rcu_state.gp_seq) - 1; /* a period from before may still wait for this CPU's bit */
    while (leaves < cpu / RCU_LEAF_CPUS + 1 &&
           !atomic_cas_full(&rcu_state.leaves, &leaves, cpu / RCU_LEAF_CPUS + 1))
        cpu_relax();
    atomic_fetch_or_full(&leaf->online, 1u << (cpu % RCU_LEAF_CPUS)); /* before the first read section */
}

void rcu_cpu_offline(struct rcu_cpu *rc)
{
    LF_ASSERT(!rc->running, rc);
    rcu_cpu_idle_enter(rc); /* first: a period that counted this CPU samples it, G4 */
    (void)atomic_fetch_and_full(&rcu_state.leaf[rc->cpu / RCU_LEAF_CPUS].online, ~(1u << (rc->cpu % RCU_LEAF_CPUS)));
}

/* Fills the tree for period `seq`. Only the holder of `starting`, no period running. */
static void fill_tree(uint64_t seq)
{
    uint32_t leaves = atomic_load_acquire(&rcu_state.leaves);
    uint64_t root = 0;

    for (uint32_t i = 0; i < leaves; i++) {
        uint32_t online = atomic_load_acquire(&rcu_state.leaf[i].online);

        atomic_store_relaxed(&rcu_state.leaf[i].word, (seq << 32) | online);
        if (online)
            root |= 1ull << i;
    }
    atomic_store_relaxed(&rcu_state.root, root);
}

/* Starts a period if one is needed and none runs. Called after every raise of `needed` and after every end: G3. */
static void try_start(void)
{
    for (;;) {
        uint64_t seq = atomic_load_acquire(&rcu_state.gp_seq);

        if ((seq & 1) || (int64_t)(atomic_load_acquire(&rcu_state.needed) - seq) <= 0)
            return;
        if (atomic_xchg_full(&rcu_state.starting, 1))
            return; /* the holder looks again after it lets go */
        if (atomic_load_acquire(&rcu_state.gp_seq) == seq) {
            fill_tree(seq + 1);
            atomic_xchg_full(&rcu_state.gp_seq, seq + 1); /* publishes the tree: G1 */
        }
        atomic_xchg_full(&rcu_state.starting, 0); /* before `needed` is read again */
    }
}

static void end_period(void)
{
    atomic_fetch_add_full(&rcu_state.gp_seq, 1); /* every report before, every callback after: U1 */
    try_start();
}

/* Clears one CPU's bit in period `seq`; climbs when it was the leaf's last. Any CPU. */
static void report(unsigned cpu, uint64_t seq)
{
    unsigned index = cpu / RCU_LEAF_CPUS;
    struct rcu_leaf *leaf = &rcu_state.leaf[index];
    uint64_t bit = 1ull << (cpu % RCU_LEAF_CPUS);
    uint64_t word = atomic_load_relaxed(&leaf->word);

    do {
        if ((uint32_t)(word >> 32) != (uint32_t)seq || !(word & bit))
            return; /* G2, or somebody reported for us */
    } while (!atomic_cas_full(&leaf->word, &word, word & ~bit));
    if ((uint32_t)(word & ~bit))
        return;
    if (atomic_fetch_and_full(&rcu_state.root, ~(1ull << index)) == 1ull << index)
        end_period();
}

/* wait -> done, ready -> wait, as far as periods are over. */
static void segments_complete(struct rcu_cpu *rc)
{
    while (rc->wait.head && rcu_poll(rc->wait_seq)) {
        segment_splice(&rc->done, &rc->wait);
        segment_splice(&rc->wait, &rc->ready);
        rc->wait_seq = rc->ready_seq;
    }
}

/* Asks for no period: that is the tick's, so that one serves many callbacks. Who asked here, where one has just ended, would start the next at
 * once as long as any callback had come meanwhile, and whether one had is chance: a period at each switch, or none until the tick. */
void rcu_cpu_quiet_slow(struct rcu_cpu *rc, uint64_t seq)
{
    rc->seen_seq = seq;
    if (seq & 1)
        report(rc->cpu, seq);
    segments_complete(rc);
}

uint64_t rcu_snapshot(void)
{
    atomic_fence_full(); /* the removal before gp_seq is read: else a period that began before it could count */
    return (atomic_load_acquire(&rcu_state.gp_seq) + 3) & ~1ull;
}

void rcu_request(uint64_t cookie)
{
    uint64_t needed = atomic_load_relaxed(&rcu_state.needed);

    do {
        if ((int64_t)(cookie - needed) <= 0)
            break;
    } while (!atomic_cas_full(&rcu_state.needed, &needed, cookie)); /* G3 */
    try_start();
}

/* next -> the segment whose period covers it. At most two periods are unfinished at once, so two segments are enough; when one
 * ends between the look and the snapshot, `ready` waits for one more. */
static void segments_assign(struct rcu_cpu *rc)
{
    uint64_t seq = rcu_snapshot();

    if (!rc->wait.head || rc->wait_seq == seq) {
        segment_splice(&rc->wait, &rc->next);
        rc->wait_seq = seq;
    } else {
        segment_splice(&rc->ready, &rc->next);
        rc->ready_seq = seq;
    }
    rcu_request(seq);
}

void rcu_cpu_advance(struct rcu_cpu *rc)
{
    segments_complete(rc);
    if (rc->next.head)
        segments_assign(rc);
}

void rcu_cpu_adopt(struct rcu_cpu *rc, struct rcu_cpu *dead)
{
    segments_complete(rc);
    segment_splice(&rc->done, &dead->done);
    segment_splice(&rc->next, &dead->wait); /* a whole period more, whatever they waited for */
    segment_splice(&rc->next, &dead->ready);
    segment_splice(&rc->next, &dead->next);
    rc->queued += dead->queued;
    dead->queued = 0;
    rcu_cpu_advance(rc);
}

/* One period serves many callbacks, so usually the tick asks for it. */
void rcu_cpu_enqueued_many(struct rcu_cpu *rc)
{
    rcu_cpu_advance(rc);
    if (rc->queued < FLOOD_CALLBACKS || rc->queued % FLOOD_STEP)
        return;
    rcu_force_quiet(true);
    if (rcu_cpu_has_done(rc))
        rcu_env_kick(rc->cpu); /* this CPU's callers outrun its callbacks: let it run some */
}

#if LF_DEBUG
void rcu_head_claim(struct rcu_head *head, const void *here)
{
    if (lf_unlikely(head->queued_mark == RCU_QUEUED(head)))
        lockfree_misuse("rcu: head queued twice", head, head->queued_at, here);
    head->queued_mark = RCU_QUEUED(head);
    head->queued_at = here;
}
#define rcu_head_release(head) ((head)->queued_mark = 0)
#else
#define rcu_head_release(head) ((void)0)
#endif

struct rcu_head *rcu_cpu_take_done(struct rcu_cpu *rc, unsigned max)
{
    struct rcu_head *list = rc->done.head, **last = &list;

    if (max >= rc->queued) { /* all of them: no walk */
        segment_init(&rc->done);
        return list;
    }
    while (*last && max--)
        last = &(*last)->next;
    rc->done.head = *last;
    *last = NULL;
    if (!rc->done.head)
        segment_init(&rc->done);
    return list;
}

unsigned rcu_invoke(struct rcu_head *list)
{
    unsigned n = 0;

    while (list) {
        struct rcu_head *next = list->next;
        uintptr_t offset = (uintptr_t)list->func;

        rcu_head_release(list);
        if (offset < 4096)
            rcu_env_free((char *)list - offset); /* kfree_rcu */
        else
            list->func(list);
        list = next;
        n++;
    }
    return n;
}

/* One CPU that has not reported yet: idle now, idle since the snapshot, or (when told) kicked. */
static void force_one(struct rcu_cpu *rc, uint64_t seq, bool kick)
{
    uint32_t eqs = atomic_load_acquire(&rc->eqs);

    if (!(eqs & 1) || (rc->snap_seq == seq && rc->eqs_snap != eqs)) { /* G4 */
        report(rc->cpu, seq);
        return;
    }
    if (rc->snap_seq != seq) {
        rc->snap_seq = seq;
        rc->eqs_snap = eqs;
    }
    if (kick)
        rcu_env_kick(rc->cpu);
}

static void force_leaf(unsigned index, uint64_t seq, bool kick)
{
    uint64_t word = atomic_load_acquire(&rcu_state.leaf[index].word);

    if ((uint32_t)(word >> 32) != (uint32_t)seq)
        return;
    for (uint32_t waiting = (uint32_t)word; waiting; waiting &= waiting - 1) {
        unsigned cpu = index * RCU_LEAF_CPUS + (unsigned)__builtin_ctz(waiting);

        force_one(atomic_load_acquire(&rcu_state.cpus[cpu]), seq, kick);
    }
}

void rcu_force_quiet(bool kick)
{
    uint64_t seq, root;

    if (atomic_xchg_full(&rcu_state.force_lock, 1)) /* full: the removal and the start before the eqs words are read, G4 */
        return;
    seq = atomic_load_acquire(&rcu_state.gp_seq);
    if (seq & 1) {
        if (rcu_state.force_seq != seq) {
            rcu_state.force_seq = seq;
            rcu_state.force_rounds = 0;
        }
        kick |= ++rcu_state.force_rounds > FORCE_ROUNDS_BEFORE_KICK;
        for (root = atomic_load_acquire(&rcu_state.root); root; root &= root - 1)
            force_leaf((unsigned)__builtin_ctzll(root), seq, kick);
    }
    atomic_store_release(&rcu_state.force_lock, 0);
}
