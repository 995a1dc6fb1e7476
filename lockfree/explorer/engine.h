/* engine.h: what the parts of the explorer share. The world is everything an execution can change; a step changes it, a snapshot
 * is its bytes, and equal bytes are equal states. Engine memory outside the world lives behind E, never in globals:
 * the program's globals belong to the structure under test. One execution runs at a time, in one host thread. */
#pragma once
#include "lockfree/explore.h"

#define THREADS EXPLORE_THREADS
#define MAIN THREADS /* the coroutine that runs make and final: no scheduling, no race detection */
#define BUFFERED 12  /* stores a buffer holds; a thread whose buffer is full waits */
#define MAX_LOCS 1024
#define LOC_SLOTS 4096
#define MAX_SEEN 6     /* reads remembered for a wait loop; when there are more, it looks again without waiting */
#define MAX_CONFIGS 2048
#define STACK_BYTES 16384
#define ARENA_BYTES 65536 /* for each thread and MAIN */
#define MAX_BLOCKS 64
#define HISTORY 8  /* stores of one location that a weak load may still return */
#define WEAK_LOCS 48

/* A vector clock: one byte for each thread. */
typedef uint64_t vclock;

enum request_kind {
    REQ_NONE, REQ_PLAIN_READ, REQ_PLAIN_WRITE, REQ_LOAD, REQ_STORE, REQ_RMW, REQ_CAS, REQ_FENCE, REQ_RELAX,
    REQ_OP_BEGIN, REQ_OP_END, REQ_DONE, REQ_ALLOC, REQ_FREE, REQ_FAIL,
};
enum rmw { RMW_XCHG, RMW_ADD, RMW_SUB, RMW_AND, RMW_OR, RMW_XOR, RMW_NAND };

/* What a coroutine asks of the engine. */
struct request {
    uint8_t kind, size, order, rmw; /* order: __ATOMIC_*; of a failing CAS: fail_order */
    uint8_t fail_order;
    uint8_t success; /* answer of a CAS */
    uint16_t pad;
    uint32_t line;
    uint32_t pad2;
    uintptr_t addr;
    uint64_t value, expected;
    uintptr_t pc;
    uint64_t result;
    const char *what, *file;
};

struct view { /* weak memory: the oldest store of each location that may still be read */
    uint8_t at[WEAK_LOCS];
};

struct store { /* in a store buffer */
    uintptr_t addr;
    uint64_t value;
    uint64_t saved; /* what lies under it while the buffer is laid over memory */
    vclock msg;
    uint16_t loc;
    uint8_t size, op;
    uint32_t pad;
};

struct seen {
    uintptr_t addr;
    uint64_t value;
    uint64_t size;
};

struct thread {
    void *sp;
    struct request req; /* what it will do next */
    vclock cur, acq, rel;
    uint8_t begun, invoked, responded, retired; /* counts of operations */
    uint8_t done, stores, nseen;
    bool saw_more; /* than it can remember: nseen is 0 */
    bool looping;  /* this operation waited before: its reads are remembered */
    bool awake;    /* what it read since it last waited has changed: nseen is 0 */
    uint8_t pad[6];
};

/* What the race detector knows of a location: the last access of each kind by each thread, and what an acquire gets. */
struct loc_meta {
    vclock plain_read, plain_write, atomic_read, atomic_write;
    vclock sync;
};

/* One order of the operations so far that explains every result: the model after it, and how far each thread is in it. */
struct config {
    uint8_t model[EXPLORE_MODEL_BYTES];
    uint64_t predicted[THREADS]; /* result promised by an operation that is in the order but has not responded */
    uint8_t done[THREADS];
    uint32_t pad;
};

struct block {
    uint32_t offset, size;
    uint32_t freed, pad;
};

struct hist { /* the stores of one location that somebody may still read, oldest first; weak memory only */
    uint64_t value[HISTORY];
    vclock msg[HISTORY];
    struct view view[HISTORY];
    uint8_t n, first; /* first: timestamp of value[0] */
    uint8_t pad[6];
};

struct world {
    struct thread thread[THREADS + 1];
    uint32_t used[THREADS + 1];   /* bytes of each arena */
    uint32_t blocks[THREADS + 1]; /* allocations of each */
    uint32_t configs, metas, hists;
    uint8_t last, preemptions, threads, final;
    /* used parts only are saved */
    struct store buffer[THREADS][BUFFERED];
    struct seen seen[THREADS][MAX_SEEN];
    uint64_t results[THREADS][EXPLORE_OPS]; /* of operations that responded and did not retire */
    struct loc_meta meta[MAX_LOCS];
    struct block block[THREADS + 1][MAX_BLOCKS];
    struct config config[MAX_CONFIGS];
    /* weak memory */
    struct view cur[THREADS], acq[THREADS], rel[THREADS], sc, untracked;
    struct hist hist[WEAK_LOCS];
};

/* A location: an address and a size that atomics or plain accesses use. Learned, not part of a state. */
struct loc {
    uintptr_t addr;
    uint8_t size;
    /* threads seen to do so: an access that no other thread cares for is no scheduling point and cannot race */
    uint8_t readers, writers, plain_readers, plain_writers;
    uint8_t weak;             /* 1 + index of its history */
    uint16_t overlaps[8];
    uint8_t noverlaps;
};

