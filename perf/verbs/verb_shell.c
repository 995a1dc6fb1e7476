// cloudbench shell: a busybox prompt on a kernel, on this terminal. The same machine as the tcg
// tier's.
#include "perf/util/say.h"
#include "perf/verbs/host_tools.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/vm/guest_boot.h"
#include "perf/vm/host_terminal.h"
#include "perf/vm/temp_dir.h"
#include "perf/vm/tier_choice.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPT_TIER = 256, OPT_APPEND };

struct shell_args {
    const char *kernel, *topology, *tier, *append;
    struct host_tools tools;
};

static const struct argp_option options[] = {
    OPTION_KERNEL,
    {"topology", 't', "TOPOLOGY", 0, "CPUs and nodes, by name or as 8 or 8x4 (default: 2)", 0},
    {"tier", OPT_TIER, "TIER", 0, "tcg, det or kvm (default: tcg)", 0},
    {"append", OPT_APPEND, "WORDS", 0, "more kernel options", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct shell_args *a = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &a->tools;
        break;
    case 'k':
        option_kernel(state, arg, &a->kernel);
        break;
    case 't':
        a->topology = arg;
        break;
    case OPT_TIER:
        if (!strcmp(arg, "auto")) // nothing is measured: there is nothing to choose by
            argp_error(state, "--tier wants tcg, det or kvm, not \"auto\"");
        a->tier = arg;
        break;
    case OPT_APPEND:
        a->append = arg;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "shell takes no \"%s\"", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static int exit_code_of(const struct boot_result *r)
{
    switch (r->status) {
    case BOOT_OK:
    case BOOT_QUIT:
        return EXIT_OK;
    case BOOT_INTERRUPTED:
        return EXIT_INTERRUPTED;
    case BOOT_QEMU_FAILED:
        return EXIT_REFUSED;
    default:
        return EXIT_GUEST;
    }
}

static int converse(const struct shell_args *a, const struct kernel_image *kernel,
                    const struct vm_topology *topology, const struct tier_choice *tier)
{
    struct vm_spec spec = {.tier = tier->tier,
                           .qemu = a->tools.qemu,
                           .cpu = tier->cpu,
                           .topology = topology,
                           .kernel = kernel,
                           .initrd = a->tools.initrd,
                           .extra_append = a->append};
    struct boot_request request = {.spec = &spec, .slowness = 1, .interactive = true};
    struct boot_result r;
    say("%s on %d CPU%s; `exit` switches off, Ctrl-] q leaves, Ctrl-C goes to the guest",
        kernel->label, topology->cpus, topology->cpus == 1 ? "" : "s");
    host_terminal_raw();
    guest_boot(&request, &r);
    host_terminal_restore();
    if (r.status != BOOT_OK && r.status != BOOT_QUIT)
        say_error("%s", r.reason);
    int rc = exit_code_of(&r);
    boot_result_free(&r);
    return rc;
}

const struct argp shell_argp = {
    options,
    parse,
    "",
    "An interactive guest. Ctrl-] q leaves, Ctrl-] twice sends one Ctrl-].",
    tool_options,
    0,
    0};

int verb_shell(int argc, char **argv)
{
    struct shell_args a = {.topology = "2", .tier = "tcg"};
    struct kernel_image kernel = {0};
    struct vm_topology topology = {0};
    struct tier_choice tier;
    char *why;
    argp_parse(&shell_argp, argc, argv, 0, 0, &a);
    a.kernel = a.kernel ? a.kernel : "cloudos";
    int rc = EXIT_USAGE;
    temp_dir_sweep();
    if (!vm_topology_find(&topology, a.topology, &why))
        say_error("%s", why);
    else
        rc = tier_choose(&tier, a.tier, topology.cpus);
    rc = rc ? rc : kernel_image_find(&kernel, a.kernel);
    rc = rc ? rc : host_tools_find(&a.tools, (struct host_need){0});
    rc = rc ? rc : converse(&a, &kernel, &topology, &tier);
    kernel_image_free(&kernel);
    vm_topology_free(&topology);
    host_tools_free(&a.tools);
    free(why);
    return rc;
}
