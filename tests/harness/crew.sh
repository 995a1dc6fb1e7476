#!/usr/bin/env bash
# A member of a crew that ends before the gate ends its workload: a failure with a record, or unsupported, and never a wait without an end.
# bench/guest/crew.c under a workload made here, on this machine. Boots nothing.
prefix='crew: '
. "$(dirname "$0")/steps.bash"

cat >"$tmp/work.c" <<'C'
#include "bench/guest/crew.h"
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void member(struct crew *c, int me, void *arg)
{
    const char *how = arg;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* here nobody else ends those that wait at the gate */
    if (me == 1 && strncmp(how, "early", 5) == 0) {
        _exit(strcmp(how, "early77") == 0 ? 77 : 3);
    }
    crew_ready(c);
    _exit(me == 1 && strcmp(how, "late77") == 0 ? 77 : 0);
}

void workload_run(struct bench *b)
{
    struct crew c;
    crew_start(&c, b, 3, member, (void *)b->variant);
    bench_begin(b);
    crew_go(&c);
    crew_reap(&c);
    bench_end(b, 1);
}
C
gcc -std=gnu11 -D_GNU_SOURCE -I. -o "$tmp/work" "$tmp/work.c" bench/guest/{crew,sched_calls,bench,laps,pad,record}.c >"$tmp/out" 2>&1
check 'the crew is built for this machine' $?
expect 'members that do all' 0 '"check":"ok"' timeout 20 "$tmp/work" x/all 1
expect 'a member that fails before the gate' 1 'a member ended at the gate with status 0x300' timeout 20 "$tmp/work" x/early3 1
expect 'one that lacks a call there' 77 '"type":"unsupported"' timeout 20 "$tmp/work" x/early77 1
expect 'one that lacks a call behind it' 77 '"type":"unsupported"' timeout 20 "$tmp/work" x/late77 1