struct name {
    uintptr_t addr;
    size_t size;
    unsigned count;
    char text[40];
};

struct engine {
    struct request req; /* the coroutine that runs asks here */
    void *sp;           /* the scheduler's, while a coroutine runs */
    struct world w;
    bool inside; /* code under test runs on a coroutine: hooks ask the engine */
    unsigned current;
    unsigned threads;
    bool learned;    /* a location turned out to be shared: start again */
    bool failed;
    bool freeing; /* for the report of a race */
    bool tracing;
    struct request capture; /* a plain write over a buffered store: its value is known after it ran */
    const struct explore_structure *s;
    const struct explore_op *op[THREADS][EXPLORE_OPS];
    uint8_t serial[THREADS][EXPLORE_OPS];
    unsigned nops[THREADS], total;
    const struct explore_initial *initial;
    uint8_t model[EXPLORE_MODEL_BYTES]; /* as make left it */
    uint64_t final_result;
    struct configs {
        struct config config[MAX_CONFIGS];
        uint64_t hash[MAX_CONFIGS];
        unsigned n;
    } work, found; /* linearize.c */
    struct explore_options options;
    struct explore_result *result;
    struct loc loc[MAX_LOCS];
    uint16_t loc_slot[LOC_SLOTS]; /* hash of address and size: 1 + index */
    unsigned locs, weak_locs;
    struct name name[64];
    unsigned names;
    uint8_t *arena, *stack;           /* fixed addresses */
    uint8_t *region, *pristine;       /* the program's globals, and as they were loaded */
    uint8_t *made;                    /* globals and arenas as make left them: states hold only what differs */
    uint8_t *nothing;                 /* zeroes */
    size_t region_bytes;
};
/* At a fixed address, so that the pointer itself is no global of the program. */
#define E ((struct engine *)0x100000000000ull)

/* coroutine.c */
void coroutine_start(unsigned t, void (*entry)(void));
void coroutine_resume(unsigned t);
void coroutine_yield(void);
/* world.c */
void world_init(void);
void world_reset(void);
void world_made(void);
size_t world_save(uint8_t *to);
void world_load(const uint8_t *from);
uint64_t world_hash(const uint8_t *bytes, size_t n);
uintptr_t world_alloc(unsigned t, size_t size);
struct block *world_block_of(uintptr_t addr);
bool world_is_mapped(uintptr_t addr, unsigned size);
/* buffers.c */
uint64_t memory_read(uintptr_t addr, unsigned size);
void memory_write(uintptr_t addr, unsigned size, uint64_t value);
void buffer_lay(unsigned t);
void buffer_lift(unsigned t);
void buffer_push(unsigned t, uintptr_t addr, unsigned size, uint64_t value, vclock msg);
void buffer_flush(unsigned t);
bool buffer_overlaps(unsigned t, uintptr_t addr, unsigned size);
/* clocks.c */
struct loc *loc_of(uintptr_t addr, unsigned size);
bool loc_is_shared(const struct loc *l, unsigned t, bool writes);
void clock_plain(unsigned t, struct loc *l, bool writes);
void clock_atomic(unsigned t, struct loc *l, bool reads, bool writes);
vclock clock_join(vclock a, vclock b);
vclock clock_sync_of(const struct loc *l);
void clock_acquire(unsigned t, vclock sync, int order);
vclock clock_release(unsigned t, int order);
void clock_tick(unsigned t);
void clock_fence(unsigned t, int order);
void clock_free(unsigned t, uintptr_t addr, size_t size);
void clock_normalize(void);
bool order_acquires(int order);
bool order_releases(int order);
/* weak.c */
bool weak_tracks(struct loc *l);
unsigned weak_choices(unsigned t, struct loc *l);
uint64_t weak_load(unsigned t, struct loc *l, unsigned choice, int order);
void weak_store(unsigned t, struct loc *l, uint64_t value, int order, bool rmw);
void weak_plain_write(const struct loc *l);
void weak_untracked(unsigned t, bool load, bool store, int order);
void weak_fence(unsigned t, int order);
void weak_normalize(void);
/* linearize.c */
void history_reset(const void *model);
void history_invoke(unsigned t);
void history_respond(unsigned t, uint64_t result);
void history_retire(unsigned t, unsigned count);
bool history_accepts(const struct explore_op *op, unsigned serial, uint64_t result);
/* step.c */
bool step_enabled(unsigned t);
unsigned step_choices(unsigned t);
void step_outside(struct request *r);
bool step_is_end(void);
bool step_finish(void);
void step_thread(unsigned t, unsigned choice);
void step_flush(unsigned t);
void step_start(const struct explore_initial *initial);
void step_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* explain.c */
void explain_step(unsigned t, const struct request *r, const char *note);
void explain_flush(unsigned t, const struct store *s);
void explain_op(unsigned t, const char *what, uint64_t result);
const char *explain_place(uintptr_t addr, unsigned size, char *text, size_t n);
