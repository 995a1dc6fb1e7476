// The call tree against tasks that keep their own stacks: random calls, returns, tail calls, interrupts, system
// calls and switches of tasks; and the decoding of the instructions that it lives on.
#include "perf/plugin/call_stack.h"
#include "perf/plugin/insn_class.h"
#include "perf/util/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#define TASKS     6
#define FUNCTIONS 12 // symbols 1 to 12; then the entries and the function that switches
#define SYSCALL   13
#define IRQ       14
#define SWITCH    15
#define FORK      16
#define DEEP      40
#define BASE      0xffffffff81000000ull

struct frame {
    uint32_t symbol;
    uint64_t pc, slot;
    bool by_interrupt;
};

struct task {
    struct frame frame[DEEP + 4];
    int depth; // 0: in ring 3
    bool begun;
    uint64_t switched_at; // slot that its way back reads
};

struct world {
    struct call_stacks *stacks;
    struct task task[TASKS];
    int now;
    uint64_t total, expected[FUNCTIONS + 5];
    struct segment *made[200000];
    size_t count;
    unsigned seed;
};

static unsigned draw(struct world *w, unsigned n)
{
    w->seed = w->seed * 1103515245u + 12345;
    return (w->seed >> 16) % n;
}

static uint64_t start_of(uint32_t symbol)
{
    return BASE + 0x1000 * symbol;
}

static struct frame *top(struct world *w)
{
    struct task *t = &w->task[w->now];
    return t->depth ? &t->frame[t->depth - 1] : NULL;
}

static void push(struct world *w, uint32_t symbol, uint64_t slot, bool by_interrupt)
{
    struct task *t = &w->task[w->now];
    t->frame[t->depth++] = (struct frame){symbol, start_of(symbol), slot, by_interrupt};
}

// The tree's path for the vCPU must be the task's stack.
static void agree(struct world *w)
{
    size_t count;
    const struct call_node *nodes = call_stacks_nodes(w->stacks, &count);
    const struct task *t = &w->task[w->now];
    uint32_t n = call_stack_now(w->stacks, 0);
    if (!t->depth) {
        assert_int_equal(nodes[n].symbol, 0);
        return;
    }
    for (int i = t->depth; i-- > 0; n = nodes[n].parent)
        if (!n || nodes[n].symbol != t->frame[i].symbol)
            fail_msg("frame %d of %d: function %u, the task is in %u", i, t->depth, nodes[n].symbol, t->frame[i].symbol);
    assert_int_equal(n, 0);
}

// Runs ten instructions of the task; the last ends as `flow` says.
static struct segment *run(struct world *w, int flow, uint32_t target, bool known, bool ended)
{
    struct frame *f = top(w);
    struct segment *s = calloc(1, sizeof(*s));
    s->symbol = f ? f->symbol : 0;
    s->start = f ? f->pc : 0x400000;
    s->end = s->start + 10;
    s->flow = flow;
    s->target = known ? start_of(target) : 0;
    s->target_symbol = known ? target : 0;
    assert_true(w->count < sizeof(w->made) / sizeof(*w->made));
    w->made[w->count++] = s;
    call_stack_enter(w->stacks, 0, s, w->total);
    agree(w);
    w->total += 10;
    w->expected[s->symbol] += 10;
    if (ended)
        call_stack_leave(w->stacks, 0);
    if (f)
        f->pc = start_of(f->symbol) + (s->end - start_of(f->symbol)) % 0xf00;
    return s;
}

// A stack of its own: 8 KiB a task, deeper is lower.
static uint64_t slot_at(struct world *w)
{
    return 0xffff888000000000ull + 0x2000 * (w->now + 1) - 8 * (w->task[w->now].depth + 1);
}

static void step_call(struct world *w, uint32_t callee, bool known)
{
    uint64_t slot = slot_at(w);
    struct segment *s = run(w, FLOW_CALL, callee, known, true);
    call_stack_slot(w->stacks, 0, slot);
    top(w)->pc = s->end;
    push(w, callee, slot, false);
}

