// As `cloudbench run` of a trial would find them (run_resolve.c).
#include "perf/verbs/tune_inputs.h"

#include "perf/result/measured_inputs.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"
#include "perf/verbs/host_tools.h"
#include "perf/verbs/run_resolve.h"

#include <stdlib.h>
#include <string.h>

static int note_kernel(json_t *in, const char *name)
{
    struct kernel_image k = {0};
    int rc = kernel_image_find(&k, name);
    if (!rc)
        inputs_note_kernel(in, &k);
    kernel_image_free(&k);
    return rc;
}

// turns: the det tier's CPUs run in turns that the plugin ends.
static int note_tools(json_t *in, bool det, int cpus, bool turns)
{
    struct host_tools tools = {0};
    int rc = host_tools_find(&tools, (struct host_need){det ? "count" : NULL, det ? cpus : 0, turns});
    if (!rc) {
        inputs_note_file(in, "QEMU", tools.qemu);
        inputs_note_file(in, "the initramfs", tools.initrd);
        if (det)
            inputs_note_file(in, "the counting plugin", tools.plugin);
    }
    host_tools_free(&tools);
    return rc;
}

// The entries of configs/workloads.yaml: iterations and what else they say.
static void note_workloads(json_t *in, const struct tune_space *space)
{
    json_t *all = project_config("workloads");
    for (int o = 0; o < space->objectives; o++) {
        const char *row = space->objective[o].workload;
        char *workload = x_printf("%.*s", (int)strcspn(row, "@"), row), *name = x_printf("the workload %s", workload);
        json_t *entry = json_object_get(all, workload);
        json_object_set(in, name, entry ? entry : json_null());
        free(workload);
        free(name);
    }
    json_decref(all);
}

static int note_machine(json_t *in, bool det, const char *name, json_t *policy)
{
    struct vm_topology topology = {0};
    char *why;
    int turn_ns = 0;
    if (!vm_topology_find(&topology, name, &why)) {
        say_error("%s", why);
        free(why);
        return EXIT_USAGE;
    }
    int rc = run_turn(-1, policy, det ? TIER_DET : TIER_KVM, topology.cpus, &turn_ns);
    json_object_set_new(in, "the machine (topology)", vm_topology_json(&topology));
    rc = rc ? rc : note_tools(in, det, topology.cpus, turn_ns > 0);
    vm_topology_free(&topology);
    return rc;
}

int tune_inputs(const struct tune_space *space, bool det, const char *topology, json_t **inputs)
{
    json_t *policy = project_config("policy"), *run = json_object_get(policy, "run");
    *inputs = json_object();
    int rc = note_machine(*inputs, det, topology, run);
    rc = rc ? rc : note_kernel(*inputs, space->kernel);
    json_object_set(*inputs, "the policy of a run", run);
    note_workloads(*inputs, space);
    json_decref(policy);
    return rc;
}
