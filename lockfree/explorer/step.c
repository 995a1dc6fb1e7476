/* step.c: one step of an execution: a thread does the access it waits at and runs to its next one, or a store leaves a buffer. Owns the
 * meaning of each request under each memory. Accesses that no other thread can notice are no steps of their own: they belong to the
 * step before them. */
#include "lockfree/explorer/engine.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDLESS 200000 /* requests in one step */
#define DEAD_BYTES 768 /* deeper calls than the structures make */

void step_fail(const char *format, ...)
{
    va_list ap;

    if (E->failed)
        return;
    E->failed = true;
    va_start(ap, format);
    vsnprintf(E->result->message, sizeof(E->result->message), format, ap);
    va_end(ap);
}

static bool tso(void)
{
    return E->options.memory == EXPLORE_TSO;
}

static uint64_t mask(unsigned size)
{
    return size == 8 ? ~0ull : (1ull << (8 * size)) - 1;
}

static uint64_t rmw_value(const struct request *r, uint64_t old)
{
    switch (r->rmw) {
    case RMW_XCHG:
        return r->value;
    case RMW_ADD:
        return (old + r->value) & mask(r->size);
    case RMW_SUB:
        return (old - r->value) & mask(r->size);
    case RMW_AND:
        return old & r->value;
    case RMW_OR:
        return old | r->value;
    case RMW_XOR:
        return old ^ r->value;
    default:
        return ~(old & r->value) & mask(r->size);
    }
}

static void forget(unsigned t)
{
    memset(E->w.seen[t], 0, sizeof(E->w.seen[t]));
    E->w.thread[t].nseen = 0;
    E->w.thread[t].saw_more = E->w.thread[t].awake = false;
}

/* What a wait loop read: it need not look again before one of these changes. */
static void remember(unsigned t, const struct request *r, uint64_t value)
{
    struct thread *th = &E->w.thread[t];

    if (!th->looping || th->saw_more || th->awake)
        return;
    for (unsigned i = 0; i < th->nseen; i++)
        if (E->w.seen[t][i].addr == r->addr && E->w.seen[t][i].value == value && E->w.seen[t][i].size == r->size)
            return;
    if (th->nseen == MAX_SEEN) {
        forget(t);
        th->saw_more = true;
    } else {
        E->w.seen[t][th->nseen++] = (struct seen){r->addr, value, r->size};
    }
}

/* Has something changed that thread t read since it last waited? Its buffer is laid over memory. */
static bool has_changed(unsigned t)
{
    bool changed = false;

    for (unsigned i = 0; i < E->w.thread[t].nseen && !changed; i++)
        changed = memory_read(E->w.seen[t][i].addr, (unsigned)E->w.seen[t][i].size) != E->w.seen[t][i].value;
    return changed;
}

static bool retires_now(unsigned t, unsigned *count)
{
    const struct thread *th = &E->w.thread[t];
    unsigned n = th->responded;

    if (E->options.memory == EXPLORE_WEAK)
        return false;
    if (th->stores && E->w.buffer[t][0].op - 1u < n)
        n = E->w.buffer[t][0].op - 1u;
    *count = n;
    return n > th->retired;
}

/* An operation begins when others can first notice it: with a read, or when its first store arrives. */
static void invoke(unsigned t, unsigned count)
{
    while (E->w.thread[t].invoked < count)
        history_invoke(t);
}

static void do_load(unsigned t, struct request *r, unsigned choice)
{
    struct loc *l = loc_of(r->addr, r->size);

    clock_atomic(t, l, true, false);
    if (weak_tracks(l)) {
        r->result = weak_load(t, l, choice, r->order);
    } else {
        r->result = memory_read(r->addr, r->size);
        clock_acquire(t, clock_sync_of(l), r->order);
        weak_untracked(t, true, false, r->order);
    }
    remember(t, r, r->result);
}

