/*
 * line_tally.h: how often one access met another on a line. A counting hash table for the lines
 * plugin; one thread only.
 */
#pragma once
#include "perf/plugin/line_model.h"

/* 'r': read after another's write, 'w': write after another's write (both transfers),
 * 'i': a holder's write that took the line from others (invalidation only). */
struct line_meeting {
    uint64_t line;
    struct line_touch to, from; /* their vcpu is not part of the identity */
    uint8_t kind;
    bool apart; /* as in struct line_outcome */
    bool far;   /* between nodes */
};

struct tally_entry {
    struct line_meeting key;
    uint64_t vaddr; /* of the line in the last access */
    uint64_t count; /* 0: free slot */
};

struct line_tally {
    struct tally_entry *slot;
    size_t slots, used;
};

void line_tally_add(struct line_tally *t, const struct line_meeting *key, uint64_t vaddr);
void line_tally_clear(struct line_tally *t);
