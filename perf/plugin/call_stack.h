/*
 * call_stack.h: the calling context of a kernel, from the instructions that it runs: a tree of calls, and for
 * each vCPU the node where it is. Owns no QEMU call: the plugin tells it what runs, tests do the same.
 *
 * The unit is a segment: instructions that run one after another and belong to one function. A call's
 * return address lies somewhere in memory; the place (its slot) is remembered with the caller's node, and a return that
 * reads the slot goes back to that node. So a task that was switched out, on whatever stack, is found again when
 * it returns. What no call explains:
 *   from ring 3, or a return to where no call came from    a new stack: its first frame
 *   another function by a jump                             a tail call: takes the caller's place
 *   another function with no jump to it                    an interrupt or exception: a frame on top of what it met
 *   IRET inside the kernel                                 back below the interrupt's frame
 * Only an indirect jump or call that an interrupt meets just before its target, at an entry never seen
 * before, is taken for what it is not.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STACK_VCPUS 8
#define STACK_DEPTH 128 /* deeper calls are counted with their caller */

enum flow { FLOW_ON, FLOW_JUMP, FLOW_CALL, FLOW_RETURN, FLOW_LEAVE };

struct segment {
    uint64_t start, end; /* end: the first byte behind */
    uint64_t target;     /* of a jump or call; 0: not known at translation */
    uint32_t symbol;     /* a number of the caller's; 0 is ring 3 */
    uint32_t target_symbol;
    uint8_t flow;        /* of its last instruction */
};

struct call_node {
    uint32_t parent, symbol, depth;
    uint64_t count, opened, window; /* instructions: in all, when the window opened, in closed windows */
};

struct call_stacks;

struct call_stacks *call_stacks_make(void);
void call_stacks_free(struct call_stacks *s);

/* The segment's first instruction runs next; total: instructions of the whole machine before it. */
void call_stack_enter(struct call_stacks *s, unsigned vcpu, const struct segment *seg, uint64_t total);
/* The last instruction of the segment runs next. */
void call_stack_leave(struct call_stacks *s, unsigned vcpu);
/* The call stores, or the return loads, its return address there. */
void call_stack_slot(struct call_stacks *s, unsigned vcpu, uint64_t slot);

/* Windows do not nest; total as above. */
void call_stacks_open(struct call_stacks *s, uint64_t total);
void call_stacks_close(struct call_stacks *s, uint64_t total);

/* Nodes 1 to *count; 0 is the root, without a function. Valid until the next call. */
const struct call_node *call_stacks_nodes(const struct call_stacks *s, size_t *count);
/* Where the vCPU is. */
uint32_t call_stack_now(const struct call_stacks *s, unsigned vcpu);