/* What an acquire of l gets, when anybody else acquires from it. */
static void publish(unsigned t, const struct loc *l, vclock sync)
{
    if (loc_is_shared(l, t, true))
        E->w.meta[l - E->loc].sync = sync;
}

static void store_now(unsigned t, struct loc *l, const struct request *r)
{
    if (weak_tracks(l))
        weak_store(t, l, r->value, r->order, false);
    else
        weak_untracked(t, false, true, r->order);
    memory_write(r->addr, r->size, r->value);
    publish(t, l, clock_release(t, r->order));
}

static void do_store(unsigned t, struct request *r)
{
    struct loc *l = loc_of(r->addr, r->size);
    bool arrives = !tso() || (!E->w.thread[t].stores && !loc_is_shared(l, t, true));

    clock_atomic(t, l, false, true);
    if (arrives)
        store_now(t, l, r);
    else
        buffer_push(t, r->addr, r->size, r->value, clock_release(t, r->order));
    if (order_releases(r->order))
        clock_tick(t);
}

static void full_fence(unsigned t)
{
    clock_fence(t, __ATOMIC_SEQ_CST);
    if (E->options.memory == EXPLORE_WEAK)
        weak_fence(t, __ATOMIC_SEQ_CST);
}

/* A locked operation that writes: reads the newest value, acquires and releases as its order says; full is a fence on both sides. */
static void do_update(unsigned t, struct request *r, uint64_t value)
{
    struct loc *l = loc_of(r->addr, r->size);
    vclock sync;

    if (r->order == __ATOMIC_SEQ_CST)
        full_fence(t);
    clock_atomic(t, l, true, true);
    if (weak_tracks(l)) {
        weak_load(t, l, 0, r->order);
        weak_store(t, l, value, r->order, true);
    }
    sync = clock_sync_of(l);
    if (!weak_tracks(l)) {
        clock_acquire(t, sync, r->order);
        weak_untracked(t, true, true, r->order);
    }
    publish(t, l, clock_join(sync, clock_release(t, r->order)));
    memory_write(r->addr, r->size, value);
    if (order_releases(r->order))
        clock_tick(t);
    if (r->order == __ATOMIC_SEQ_CST)
        full_fence(t);
}

static void do_rmw(unsigned t, struct request *r)
{
    r->result = memory_read(r->addr, r->size);
    remember(t, r, r->result);
    do_update(t, r, rmw_value(r, r->result));
}

static void do_cas(unsigned t, struct request *r)
{
    uint64_t old = memory_read(r->addr, r->size);

    r->success = old == r->expected;
    if (r->success) {
        r->result = old;
        remember(t, r, old);
        do_update(t, r, r->value);
    } else {
        struct request load = *r;

        load.order = r->fail_order;
        do_load(t, &load, 0); /* a locked operation reads the newest value */
        r->result = load.result;
    }
}

static void do_fence(unsigned t, const struct request *r)
{
    clock_fence(t, r->order);
    if (E->options.memory == EXPLORE_WEAK)
        weak_fence(t, r->order);
}

static void perform(unsigned t, struct request *r, unsigned choice)
{
    switch (r->kind) {
    case REQ_LOAD:
        do_load(t, r, choice);
        break;
    case REQ_STORE:
        do_store(t, r);
        break;
    case REQ_RMW:
        do_rmw(t, r);
        break;
    case REQ_CAS:
        do_cas(t, r);
        break;
    case REQ_FENCE:
        do_fence(t, r);
        break;
    case REQ_RELAX:
        forget(t);
        E->w.thread[t].looping = true;
        break;
    default:
        break;
    }
    if (E->tracing)
        explain_step(t, r, choice ? " (an older store)" : "");
}

static bool may_touch(const struct request *r)
{
    const struct block *b;
    char place[96];

    if (world_is_mapped(r->addr, r->size))
        return true;
    b = world_block_of(r->addr);
    step_fail(b ? "use after free: %s" : "wild access: %s", explain_place(r->addr, r->size, place, sizeof(place)));
    return false;
}

