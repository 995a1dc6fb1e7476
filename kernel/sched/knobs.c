/* knobs.c: the scheduler's settings: what each reads and what writing it changes. Any CPU, any time; a value takes effect where it is read
 * next, which is named at each. Must never be called with interrupts off. */
#include "kernel/sched/knobs.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/param.h"
#include "kernel/lib/string.h"
#include "kernel/sched/rq.h"

/* ---- numbers ---- */

static s64 base_slice_get(void)
{
    return (s64)sched_tunables.base_slice_ns;
}

/* Requests that begin from now on. */
static int base_slice_set(s64 ns)
{
    WRITE_ONCE(sched_tunables.base_slice_ns, (u64)ns);
    WRITE_ONCE(sched_tunables.base_slice, sched_ticks((u64)ns));
    sched_follow_features();
    return 0;
}

static s64 migration_cost_get(void)
{
    return (s64)sched_tunables.migration_cost_ns;
}

static int migration_cost_set(s64 ns)
{
    WRITE_ONCE(sched_tunables.migration_cost_ns, (u64)ns);
    WRITE_ONCE(sched_tunables.migration_cost, sched_ticks((u64)ns));
    return 0;
}

static s64 nr_migrate_get(void)
{
    return sched_tunables.nr_migrate;
}

static int nr_migrate_set(s64 tasks)
{
    WRITE_ONCE(sched_tunables.nr_migrate, (u32)tasks);
    return 0;
}

static s64 rt_period_get(void)
{
    return sched_rt_period_us;
}

static int rt_period_set(s64 us)
{
    return us < sched_rt_runtime_us ? -EINVAL : dl_set_limit(sched_rt_runtime_us, (int)us);
}

static s64 rt_runtime_get(void)
{
    return sched_rt_runtime_us;
}

static int rt_runtime_set(s64 us)
{
    return us > sched_rt_period_us ? -EINVAL : dl_set_limit((int)us, sched_rt_period_us);
}

#define RR_TIMESLICE_DEFAULT_MS 100

static s64 rr_timeslice_get(void)
{
    return sched_rr_timeslice_ms;
}

static int rr_timeslice_set(s64 ms)
{
    WRITE_ONCE(sched_rr_timeslice_ms, ms > 0 ? (int)ms : RR_TIMESLICE_DEFAULT_MS);
    return 0;
}

static s64 dl_period_min_get(void)
{
    return sched_dl_period_min_us;
}

static int dl_period_min_set(s64 us)
{
    if (us > sched_dl_period_max_us)
        return -EINVAL;
    WRITE_ONCE(sched_dl_period_min_us, (u32)us);
    return 0;
}

static s64 dl_period_max_get(void)
{
    return sched_dl_period_max_us;
}

static int dl_period_max_set(s64 us)
{
    if (us < sched_dl_period_min_us)
        return -EINVAL;
    WRITE_ONCE(sched_dl_period_max_us, (u32)us);
    return 0;
}

static s64 schedstats_get(void)
{
    return sched_schedstats;
}

static int schedstats_set(s64 on)
{
    if (on)
        WRITE_ONCE(sched_stats_used, true);
    WRITE_ONCE(sched_schedstats, (int)on);
    return 0;
}

/* ---- features ---- */

static const char *const feature_name[] = {"PLACE_LAG", "WAKEUP_PREEMPTION"}; /* by bit, FEAT_* */

static void features_show(char *text, size_t size)
{
    size_t n = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(feature_name); i++)
        n += (size_t)scnprintf(text + n, size - n, "%s%s%s", i ? " " : "", sched_features & BIT(i) ? "" : "NO_", feature_name[i]);
}

static int features_store(const char *word)
{
    bool off = !strncmp(word, "NO_", 3);

    for (unsigned i = 0; i < ARRAY_SIZE(feature_name); i++) {
        if (strcmp(word + (off ? 3 : 0), feature_name[i]))
            continue;
        WRITE_ONCE(sched_features, off ? sched_features & ~(u32)BIT(i) : sched_features | (u32)BIT(i));
        sched_follow_features();
        return 0;
    }
    return -EINVAL;
}

/* ---- preemption model ---- */

static const char *const model_name[] = {[PREEMPT_VOLUNTARY] = "voluntary", [PREEMPT_FULL] = "full", [PREEMPT_LAZY] = "lazy"};

static void preempt_show(char *text, size_t size)
{
    size_t n = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(model_name); i++)
        n += (size_t)scnprintf(text + n, size - n, sched_preempt_model == i ? "%s(%s)" : "%s%s", i ? " " : "", model_name[i]);
}

static int preempt_store(const char *word)
{
    for (unsigned i = 0; i < ARRAY_SIZE(model_name); i++) {
        if (strcmp(word, model_name[i]))
            continue;
        WRITE_ONCE(sched_preempt_model, (enum preempt_model)i);
        return 0;
    }
    return -EINVAL;
}
KERNEL_PARAM("preempt", preempt_store);

#define KNOB(path, unit, lowest, highest, by_default, name, effect, control, test) \
    {.file = path, .low = lowest, .high = highest, .get = name##_get, .set = name##_set},
#define MOVES(kernel, path, from, to, workload, metric, factor)
#define WORDS(path, words, by_default, name, effect, control, test) {.file = path, .show = name##_show, .store = name##_store},
const struct sched_knob sched_knobs[] = {
#include "kernel/sched/knobs.def"
};
const size_t nr_sched_knobs = ARRAY_SIZE(sched_knobs);
