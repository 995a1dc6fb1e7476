/* call_stack.c: see call_stack.h. Three tables that only grow: nodes by (parent, symbol), slots, entries. */
#include "perf/plugin/call_stack.h"

#include <stdlib.h>
#include <string.h>

struct slot {
    uint64_t address, back; /* back: where the call returns to */
    uint32_t node;          /* the caller; 0: free */
};

struct vcpu {
    const struct segment *last;
    bool ended;             /* its last instruction ran */
    uint32_t node;
    uint64_t slot;          /* of the last call or return */
    bool slot_is_call;      /* and no return came since */
};

struct call_stacks {
    struct call_node *node; /* 0: the root */
    size_t nodes, node_room;
    uint32_t *index;        /* of node, by hash; 0: free */
    size_t index_size;
    struct slot *slot;
    size_t slots, slot_size;
    uint64_t *entry;        /* addresses at which the kernel is entered from outside; 0: free */
    size_t entries, entry_size;
    struct vcpu vcpu[STACK_VCPUS];
    uint32_t active;        /* the node that the instructions since `total` belong to */
    uint64_t total;
};

static void *grown(void *p, size_t n)
{
    p = realloc(p, n);
    if (!p) {
        abort();
    }
    return p;
}

static void *zeroed(size_t n)
{
    return memset(grown(NULL, n), 0, n);
}

static size_t hash(uint64_t key)
{
    return (key * 0x9e3779b97f4a7c15ull) >> 20;
}

struct call_stacks *call_stacks_make(void)
{
    struct call_stacks *s = zeroed(sizeof *s);
    s->node_room = 4096;
    s->node = zeroed(s->node_room * sizeof *s->node);
    s->nodes = 1;
    s->index_size = 8192;
    s->index = zeroed(s->index_size * sizeof *s->index);
    s->slot_size = 1 << 15;
    s->slot = zeroed(s->slot_size * sizeof *s->slot);
    s->entry_size = 1024;
    s->entry = zeroed(s->entry_size * sizeof *s->entry);
    return s;
}

void call_stacks_free(struct call_stacks *s)
{
    free(s->node);
    free(s->index);
    free(s->slot);
    free(s->entry);
    free(s);
}

/* ---- nodes ---- */
static uint32_t *index_of(struct call_stacks *s, uint32_t parent, uint32_t symbol)
{
    size_t i = hash((uint64_t)parent << 32 | symbol) & (s->index_size - 1);
    while (s->index[i] && (s->node[s->index[i]].parent != parent || s->node[s->index[i]].symbol != symbol)) {
        i = (i + 1) & (s->index_size - 1);
    }
    return &s->index[i];
}

static void grow_index(struct call_stacks *s)
{
    free(s->index);
    s->index_size *= 2;
    s->index = zeroed(s->index_size * sizeof *s->index);
    for (size_t i = 1; i < s->nodes; i++) {
        *index_of(s, s->node[i].parent, s->node[i].symbol) = i;
    }
}

static uint32_t child(struct call_stacks *s, uint32_t parent, uint32_t symbol)
{
    if (s->node[parent].depth == STACK_DEPTH) {
        return parent;
    }
    uint32_t *at = index_of(s, parent, symbol);
    if (*at) {
        return *at;
    }
    if (s->nodes == s->node_room) {
        s->node_room *= 2;
        s->node = grown(s->node, s->node_room * sizeof *s->node);
    }
    s->node[s->nodes] =
        (struct call_node){.parent = parent, .symbol = symbol, .depth = s->node[parent].depth + 1};
    *at = s->nodes++;
    uint32_t made = *at;
    if (s->nodes * 2 > s->index_size) {
        grow_index(s);
    }
    return made;
}

/* A function in the place of the node's. */
static uint32_t replaced(struct call_stacks *s, uint32_t node, uint32_t symbol)
{
    return child(s, s->node[node].parent, symbol);
}

/* ---- slots and entries ---- */
static struct slot *slot_of(struct call_stacks *s, uint64_t address)
{
    size_t i = hash(address) & (s->slot_size - 1);
    while (s->slot[i].address && s->slot[i].address != address) {
        i = (i + 1) & (s->slot_size - 1);
    }
    return &s->slot[i];
}

static void grow_slots(struct call_stacks *s)
{
    struct slot *old = s->slot;
    size_t n = s->slot_size;
    s->slot_size *= 2;
    s->slot = zeroed(s->slot_size * sizeof *s->slot);
    for (size_t i = 0; i < n; i++) {
        if (old[i].address) {
            *slot_of(s, old[i].address) = old[i];
        }
    }
    free(old);
}

static void remember(struct call_stacks *s, uint64_t address, uint64_t back, uint32_t node)
{
    struct slot *at = slot_of(s, address);
    s->slots += !at->address;
    *at = (struct slot){address, back, node};
    if (s->slots * 2 > s->slot_size) {
        grow_slots(s);
    }
}

static uint64_t *entry_of(struct call_stacks *s, uint64_t address)
{
    size_t i = hash(address) & (s->entry_size - 1);
    while (s->entry[i] && s->entry[i] != address) {
        i = (i + 1) & (s->entry_size - 1);
    }
    return &s->entry[i];
}

static bool is_entry(struct call_stacks *s, const struct segment *seg)
{
    return *entry_of(s, seg->start) != 0;
}