static void do_plain(unsigned t, const struct request *r)
{
    struct loc *l = loc_of(r->addr, r->size);
    bool writes = r->kind == REQ_PLAIN_WRITE;

    clock_plain(t, l, writes);
    if (writes && E->options.memory == EXPLORE_WEAK)
        weak_plain_write(l);
    if (writes && tso() && buffer_overlaps(t, r->addr, r->size)) {
        E->capture = *r;
        E->capture.expected = memory_read(r->addr, r->size);
    }
    if (E->tracing)
        explain_step(t, r, "");
}

/* The plain write that was announced has happened, over a buffered store: it must queue behind it. */
static void take_capture(unsigned t)
{
    struct request c = E->capture;
    uint64_t value;

    if (!c.kind)
        return;
    E->capture.kind = 0;
    value = memory_read(c.addr, c.size);
    memory_write(c.addr, c.size, c.expected);
    if (E->w.thread[t].stores == BUFFERED)
        step_fail("a plain write finds the store buffer full");
    else
        buffer_push(t, c.addr, c.size, value, 0);
}

static void do_free(unsigned t, const struct request *r)
{
    struct block *b = world_block_of(r->addr);

    if (!b || b->freed || (r->addr - (uintptr_t)E->arena) % ARENA_BYTES != b->offset) {
        step_fail(b && b->freed ? "freed twice: %#lx" : "free of what is no block: %#lx", r->addr);
        return;
    }
    if (t != MAIN)
        clock_free(t, r->addr, b->size);
    b->freed = 1;
    if (E->tracing)
        explain_step(t, r, "");
}

static void do_alloc(unsigned t, struct request *r)
{
    r->result = world_alloc(t, r->value);
    if (!r->result)
        step_fail("explore_alloc: out of memory");
}

static void do_begin(unsigned t)
{
    memset((uint8_t *)E->w.thread[t].sp - DEAD_BYTES, 0, DEAD_BYTES);
    E->w.thread[t].begun++;
    if (E->tracing)
        explain_op(t, "begins", 0);
}

static void do_end(unsigned t, const struct request *r)
{
    unsigned count;

    if (E->tracing)
        explain_op(t, "returns", r->value);
    history_respond(t, r->value);
    forget(t);
    E->w.thread[t].looping = false;
    if (!E->failed && retires_now(t, &count)) {
        invoke(t, count);
        history_retire(t, count);
    }
}

static void do_done(unsigned t)
{
    struct thread *th = &E->w.thread[t];

    th->done = 1;
    th->cur &= 0xffull << (8 * t);
    th->acq = th->rel = 0;
}

/* Nobody can notice when exactly it happens: no step of its own. */
static bool is_silent(unsigned t, const struct request *r)
{
    const struct thread *th = &E->w.thread[t];
    struct loc *l;

    if (r->kind == REQ_FENCE)
        return !tso() || r->order != __ATOMIC_SEQ_CST || !th->stores;
    if (r->kind == REQ_RELAX) /* the first look of an operation is never waited for: only a loop must remember what it read */
        return !th->saw_more && !th->nseen;
    l = loc_of(r->addr, r->size);
    if (!loc_is_shared(l, t, r->kind != REQ_LOAD))
        return !tso() || r->kind == REQ_LOAD || (r->kind == REQ_STORE ? th->stores < BUFFERED : !th->stores);
    return tso() && r->kind == REQ_STORE && th->stores < BUFFERED;
}

/* Handles what thread t asked for; false when it must wait to be chosen, or has failed. */
static bool handle(unsigned t, struct request *r)
{
    switch (r->kind) {
    case REQ_PLAIN_READ:
    case REQ_PLAIN_WRITE:
        if (may_touch(r))
            do_plain(t, r);
        break;
    case REQ_OP_BEGIN:
        do_begin(t);
        break;
    case REQ_OP_END:
        do_end(t, r);
        break;
    case REQ_ALLOC:
        do_alloc(t, r);
        break;
    case REQ_FREE:
        do_free(t, r);
        break;
    case REQ_FAIL:
        step_fail("%s:%u: %s (object %#lx)", r->file, r->line, r->what, r->addr);
        break;
    case REQ_DONE:
        do_done(t);
        return false;
    default:
        if (r->kind != REQ_FENCE && r->kind != REQ_RELAX && !may_touch(r))
            return false;
        if (!is_silent(t, r))
            return false;
        perform(t, r, 0);
    }
    return !E->failed;
}

