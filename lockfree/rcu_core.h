/* rcu_core.h: grace periods. The machinery under rcu.h, free of any kernel: the caller says which CPU it is and when it is quiet.
 *
 * Theory. gp_seq is odd while a grace period runs, even between two. A period starts by filling the tree of masks (a leaf word
 * holds 16 CPUs' bits and the low half of the period's number; the root has a bit for each leaf) and then publishing the odd
 * number. A CPU that sees a new odd number at a quiet point (context switch, idle, interrupted user mode or preemptible code)
 * clears its bit; the last of a leaf clears the leaf's bit; the last of the root ends the period.
 *  G1 a CPU reports period N only after it has read gp_seq == N, so its quiet point is after the start of N.
 *  G2 a report for N never touches N+1: the leaf word holds the number and is changed by CAS only.
 *  G3 request and end cannot miss each other: the requester raises `needed`, then reads gp_seq; the ender raises gp_seq, then
 *     reads `needed`; all by RMW.
 *  G4 an idle CPU is sampled through its eqs word (RMW at entry and exit, odd = active), never woken.
 * Callbacks are per CPU in segments next -> ready (for the period after) -> wait (for one period) -> done; only the owner touches
 * them, interrupts off. Enqueue stores four words and has no atomic operation; a segment moves on by splicing, whatever its length.
 * Many callbacks on one CPU hurry the period and lift the limit of how many run at once.
 * A CPU that goes offline leaves its callbacks where they are; one other CPU adopts them as the newest of its own.
 *
 *
 *                                rcu_cpu_* of CPU c   rcu_force_quiet   rcu_snapshot, rcu_request, rcu_poll
 *   rcu_cpu_* of CPU c           no: owner only       yes               yes
 *   rcu_cpu_* of another CPU     yes                  yes               yes
 *   rcu_force_quiet              yes                  one, others leave yes
 *   rcu_snapshot, _request, _poll  yes                yes               yes
 * Progress: everything is lock-free or a trylock; nobody waits here. Ordering: C1 what was done before rcu_snapshot is before the
 * end of the period its cookie names; what follows a true rcu_poll is after every read section that ran at the snapshot.
 * Reuse: a struct rcu_cpu lives for ever; an rcu_head may be used again when its callback runs.
 * Source: McKenney, "Hierarchical RCU", LWN 305782, 2008; segments: McKenney, "Simplicity through optimization", linux.conf.au 2009;
 * polled periods: LWN 843317, 2021. */
#pragma once
#include "lockfree/rcu.h"

#define RCU_LEAF_CPUS 16
#define RCU_MAX_LEAVES 64
#define RCU_MAX_CPUS (RCU_LEAF_CPUS * RCU_MAX_LEAVES)
#define RCU_ADVANCE_BATCH 256 /* callbacks, after which their period is asked for even between two ticks */

struct rcu_segment {
    struct rcu_head *head;
    struct rcu_head **tail;
};

struct rcu_cpu {
    /* owner CPU only, interrupts off */
    uint64_t seen_seq;         /* the last gp_seq handled here */
    struct rcu_segment done;   /* their period is over */
    struct rcu_segment wait;   /* wait for wait_seq */
    struct rcu_segment ready;  /* wait for ready_seq, which is later */
    struct rcu_segment next;   /* no period asked for yet */
    uint64_t wait_seq, ready_seq;
    uint32_t queued;           /* callbacks in all segments and being run */
    uint32_t cpu;              /* set once */
    bool running;              /* callbacks are being run: do not nest */
    /* written by the owner (RMW), read by rcu_force_quiet: its own line */
    uint32_t eqs LF_CACHELINE; /* odd: active; even: idle */
    /* under rcu_state.force_lock */
    uint32_t eqs_snap LF_CACHELINE;
    uint64_t snap_seq;
} LF_CACHELINE;

struct rcu_leaf {
    uint64_t word;   /* period number (low 32 bits) << 32 | waiting CPUs */
    uint32_t online; /* RMW */
} LF_CACHELINE;

struct rcu_state {
    uint64_t gp_seq LF_CACHELINE;
    uint64_t needed LF_CACHELINE;  /* the highest gp_seq asked for */
    uint32_t starting;
    uint32_t force_lock LF_CACHELINE;
    uint32_t force_rounds;
    uint64_t force_seq;
    uint64_t root LF_CACHELINE;    /* leaves that still wait */
    uint32_t leaves;               /* set as CPUs come up */
    struct rcu_leaf leaf[RCU_MAX_LEAVES];
    struct rcu_cpu *cpus[RCU_MAX_CPUS];
};
extern struct rcu_state rcu_state;