static void step_return(struct world *w)
{
    uint64_t slot = top(w)->slot;
    run(w, FLOW_RETURN, 0, false, true);
    call_stack_slot(w->stacks, 0, slot);
    w->task[w->now].depth--;
}

static void step_tail(struct world *w)
{
    uint32_t to = 1 + draw(w, FUNCTIONS);
    run(w, FLOW_JUMP, to, draw(w, 2), true);
    top(w)->symbol = to;
    top(w)->pc = start_of(to);
}

static void step_interrupt(struct world *w)
{
    uint64_t pc;
    run(w, FLOW_ON, 0, false, draw(w, 2));
    pc = top(w)->pc;
    push(w, IRQ, 0, true);
    w->task[w->now].frame[w->task[w->now].depth - 2].pc = pc;
}

// To a task that called SWITCH before, or to a new one, whose first return was made by hand.
static void step_switch(struct world *w)
{
    step_call(w, SWITCH, true);
    uint64_t own = top(w)->slot;
    run(w, FLOW_RETURN, 0, false, true);
    w->task[w->now].depth--;
    w->task[w->now].switched_at = own;
    w->now = draw(w, TASKS);
    struct task *t = &w->task[w->now];
    if (t->begun) {
        call_stack_slot(w->stacks, 0, t->switched_at);
        return;
    }
    t->begun = true;
    call_stack_slot(w->stacks, 0, slot_at(w));
    push(w, FORK, 0, false);
}

static void step(struct world *w)
{
    struct frame *f = top(w);
    unsigned what = draw(w, 16), depth = w->task[w->now].depth;
    if (!f) {
        run(w, FLOW_ON, 0, false, true);
        push(w, what & 1 ? SYSCALL : IRQ, 0, true);
    } else if (depth == 1 && what < 3) {
        run(w, FLOW_LEAVE, 0, false, true);
        w->task[w->now].depth = 0;
    } else if (f->by_interrupt && depth > 1 && what < 5) {
        run(w, FLOW_LEAVE, 0, false, true);
        w->task[w->now].depth--;
    } else if (!f->by_interrupt && depth > 1 && what < 5) {
        step_return(w);
    } else if (what < 7 && depth < DEEP - 4) {
        step_interrupt(w);
    } else if (what < 11 && depth < DEEP - 4) {
        step_call(w, 1 + draw(w, FUNCTIONS), draw(w, 2));
    } else if (what == 11 && !f->by_interrupt && f->symbol <= FUNCTIONS) {
        step_tail(w);
    } else if (what == 12 && depth < DEEP - 4) {
        step_switch(w);
    } else {
        run(w, FLOW_ON, 0, false, true);
    }
}

static void world_end(struct world *w)
{
    call_stacks_free(w->stacks);
    for (size_t i = 0; i < w->count; i++)
        free(w->made[i]);
    free(w);
}

static void stacks_are_the_tasks_own(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct world *w = calloc(1, sizeof(*w));
        uint64_t sum[FUNCTIONS + 5] = {0};
        size_t count;
        w->stacks = call_stacks_make();
        w->seed = seed;
        w->task[0].begun = true;
        // On every other machine each entry is met once from ring 3 first.
        for (int entry = SYSCALL; entry <= IRQ && seed % 2; entry++) {
            run(w, FLOW_ON, 0, false, true);
            push(w, entry, 0, true);
            run(w, FLOW_LEAVE, 0, false, true);
            w->task[0].depth = 0;
        }
        memset(w->expected, 0, sizeof(w->expected));
        call_stacks_open(w->stacks, w->total);
        for (int i = 0; i < 5000; i++)
            step(w);
        call_stacks_close(w->stacks, w->total);
        const struct call_node *nodes = call_stacks_nodes(w->stacks, &count);
        for (size_t i = 1; i <= count; i++)
            sum[nodes[i].symbol] += nodes[i].window;
        assert_memory_equal(sum, w->expected, sizeof(sum));
        world_end(w);
    }
}

