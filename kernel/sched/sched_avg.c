/* sched_avg.c: how much of the time a task ran, and wanted to run, lately: averages in which what is a period of 1.05 ms older counts
 * 2^(-1/32) of the newer, so that 32 periods ago counts half. Owner of the task only; the times come from its sums, so that nothing is
 * counted on the way: sched_avg_follow() brings them up to date at ticks and where the task begins to sleep, if four periods have passed. What it ran
 * since then counts as the latest that it can have been, after the wake-up; what does not fit there is spread evenly before it.
 * Source of the averages: Turner, "per-entity load tracking", Linux 3.8, 2013. */
#include "kernel/sched/rq.h"

#define FACTOR_ONE (1ull << 32)
#define AVG_ONE (1024u << 10)
#define HALF_LIFE 32u

/* 2^(-2^i / 32), in 32 bits. */
static const u32 power[5] = {4202935003u, 4112874773u, 3938502376u, 3611622603u, 3037000500u};

/* What the past counts after so many ns. */
static u64 decay(u64 ns)
{
    u64 periods = ns / SCHED_AVG_PERIOD_NS, part = ns % SCHED_AVG_PERIOD_NS, factor = FACTOR_ONE;

    if (periods >= 32 * HALF_LIFE)
        return 0;
    factor >>= periods / HALF_LIFE;
    for (unsigned i = 0; i < ARRAY_SIZE(power); i++)
        if (periods >> i & 1)
            factor = factor * power[i] >> 32;
    return factor - (factor * part / SCHED_AVG_PERIOD_NS * (FACTOR_ONE - power[0]) >> 32);
}

/* factor of the old average and the rest of `ticks` out of `whole`. */
static u32 mix(u32 old, u64 factor, u64 ticks, u64 whole)
{
    unsigned fits = whole >> 40 ? 20 : 0; /* with the 20 bits of AVG_ONE */
    u64 share = (min(ticks, whole) >> fits) * AVG_ONE / max(whole >> fits, 1ull);

    return (u32)((old * factor + share * (FACTOR_ONE - factor)) >> 32);
}

static void advance(struct sched_avg *a, u64 until, u64 ran, u64 wanted)
{
    u64 whole = until - a->last_update, factor = decay(sched_ns(whole));

    a->util = mix(a->util, factor, ran, whole);
    a->runnable = mix(a->runnable, factor, wanted, whole);
    a->last_update = until;
}

void sched_avg_update(struct sched_entity *se, u64 now)
{
    struct sched_avg *a = &se->avg;
    u64 ran = se->sum_exec_runtime - a->exec, wanted = ran + se->run_delay - a->delay;

    if ((s64)(se->last_wakeup - a->last_update) > 0 && (s64)(now - se->last_wakeup) > 0) {
        u64 awake = now - se->last_wakeup, ran_before = ran > awake ? ran - awake : 0;

        advance(a, se->last_wakeup, ran_before, wanted > awake ? wanted - awake : 0);
        ran -= ran_before;
        wanted = min(wanted, awake);
    }
    advance(a, now, ran, wanted);
    a->exec = se->sum_exec_runtime;
    a->delay = se->run_delay;
}