/* The first half of the table is enough for any kernel's entries; more are not learnt. */
static void learn_entry(struct call_stacks *s, uint64_t address)
{
    uint64_t *at = entry_of(s, address);
    if (!*at && s->entries * 2 < s->entry_size) {
        *at = address;
        s->entries++;
    }
}

/* ---- what follows what ---- */
static uint32_t interrupted(struct call_stacks *s, uint32_t node, const struct segment *seg)
{
    learn_entry(s, seg->start);
    return child(s, node, seg->symbol);
}

static uint32_t after_call(struct call_stacks *s, const struct vcpu *v, const struct segment *seg)
{
    if (v->last->target && v->last->target != seg->start) {
        return interrupted(s, child(s, v->node, v->last->target_symbol), seg);
    }
    return is_entry(s, seg) ? interrupted(s, v->node, seg) : child(s, v->node, seg->symbol);
}

/* call_is_top: the slot that the return reads is that of the last call: a call only to reach its return, as retpolines do. */
static uint32_t after_return(struct call_stacks *s, const struct vcpu *v, bool call_is_top,
                             const struct segment *seg)
{
    const struct slot *at = slot_of(s, v->slot);
    if (at->node && at->back == seg->start) {
        return at->node;
    }
    if (is_entry(s, seg)) {
        return interrupted(s, at->node ? at->node : v->node, seg);
    }
    return at->node && call_is_top ? replaced(s, at->node, seg->symbol) : child(s, 0, seg->symbol);
}

static uint32_t after_leave(struct call_stacks *s, const struct vcpu *v, const struct segment *seg)
{
    uint32_t below = s->node[v->node].parent;
    if (is_entry(s, seg)) {
        return interrupted(s, below, seg);
    }
    for (uint32_t n = below; n; n = s->node[n].parent) {
        if (s->node[n].symbol == seg->symbol) {
            return n;
        }
    }
    return child(s, below, seg->symbol);
}

static bool follows(const struct segment *last, const struct segment *seg)
{
    if (last->flow == FLOW_JUMP && !last->target) {
        return true;
    }
    return seg->start == last->end || (last->flow == FLOW_JUMP && seg->start == last->target);
}

static uint32_t after_others(struct call_stacks *s, const struct vcpu *v, const struct segment *seg)
{
    bool jumped = v->ended && follows(v->last, seg);
    bool entered = is_entry(s, seg) && !(jumped && v->last->target == seg->start);
    if (s->node[v->node].symbol == seg->symbol && !entered) {
        return v->node;
    }
    if (!jumped || entered) {
        return interrupted(s, v->node, seg);
    }
    return replaced(s, v->node, seg->symbol);
}

static uint32_t next_node(struct call_stacks *s, struct vcpu *v, const struct segment *seg)
{
    bool call_is_top = v->slot_is_call;
    if (seg->symbol == 0 || !v->last) {
        return child(s, 0, seg->symbol);
    }
    if (v->last->symbol == 0) {
        learn_entry(s, seg->start);
        return child(s, 0, seg->symbol);
    }
    switch (v->ended ? v->last->flow : FLOW_ON) {
    case FLOW_CALL:
        return after_call(s, v, seg);
    case FLOW_RETURN:
        v->slot_is_call = false;
        return after_return(s, v, call_is_top, seg);
    case FLOW_LEAVE:
        return after_leave(s, v, seg);
    default:
        return after_others(s, v, seg);
    }
}

static void account(struct call_stacks *s, uint64_t total)
{
    s->node[s->active].count += total - s->total;
    s->total = total;
}

void call_stack_enter(struct call_stacks *s, unsigned vcpu, const struct segment *seg, uint64_t total)
{
    struct vcpu *v = &s->vcpu[vcpu % STACK_VCPUS];
    account(s, total);
    v->node = next_node(s, v, seg);
    v->last = seg;
    v->ended = false;
    s->active = v->node;
}

void call_stack_leave(struct call_stacks *s, unsigned vcpu)
{
    s->vcpu[vcpu % STACK_VCPUS].ended = true;
}

void call_stack_slot(struct call_stacks *s, unsigned vcpu, uint64_t slot)
{
    struct vcpu *v = &s->vcpu[vcpu % STACK_VCPUS];
    if (v->last->flow == FLOW_CALL) {
        remember(s, slot, v->last->end, v->node);
        v->slot_is_call = true;
    } else {
        v->slot_is_call &= v->slot == slot;
    }
    v->slot = slot;
}

void call_stacks_open(struct call_stacks *s, uint64_t total)
{
    account(s, total);
    for (size_t i = 0; i < s->nodes; i++) {
        s->node[i].opened = s->node[i].count;
    }
}

void call_stacks_close(struct call_stacks *s, uint64_t total)
{
    account(s, total);
    for (size_t i = 0; i < s->nodes; i++) {
        s->node[i].window += s->node[i].count - s->node[i].opened;
        s->node[i].opened = s->node[i].count;
    }
}

const struct call_node *call_stacks_nodes(const struct call_stacks *s, size_t *count)
{
    *count = s->nodes - 1;
    return s->node;
}

uint32_t call_stack_now(const struct call_stacks *s, unsigned vcpu)
{
    return s->vcpu[vcpu % STACK_VCPUS].node;
}