// call thunk; call 1f; 1: store the target over the return address; ret.
static void retpoline_is_a_tail_call(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    (void)state;
    w->stacks = call_stacks_make();
    run(w, FLOW_ON, 0, false, true);
    push(w, SYSCALL, 0, true);
    step_call(w, 1, true);
    step_call(w, 2, true); // the thunk's two calls
    uint64_t outer = top(w)->slot;
    step_call(w, 2, true);
    run(w, FLOW_RETURN, 0, false, true);
    call_stack_slot(w->stacks, 0, top(w)->slot);
    w->task[0].depth -= 2;
    push(w, 5, outer, false); // the target stands in the thunk's place
    run(w, FLOW_ON, 0, false, true);
    step_return(w);
    run(w, FLOW_ON, 0, false, true);
    world_end(w);
}

static void depth_is_bounded(void **state)
{
    struct call_stacks *s = call_stacks_make();
    struct segment user = {.start = 1, .end = 2}, seg = {.start = start_of(1), .end = start_of(1), .symbol = 1, .flow = FLOW_CALL};
    size_t count;
    (void)state;
    call_stack_enter(s, 0, &user, 0);
    for (uint64_t i = 0; i < 100000; i++) {
        call_stack_enter(s, 0, &seg, i);
        call_stack_leave(s, 0);
        call_stack_slot(s, 0, 8 * (i + 1));
    }
    call_stacks_nodes(s, &count);
    assert_int_equal(count, STACK_DEPTH + 1);
    call_stacks_free(s);
}

static void flow(int wanted, uint64_t target, size_t n, ...)
{
    uint8_t bytes[16];
    uint64_t to;
    va_list ap;
    va_start(ap, n);
    for (size_t i = 0; i < n; i++)
        bytes[i] = va_arg(ap, int);
    va_end(ap);
    assert_int_equal(insn_flow(bytes, n, 0x1000, &to), wanted);
    assert_int_equal(to, target);
}

static void instructions_are_told_apart(void **state)
{
    (void)state;
    flow(FLOW_CALL, 0x1005 + 0x10, 5, 0xe8, 0x10, 0, 0, 0);
    flow(FLOW_CALL, 0x1005 - 5, 5, 0xe8, 0xfb, 0xff, 0xff, 0xff);
    flow(FLOW_CALL, 0, 2, 0xff, 0xd0);             // call *%rax
    flow(FLOW_CALL, 0, 3, 0x41, 0xff, 0xd3);       // call *%r11
    flow(FLOW_JUMP, 0, 2, 0xff, 0xe0);             // jmp *%rax
    flow(FLOW_ON, 0, 2, 0xff, 0x30);               // push (%rax)
    flow(FLOW_ON, 0, 2, 0xff, 0x00);               // inc (%rax)
    flow(FLOW_JUMP, 0x1002 - 2, 2, 0xeb, 0xfe);
    flow(FLOW_JUMP, 0x1005 + 1, 5, 0xe9, 1, 0, 0, 0);
    flow(FLOW_JUMP, 0x1002 + 4, 2, 0x75, 4);
    flow(FLOW_JUMP, 0x1006 + 4, 6, 0x0f, 0x84, 4, 0, 0, 0);
    flow(FLOW_RETURN, 0, 1, 0xc3);
    flow(FLOW_RETURN, 0, 2, 0xf3, 0xc3);
    flow(FLOW_RETURN, 0, 3, 0xc2, 8, 0);
    flow(FLOW_LEAVE, 0, 2, 0x48, 0xcf);
    flow(FLOW_LEAVE, 0, 3, 0x48, 0x0f, 0x07);
    flow(FLOW_ON, 0, 2, 0x0f, 0x05);
    flow(FLOW_ON, 0, 1, 0x90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stacks_are_the_tasks_own), cmocka_unit_test(retpoline_is_a_tail_call),
        cmocka_unit_test(depth_is_bounded), cmocka_unit_test(instructions_are_told_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
