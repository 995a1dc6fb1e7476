// Seconds of a boot of the earlier run, in proportion to the steps and the scale: an order of magnitude, no promise.
#include "perf/result/run_estimate.h"

#include "perf/result/run_store.h"
#include "perf/util/json_get.h"

#include <string.h>

#define BOOT_UNITS   4.0 // a boot costs about as much as this many steps where nobody measured it
#define LOOK_AT_MOST 50  // runs, the newest first

// Its canaries, or the others.
static size_t rows_of(json_t *run, const char *kernel, bool canaries)
{
    json_t *row;
    size_t i, n = 0;
    struct str_list seen = {0};
    json_array_foreach (json_object_get(run, "rows"), i, row)
        if (!strcmp(text_of(row, "kernel"), kernel) && row_is_canary(text_of(row, "workload")) == canaries && !list_has(&seen, text_of(row, "workload"))) {
            list_add(&seen, text_of(row, "workload"));
            n++;
        }
    list_free(&seen);
    return n;
}

// What one kernel took in an earlier run.
struct pace {
    double boot, step; // seconds; 0: the run does not tell
};

// The boots of the kernel in that run: how many, their seconds, and those until the first program ran. 0 when one did not go well.
static int boots_of(json_t *run, const char *kernel, double *seconds, double *until_init)
{
    json_t *boot;
    size_t i;
    int boots = 0;
    *seconds = *until_init = 0;
    json_array_foreach (json_object_get(run, "boots"), i, boot) {
        double cpu = number_of(boot, "qemu_cpu_seconds"), init = number_of(boot, "init_cpu_seconds");
        if (strcmp(text_of(boot, "kernel"), kernel))
            continue;
        if (strcmp(text_of(boot, "status"), "ok"))
            return 0;
        *seconds += number_of(boot, "wall_seconds");
        *until_init += cpu > init && init > 0 ? number_of(boot, "wall_seconds") * init / cpu : 0;
        boots++;
    }
    return boots;
}

// Linux boots for as long as dozens of its steps take, CloudOS for as long as a few: what the run saw, BOOT_UNITS where it did not look.
static struct pace pace_of(json_t *run, const char *kernel)
{
    double seconds, until_init, scale = number_of(run, "scale");
    int each = !strcmp(text_of(run, "tier"), "det") ? 1 + 2 * DET_REPEATS : 2, boots = boots_of(run, kernel, &seconds, &until_init);
    double rows = number_of(run, "boots_per_kernel") * rows_of(run, kernel, false) + boots * rows_of(run, kernel, true);
    double steps = each * rows * (scale > 0 ? scale : 1);
    double unit = boots ? seconds / (steps + BOOT_UNITS * boots) : 0;
    if (!boots || !(until_init > 0) || !(steps > 0))
        return (struct pace){.boot = BOOT_UNITS * unit, .step = unit};
    return (struct pace){.boot = until_init / boots, .step = (seconds - until_init) / steps};
}

// The name under which that run booted the kernel: its own, or that of an arm with the same image.
static const char *name_in(json_t *run, const struct kernel_image *kernel)
{
    json_t *kernels = json_object_get(json_object_get(run, "identity"), "kernels"), *k;
    const char *name;
    if (json_object_get(kernels, kernel->name))
        return kernel->name;
    json_object_foreach (kernels, name, k)
        if (!strcmp(text_of(k, "path"), kernel->path))
            return name;
    return "";
}

// The processes of a run, each with the seconds that it has been given.
struct lanes {
    double *busy;
    int count;
};

// To the one that is free first.
static void add_boot(struct lanes *l, double seconds)
{
    int first = 0;
    for (int i = 1; i < l->count; i++)
        first = l->busy[i] < l->busy[first] ? i : first;
    l->busy[first] += seconds;
}

static double longest(const struct lanes *l)
{
    double most = 0;
    for (int i = 0; i < l->count; i++)
        most = l->busy[i] > most ? l->busy[i] : most;
    return most;
}

// A round of all kernels by that run's pace, o->jobs boots at once; 0 when it lacks one of them.
static double by_run(json_t *run, const struct run_options *o, const struct run_plan *plan)
{
    int boots = run_plan_boots(plan, o->rows_per_boot), all = boots * o->kernels, at_once = o->jobs < all ? o->jobs : all;
    struct lanes l = {.busy = x_alloc(at_once * sizeof(double)), .count = at_once};
    bool known = true;
    for (int k = 0; k < o->kernels; k++) {
        struct pace p = pace_of(run, name_in(run, &o->kernel[k]));
        known &= p.boot > 0;
        for (int b = 0; b < boots; b++)
            add_boot(&l, p.step * run_plan_steps(plan, boots) / boots * o->scale + p.boot);
    }
    double seconds = known ? o->boots * longest(&l) : 0;
    free(l.busy);
    return seconds;
}

static bool same_shape(json_t *run, const struct run_options *o)
{
    return !strcmp(text_of(run, "tier"), tier_name[o->tier.tier]) &&
           number_of(json_object_get(run, "identity"), "turn_ns") == o->turn_ns &&
           number_of(json_object_get(run, "topology"), "cpus") == o->topology->cpus;
}

void run_estimate(struct run_estimate *e, const struct run_options *o, const struct run_plan *plan)
{
    struct str_list ids = {0};
    *e = (struct run_estimate){0};
    run_store_list(o->base, &ids);
    for (size_t i = ids.count; i-- > 0 && ids.count - i <= LOOK_AT_MOST && !e->from;) {
        json_t *run = run_store_load(o->base, ids.items[i]);
        e->seconds = run && same_shape(run, o) ? by_run(run, o, plan) : 0;
        e->from = e->seconds > 0 ? x_strdup(ids.items[i]) : NULL;
        json_decref(run);
    }
    list_free(&ids);
}

static double by_run_of(json_t *run, const struct vm_spec *spec, int boots, double steps)
{
    bool same = !strcmp(text_of(run, "tier"), tier_name[spec->tier]) &&
                number_of(json_object_get(run, "topology"), "cpus") == spec->topology->cpus;
    struct pace p = same ? pace_of(run, name_in(run, spec->kernel)) : (struct pace){0};
    return p.step * steps + p.boot * boots;
}

void run_estimate_boots(struct run_estimate *e, const char *base, const struct vm_spec *spec, int boots, double steps)
{
    struct str_list ids = {0};
    *e = (struct run_estimate){0};
    run_store_list(base, &ids);
    for (size_t i = ids.count; i-- > 0 && ids.count - i <= LOOK_AT_MOST && !e->from;) {
        json_t *run = run_store_load(base, ids.items[i]);
        e->seconds = run ? by_run_of(run, spec, boots, steps) : 0;
        e->from = e->seconds > 0 ? x_strdup(ids.items[i]) : NULL;
        json_decref(run);
    }
    list_free(&ids);
}
