// One round of several kernels at once, each in a process of its own. For the det tier: its counts are the same whatever else the host does, so as many virtual machines
// run as the host has processors.
#pragma once
#include "perf/result/session_state.h"

// arm(s, kernel) runs one kernel's round in its process, on a session that is a copy; after each boot but its last it tells. What it measured is taken up in the order of
// `kernel`, as if the rounds had run one after the other: boots are numbered so, and their files named. Returns how many of the first are whole; of fewer than n, s->end says
// why and the others stay begun (begun_round.h).
// SIGINT, SIGTERM and SIGHUP of this process end the rounds, and its death does.
int run_side_by_side(struct session *s, const int *kernel, int n, void (*arm)(struct session *s, int kernel));
// In the process of a kernel (s->progress.relay): its round has one boot more.
void side_by_side_tell(struct session *s, int kernel);