/* What is no part of a state is zeroed: answers to earlier requests, what calls that returned left below the stack pointer. */
static void park(unsigned t)
{
    struct thread *th = &E->w.thread[t];

    th->req = E->req;
    th->req.result = 0;
    th->req.success = 0;
    memset((uint8_t *)th->sp - DEAD_BYTES, 0, DEAD_BYTES);
}

/* Thread t has the processor, its buffer laid over memory, until it must be chosen again. */
static void run(unsigned t)
{
    for (unsigned n = 0; n < ENDLESS; n++) {
        coroutine_resume(t);
        take_capture(t);
        if (E->failed)
            return;
        if (!handle(t, &E->req)) {
            park(t);
            return;
        }
    }
    step_fail("thread %u runs on without end and without an access that others could notice", t);
}

static void drain_private(unsigned t)
{
    while (E->w.thread[t].stores && !loc_is_shared(&E->loc[E->w.buffer[t][0].loc], t, true))
        buffer_flush(t);
}

static void settle(unsigned t)
{
    unsigned count;

    drain_private(t);
    if (!E->failed && retires_now(t, &count)) {
        invoke(t, count);
        history_retire(t, count);
    }
}

static void go_on(unsigned t, unsigned choice)
{
    struct request r = E->w.thread[t].req;

    buffer_lay(t);
    if (r.kind != REQ_RELAX)
        invoke(t, E->w.thread[t].begun);
    perform(t, &r, choice);
    E->req = r;
    if (!E->failed)
        run(t);
    buffer_lift(t);
    settle(t);
}

/* Once a value that t read since it last waited has changed, t will look again, whatever comes: what else it read is forgotten, and
 * if it waits already it runs up to its next access now, which nobody can notice. */
static void wake(unsigned t)
{
    bool changed;

    if (!E->w.thread[t].nseen)
        return;
    buffer_lay(t);
    changed = has_changed(t);
    buffer_lift(t);
    if (!changed)
        return;
    forget(t);
    E->w.thread[t].awake = true;
    if (E->w.thread[t].req.kind == REQ_RELAX)
        go_on(t, 0);
}

static void wake_all(void)
{
    for (unsigned t = 0; t < E->threads && !E->failed; t++)
        wake(t);
}

void step_thread(unsigned t, unsigned choice)
{
    go_on(t, choice);
    wake_all();
}

void step_flush(unsigned t)
{
    if (E->tracing)
        explain_flush(t, &E->w.buffer[t][0]);
    invoke(t, E->w.buffer[t][0].op);
    buffer_flush(t);
    settle(t);
    wake_all();
}

bool step_enabled(unsigned t)
{
    const struct thread *th = &E->w.thread[t];

    switch (th->req.kind) {
    case REQ_DONE:
        return false;
    case REQ_LOAD:
        return true;
    case REQ_RELAX:
        return th->saw_more;
    case REQ_STORE:
        return !tso() || th->stores < BUFFERED;
    default:
        return !th->stores;
    }
}

/* In how many ways thread t can do what it waits at. */
unsigned step_choices(unsigned t)
{
    const struct request *r = &E->w.thread[t].req;
    struct loc *l;

    if (r->kind != REQ_LOAD)
        return 1;
    l = loc_of(r->addr, r->size);
    return weak_tracks(l) ? weak_choices(t, l) : 1;
}