/* What the surroundings provide. */
void rcu_env_kick(unsigned cpu);           /* make this CPU pass a quiet point soon (IPI); any context */
void rcu_env_free(void *object);           /* kfree_rcu's free */

void rcu_cpu_online(struct rcu_cpu *rc, unsigned cpu); /* before the CPU's first read section, also after rcu_cpu_offline */
void rcu_cpu_offline(struct rcu_cpu *rc);              /* after its last; not while callbacks run */
/* Takes the callbacks of a CPU that is offline. Owner of rc; nobody else touches `dead`. */
void rcu_cpu_adopt(struct rcu_cpu *rc, struct rcu_cpu *dead);
void rcu_cpu_quiet_slow(struct rcu_cpu *rc, uint64_t seq);
/* Moves callbacks on; asks for a period when some wait. */
void rcu_cpu_advance(struct rcu_cpu *rc);
/* Detaches up to `max` callbacks that may run now. The caller runs them with rcu_invoke, interrupts on. */
struct rcu_head *rcu_cpu_take_done(struct rcu_cpu *rc, unsigned max);
unsigned rcu_invoke(struct rcu_head *list);
/* Reports for idle CPUs; `kick` interrupts the rest, otherwise only after a few rounds of one period. */
void rcu_force_quiet(bool kick);

/* Polled periods: a cookie is complete when a whole period has passed since rcu_snapshot. */
uint64_t rcu_snapshot(void);
void rcu_request(uint64_t cookie);
static inline bool rcu_poll(uint64_t cookie)
{
    return (int64_t)(atomic_load_acquire(&rcu_state.gp_seq) - cookie) >= 0;
}

/* The owner is at a quiet point: no read section of its own runs. */
static inline void rcu_cpu_quiet(struct rcu_cpu *rc)
{
    uint64_t seq = atomic_load_acquire(&rcu_state.gp_seq); /* G1 */

    if (lf_unlikely(seq != rc->seen_seq))
        rcu_cpu_quiet_slow(rc, seq);
}

void rcu_cpu_enqueued_many(struct rcu_cpu *rc);
#if LF_DEBUG
void rcu_head_claim(struct rcu_head *head, const void *here);
#ifdef CLOUDOS_KERNEL
#define RCU_CLAIM(head) rcu_head_claim((head), LF_CALLER) /* who called call_rcu() */
#else
#define RCU_CLAIM(head) rcu_head_claim((head), lf_here())
#endif
#else
#define RCU_CLAIM(head) ((void)0)
#endif

__attribute__((always_inline)) static inline void rcu_cpu_enqueue(struct rcu_cpu *rc, struct rcu_head *head,
                                                                  void (*func)(struct rcu_head *))
{
    RCU_CLAIM(head);
    head->func = func;
    head->next = NULL;
    *rc->next.tail = head;
    rc->next.tail = &head->next;
    if (lf_unlikely(++rc->queued % RCU_ADVANCE_BATCH == 0))
        rcu_cpu_enqueued_many(rc);
}

static inline bool rcu_cpu_has_callbacks(const struct rcu_cpu *rc)
{
    return rc->queued != 0;
}

static inline bool rcu_cpu_has_done(const struct rcu_cpu *rc)
{
    return rc->done.head != NULL;
}

static inline void rcu_cpu_idle_enter(struct rcu_cpu *rc)
{
    rcu_cpu_quiet(rc);
    uint32_t old = atomic_fetch_add_full(&rc->eqs, 1); /* G4: read sections before, idle after */
    LF_DEBUG_ASSERT(old & 1, rc);
    (void)old;
}

static inline void rcu_cpu_idle_exit(struct rcu_cpu *rc)
{
    uint32_t old = atomic_fetch_add_full(&rc->eqs, 1); /* G4: active before any read section */
    LF_DEBUG_ASSERT(!(old & 1), rc);
    (void)old;
}

/* rcu_cpu_idle_exit, if the CPU is idle: what interrupts and the idle loop call. */
static inline void rcu_cpu_idle_leave(struct rcu_cpu *rc)
{
    if (!(atomic_load_relaxed(&rc->eqs) & 1))
        rcu_cpu_idle_exit(rc);
}

static inline bool rcu_cpu_is_idle(const struct rcu_cpu *rc)
{
    return !(atomic_load_relaxed(&rc->eqs) & 1);
}
