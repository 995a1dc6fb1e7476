// Boots of one round of several kernels at once, each in a process of its own. For the det tier: its counts are the same whatever else the host does, so as many virtual
// machines run as the host has processors.
#pragma once
#include "perf/result/session_state.h"

// In the order in which they are begun.
struct boot_shares {
    struct boot_share *share;
    int count;
};

void boot_shares_add(struct boot_shares *to, struct boot_share share); // takes its left_out
void boot_shares_free(struct boot_shares *shares);

// arm(s, kernel) measures one share (s->share) in its process, on a session that is a copy; after each boot but its last it tells. At most s->o->jobs of them run at once. What
// they measured is taken up in the order of `kernel` and of the shares, as if the boots had run one after the other: they are numbered so, and their files named.
// Returns how many of the first kernels are whole; of fewer than n, s->end says why and the others stay begun (begun_round.h).
// SIGINT, SIGTERM and SIGHUP of this process end the rounds, and its death does.
int run_side_by_side(struct session *s, const int *kernel, int n, const struct boot_shares *shares, void (*arm)(struct session *s, int kernel));
// In the process of a share (s->progress.relay): it has one boot more.
void side_by_side_tell(struct session *s, int kernel);