static void thread_main(void)
{
    unsigned t = E->current;

    for (unsigned i = 0; i < E->nops[t]; i++) {
        E->req.kind = REQ_OP_BEGIN;
        coroutine_yield();
        uint64_t result = E->op[t][i]->run(t, E->serial[t][i]);
        memset(&E->req, 0, sizeof(E->req));
        E->req.kind = REQ_OP_END;
        E->req.value = result;
        coroutine_yield();
    }
    for (;;) {
        memset(&E->req, 0, sizeof(E->req));
        E->req.kind = REQ_DONE;
        coroutine_yield();
    }
}

/* make and final run alone: every request is carried out at once, on memory. */
static void direct(struct request *r)
{
    r->success = 0;
    switch (r->kind) {
    case REQ_LOAD:
        r->result = memory_read(r->addr, r->size);
        break;
    case REQ_STORE:
        memory_write(r->addr, r->size, r->value);
        break;
    case REQ_RMW:
        r->result = memory_read(r->addr, r->size);
        memory_write(r->addr, r->size, rmw_value(r, r->result));
        break;
    case REQ_CAS:
        r->result = memory_read(r->addr, r->size);
        r->success = r->result == r->expected;
        if (r->success)
            memory_write(r->addr, r->size, r->value);
        break;
    case REQ_ALLOC:
        do_alloc(MAIN, r);
        break;
    case REQ_FREE:
        do_free(MAIN, r);
        break;
    default:
        break;
    }
}

void step_outside(struct request *r)
{
    if (r->kind == REQ_FAIL) {
        fprintf(stderr, "%s:%u: %s, in a specification\n", r->file, r->line, r->what);
        abort();
    }
    direct(r);
}

static void run_main(void (*entry)(void))
{
    coroutine_start(MAIN, entry);
    for (unsigned n = 0; n < ENDLESS && !E->failed; n++) {
        coroutine_resume(MAIN);
        if (E->req.kind == REQ_DONE)
            return;
        if (E->req.kind == REQ_FAIL)
            step_fail("%s:%u: %s (object %#lx)", E->req.file, E->req.line, E->req.what, E->req.addr);
        else if (!E->req.addr || may_touch(&E->req))
            direct(&E->req);
    }
    step_fail("%s does not end", E->w.final ? E->s->final->name : "make");
}

static void main_done(void)
{
    for (;;) {
        E->req.kind = REQ_DONE;
        coroutine_yield();
    }
}

static void main_make(void)
{
    E->initial->make(E->model);
    main_done();
}

static void main_final(void)
{
    E->final_result = E->s->final->run(0, E->total);
    main_done();
}

void step_start(const struct explore_initial *initial)
{
    world_reset();
    E->failed = false;
    E->capture.kind = 0;
    E->names = 0;
    E->initial = initial;
    memset(E->model, 0, sizeof(E->model));
    run_main(main_make);
    world_made();
    history_reset(E->model);
    E->w.last = THREADS;
    for (unsigned t = 0; t < E->threads; t++) {
        E->w.thread[t].cur = 1ull << (8 * t);
        coroutine_start(t, thread_main);
    }
    for (unsigned t = 0; t < E->threads && !E->failed; t++) {
        buffer_lay(t);
        run(t);
        buffer_lift(t);
    }
}

bool step_is_end(void)
{
    for (unsigned t = 0; t < E->threads; t++)
        if (!E->w.thread[t].done || E->w.thread[t].stores)
            return false;
    return true;
}

/* All threads ended. False: what is left is wrong. */
bool step_finish(void)
{
    for (unsigned t = 0; t < E->threads; t++)
        invoke(t, E->w.thread[t].responded);
    for (unsigned t = 0; t < E->threads && !E->failed; t++)
        history_retire(t, E->w.thread[t].responded);
    if (E->failed || !E->s->final)
        return !E->failed;
    E->w.final = 1;
    run_main(main_final);
    if (!E->failed && !history_accepts(E->s->final, E->total, E->final_result))
        step_fail("%s returns %#lx, which no order of the operations explains", E->s->final->name, E->final_result);
    return !E->failed;
}
