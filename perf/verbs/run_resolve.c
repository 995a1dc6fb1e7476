// Each step says itself what is wrong; the first that fails ends it.
#include "perf/verbs/run_resolve.h"

#include "perf/util/json_get.h"
#include "perf/util/say.h"
#include "perf/view/compare_view.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

static int find_kernels(struct run_options *o, const struct str_list *names)
{
    int rc = 0;
    for (size_t i = 0; i < names->count && !rc; i++) {
        if (o->kernels == RUN_KERNELS_MAX) {
            say_error("at most %d kernels in one run", RUN_KERNELS_MAX);
            return EXIT_USAGE;
        }
        rc = kernel_image_find(&o->kernel[o->kernels], names->items[i]);
        o->kernels++;
    }
    return rc;
}

// The second arm is called so, and what it does more.
static void name_second(struct kernel_image *k, const struct run_options *o)
{
    char *name = x_printf("%s" SECOND_ARM, k->name), *more = NULL;
    const struct plan_control *c = &o->control;
    if (c->workload && c->every > 1)
        more = x_printf(", %s +%ld instructions every %ld iterations", c->workload, c->n, c->every);
    else if (c->workload)
        more = x_printf(", %s +%ld %s", c->workload, c->n, o->tier.tier == TIER_DET ? "instructions" : "ns");
    char *label = x_printf("%s again%s", k->label, more ? more : "");
    free(k->name);
    free(k->label);
    free(more);
    k->name = name;
    k->label = label;
    k->second = true;
}

// The second arm of every kernel: the same image under another name.
static int double_arms(struct run_options *o)
{
    int n = o->kernels, rc = 0;
    if (2 * n > RUN_KERNELS_MAX) {
        say_error("at most %d arms in one run", RUN_KERNELS_MAX);
        return EXIT_USAGE;
    }
    for (int k = 0; k < n && !rc; k++) {
        struct kernel_image *again = &o->kernel[o->kernels];
        rc = kernel_image_find(again, o->kernel[k].name);
        o->kernels++;
        if (!rc)
            name_second(again, o);
    }
    return rc;
}

static int check_shape(const struct run_args *a, const struct run_options *o)
{
    if (o->tier.tier == TIER_DET && o->topology->cpus > VM_DET_CPUS_MAX) {
        say_error("the det tier runs up to %d CPUs in turn; topology \"%s\" has %d (--tier tcg "
                  "takes it)",
                  VM_DET_CPUS_MAX, a->topology, o->topology->cpus);
        return EXIT_USAGE;
    }
    return 0;
}

int run_turn(int asked, json_t *policy, enum tier tier, int cpus, int *turn_ns)
{
    bool turns = tier == TIER_DET && cpus > 1;
    if (asked >= 0 && !turns) {
        say_error("--turn %d: only several CPUs of the det tier run in turn", asked);
        return EXIT_USAGE;
    }
    *turn_ns = !turns ? 0 : asked >= 0 ? asked : (int)number_of(policy, "turn_ns");
    return 0;
}

// The host's part. What it cannot give is said, recorded and left out.
static int place(const struct run_args *a, struct run_options *o)
{
    json_t *of_tier = json_object_get(a->policy, "place");
    const char *name = a->place ? a->place : text_of(of_tier, tier_name[o->tier.tier]);
    enum place_rule rule;
    if (!place_rule_of(name, &rule) || (rule != PLACE_BY_HOST && o->tier.tier == TIER_DET)) {
        say_error(o->tier.tier == TIER_DET ? "--place %s: counts of the det tier do not depend on where it runs"
                                           : "no placement is called \"%s\": none, compact or spread", name);
        return EXIT_USAGE;
    }
    host_plan_make(&o->plan, rule, o->topology, NULL);
    host_plan_finish(&o->plan, o->topology, number_of(a->policy, "huge_page_kb"),
                     o->tier.tier == TIER_KVM && !strcmp(text_of(a->policy, "halt"), "guest"));
    for (size_t i = 0; i < o->plan.missing.count; i++)
        say("placement: %s", o->plan.missing.items[i]);
    return 0;
}

// policy.run.NAME.KEY
static int in_policy(json_t *policy, const char *name, const char *key)
{
    return json_integer_value(json_object_get(json_object_get(policy, name), key));
}

// How many boots run at once: times would disturb each other, counts do not.
static int choose_jobs(struct run_args *a, struct run_options *o)
{
    cpu_set_t may;
    bool det = o->tier.tier == TIER_DET;
    o->jobs = 1;
    if (a->jobs > 1 && !det) {
        say_error("-j %d: boots at once would disturb each other's times (tier %s)", a->jobs, tier_name[o->tier.tier]);
        return EXIT_USAGE;
    }
    if (det)
        o->jobs = a->jobs ? a->jobs : sched_getaffinity(0, sizeof(may), &may) ? 1 : CPU_COUNT(&may);
    return 0;
}

int run_resolve(struct run_args *a, struct run_options *o, struct vm_topology *topology)
{
    char *why;
    int rc = format_known(a->format) ? 0 : EXIT_USAGE;
    if (rc)
        return rc;
    if (!vm_topology_find(topology, a->topology, &why)) {
        say_error("%s", why);
        free(why);
        return EXIT_USAGE;
    }
    o->topology = topology;
    rc = tier_choose(&o->tier, a->tier, topology->cpus);
    rc = rc ? rc : check_shape(a, o);
    rc = rc ? rc : run_turn(a->turn_ns, a->policy, o->tier.tier, topology->cpus, &o->turn_ns);
    rc = rc ? rc : choose_jobs(a, o);
    rc = rc ? rc : place(a, o);
    rc = rc ? rc : find_kernels(o, &a->kernels);
    o->control = (struct plan_control){a->control, a->control_n, a->control_every};
    rc = rc || !a->aa ? rc : double_arms(o);
    bool det = o->tier.tier == TIER_DET;
    struct host_need need = {det ? "count" : NULL, det ? topology->cpus : 0, o->turn_ns > 0};
    rc = rc ? rc : host_tools_find(&a->tools, need);
    o->qemu = a->tools.qemu;
    o->initrd = a->tools.initrd;
    o->plugin = a->tools.plugin;
    o->seed = a->seed > 0 ? (uint64_t)a->seed
                          : (uint64_t)json_integer_value(json_object_get(a->policy, "seed"));
    o->boots = a->boots ? a->boots : in_policy(a->policy, "boots", tier_name[o->tier.tier]);
    bool alone = det && (a->aa || o->kernels == 1);
    o->rows_per_boot = in_policy(a->policy, "rows_per_boot", alone ? "alone" : tier_name[o->tier.tier]);
    return rc;
}

void run_resolve_free(struct run_args *a, struct run_options *o, struct vm_topology *topology)
{
    for (int k = 0; k < o->kernels; k++)
        kernel_image_free(&o->kernel[k]);
    host_plan_free(&o->plan);
    host_tools_free(&a->tools);
    list_free(&a->suites);
    list_free(&a->kernels);
    list_free(&a->programs);
    free(a->control);
    vm_topology_free(topology);
}
