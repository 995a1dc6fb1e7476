// cloudbench profile: where a workload's instructions go, by symbol. Two boots, N and 2N
// iterations; a symbol's figure is its slope, so that start-up and warm-up cancel out. The same by call stack, as folded
// lines and as a flame graph.
#include "perf/profile/flame_graph.h"
#include "perf/profile/folded_stacks.h"
#include "perf/result/run_store.h"
#include "perf/result/step_result.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/util/say.h"
#include "perf/verbs/guest_symbols.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/view/compare_view.h"
#include "perf/view/dry_boots.h"
#include "perf/view/text_table.h"
#include "perf/vm/guest_boot.h"
#include "perf/vm/hang_watch.h"
#include "perf/vm/host_signals.h"
#include "perf/vm/temp_dir.h"
#include "perf/vm/tier_choice.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_TOP = 256, OPT_FOLDED, OPT_SVG };

struct profile_args {
    const char *workload, *kernel, *format, *folded, *svg;
    int top;
    double scale;
    bool dry;
    struct host_tools tools;
};

static const struct argp_option options[] = {
    OPTION_KERNEL,
    {"top", OPT_TOP, "N", 0, "show the N largest symbols (default: 40; 0: all)", 0},
    {"folded", OPT_FOLDED, "FILE", 0, "write instructions by call stack there, a line a stack; replaced", 0},
    {"svg", OPT_SVG, "FILE", 0, "write the flame graph there; replaced", 0},
    OPTION_SCALE,
    OPTION_DRY,
    OPTION_FORMAT,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct profile_args *a = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &a->tools;
        break;
    case 'k':
        option_kernel(state, arg, &a->kernel);
        break;
    case OPT_FORMAT:
        a->format = arg;
        break;
    case OPT_TOP:
        a->top = option_whole(state, arg, "--top", 0);
        break;
    case OPT_DRY:
        a->dry = true;
        break;
    case OPT_FOLDED:
        a->folded = arg;
        break;
    case OPT_SVG:
        a->svg = arg;
        break;
    case OPT_SCALE:
        a->scale = option_number(state, arg, "--scale");
        break;
    case ARGP_KEY_ARG:
        if (a->workload)
            argp_error(state, "one workload at a time");
        a->workload = arg;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which workload? (see `cloudbench list workloads`)");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

struct profile {
    const struct profile_args *args;
    struct run_plan plan;
    struct vm_spec spec;
    const char *symbols;
    json_t *sum[2];   // symbol -> instructions, of N and 2N
    json_t *stack[2]; // call stack -> instructions, where they were asked for
    double ops[2];
};

static void on_record(void *ctx, json_t *record)
{
    boot_steps_record(ctx, record);
}

static json_t *sums(const struct count_file *c)
{
    json_t *out = json_object(), *pair;
    size_t i;
    json_array_foreach (c->symbols, i, pair) {
        const char *name = json_string_value(json_array_get(pair, 0));
        double n = json_number_value(json_array_get(pair, 1)) +
                   json_number_value(json_object_get(out, name));
        json_object_set_new(out, name, json_real(n));
    }
    return out;
}

// Says why a boot has no figure; the exit code.
static int failed(const struct profile *p, const struct boot_result *r, const char *why)
{
    char *tail = boot_console_tail(r, 20);
    say_error("%s: %s", p->spec.kernel->label, r->reason ? r->reason : why);
    say("%s", tail);
    free(tail);
    return r->status == BOOT_QEMU_FAILED   ? EXIT_REFUSED
           : r->status == BOOT_INTERRUPTED ? EXIT_INTERRUPTED
                                           : EXIT_GUEST;
}

// Why the plugin's file is not that of the boot, or NULL; then its figures are p's.
static char *take_counts(struct profile *p, int which, const struct boot_steps *steps, const char *text)
{
    struct count_file counts;
    size_t steps_run = 0;
    char *why = NULL;
    for (size_t i = 0; i < p->plan.count; i++)
        steps_run += steps->step[i].ended;
    count_file_parse(&counts, text, true);
    if (counts.fault)
        why = x_strdup(counts.fault);
    else if (counts.windows != steps_run)
        why = x_printf("the counting plugin saw %zu workloads, the guest ran %zu", counts.windows, steps_run);
    else
        p->sum[which] = sums(&counts);
    count_file_free(&counts);
    p->stack[which] = why ? NULL : folded_parse(text, &why);
    return why;
}

static int take(struct profile *p, int which, const struct boot_steps *steps, const struct boot_result *r)
{
    char *why;
    json_t *result = boot_steps_measured(steps, &why);
    p->ops[which] = number_of(result, "ops");
    if (result && !r->counts)
        why = x_strdup("the counting plugin wrote nothing");
    int rc = r->status != BOOT_OK || why ? failed(p, r, why) : 0;
    if (!rc && (why = take_counts(p, which, steps, r->counts))) {
        say_error("%s: %s", p->spec.kernel->label, why);
        rc = EXIT_INTERNAL;
    }
    if (!rc && which && p->ops[1] <= p->ops[0])
        rc = failed(p, r, "2N iterations did no more operations than N: there is no slope");
    free(why);
    return rc;
}

// The steps that a boot leaves out, the caller's.
static bool *left_out(const struct profile *p, int which)
{
    bool *skip = x_alloc(p->plan.count * sizeof(bool));
    run_plan_first(&p->plan, which ? STEP_2N : STEP_N, skip);
    for (size_t i = 0; i < p->plan.count; i++)
        skip[i] &= p->plan.step[i].kind != STEP_WARM; // both warm up as a run does
    return skip;
}

// "bench ID [set:...] SPEC": the boot's words, the caller's.
static char *guest_args(const struct profile *p, const bool *skip)
{
    char *head = kernel_image_head(p->spec.kernel, "profile");
    char *args = run_plan_guest_args(&p->plan, head, skip, false);
    free(head);
    return args;
}

static int boot(struct profile *p, int which)
{
    struct boot_steps steps;
    struct boot_result r;
    bool *skip = left_out(p, which);
    char *args = guest_args(p, skip);
    struct boot_request request = {.spec = &p->spec,
                                   .run_id = "profile",
                                   .symbols = p->symbols,
                                   .slowness = machine_slowness(),
                                   .scale = p->args->scale,
                                   .on_record = on_record,
                                   .ctx = &steps};
    p->spec.guest_args = args;
    boot_steps_start(&steps, &p->plan, skip);
    say("%s: boot %d of 2", p->spec.kernel->label, which + 1);
    guest_boot(&request, &r);
    int rc = take(p, which, &steps, &r);
    boot_steps_free(&steps);
    boot_result_free(&r);
    free(args);
    free(skip);
    return rc;
}

static int by_cost(const void *a, const void *b)
{
    double x = json_number_value(json_object_get(*(json_t *const *)a, "instructions"));
    double y = json_number_value(json_object_get(*(json_t *const *)b, "instructions"));
    return (x < y) - (x > y);
}

// [{symbol, instructions, share}], largest first.
static json_t *slopes(struct profile *p, double *total)
{
    size_t n = json_object_size(p->sum[1]), k = 0;
    json_t **list = x_alloc((n + 1) * sizeof(*list)), *v, *out = json_array();
    double ops = p->ops[1] - p->ops[0];
    const char *name;
    *total = 0;
    json_object_foreach (p->sum[1], name, v) {
        double d =
            (json_number_value(v) - json_number_value(json_object_get(p->sum[0], name))) / ops;
        *total += d;
        if (d > 0.0005)
            list[k++] = json_pack("{s:s,s:f}", "symbol", name, "instructions", d);
    }
    qsort(list, k, sizeof(*list), by_cost);
    for (size_t i = 0; i < k; i++) {
        double d = json_number_value(json_object_get(list[i], "instructions"));
        json_object_set_new(list[i], "share", json_real(d / *total));
        json_array_append_new(out, list[i]);
    }
    free(list);
    return out;
}

static void show(struct profile *p)
{
    const char *format = p->args->format;
    struct text_table t = {0};
    double total;
    json_t *list = slopes(p, &total), *s;
    size_t i;
    if (!strcmp(format, "json")) {
        json_dumpf(list, stdout, JSON_INDENT(1));
        puts("");
        json_decref(list);
        return;
    }
    if (strcmp(format, "csv"))
        printf("%s on %s: %.1f instructions an operation, by symbol\n\n", p->args->workload,
               p->spec.kernel->label, total);
    table_head(&t, ">instructions/op");
    table_head(&t, ">share");
    table_head(&t, "symbol");
    json_array_foreach (list, i, s) {
        if (p->args->top && i >= (size_t)p->args->top)
            break;
        table_row(&t, NULL);
        table_cell(&t, 0, "%.2f", json_number_value(json_object_get(s, "instructions")));
        table_cell(&t, 1, "%.1f %%", 100 * json_number_value(json_object_get(s, "share")));
        table_cell(&t, 2, "%s", json_string_value(json_object_get(s, "symbol")));
    }
    table_print(&t,
                !strcmp(format, "md")    ? TABLE_MD
                : !strcmp(format, "csv") ? TABLE_CSV
                                         : TABLE_TEXT,
                stdout);
    table_free(&t);
    json_decref(list);
}

static int write_file(const char *path, struct text_buf *t)
{
    bool ok = file_replace(path, text_str(t), t->len);
    if (!ok)
        say_error("cannot write %s: %s", path, strerror(errno));
    text_free(t);
    return ok ? 0 : EXIT_REFUSED;
}

static double whole(json_t *folded)
{
    double n = 0;
    json_t *v;
    const char *path;
    json_object_foreach (folded, path, v)
        n += json_number_value(v);
    return n;
}

static int write_stacks(struct profile *p)
{
    json_t *folded = folded_slope(p->stack[0], p->stack[1]);
    struct text_buf lines = {0}, svg = {0};
    double ops = p->ops[1] - p->ops[0];
    char *title = x_printf("%s on %s", p->args->workload, p->spec.kernel->label);
    char *heading = x_printf("%.1f guest instructions an operation; a frame is as wide as its part of them, with all that it called", whole(folded) / ops);
    int rc = 0;
    folded_write(&lines, folded);
    flame_graph(&svg, folded, ops, title, heading);
    if (p->args->folded)
        rc = write_file(p->args->folded, &lines);
    if (p->args->svg && !rc)
        rc = write_file(p->args->svg, &svg);
    text_free(&lines);
    text_free(&svg);
    free(title);
    free(heading);
    json_decref(folded);
    return rc;
}

static int make_plan(struct profile *p, const struct vm_topology *topology)
{
    struct str_list names = {0}, rows = {0};
    char *why;
    list_add(&names, p->args->workload);
    bool ok = run_plan_make(&p->plan, &names, TIER_DET, topology, p->args->scale, &why);
    run_plan_rows(&p->plan, &rows);
    if (ok && rows.count != 1)
        why = x_printf("\"%s\" is more than one workload", p->args->workload);
    if (why)
        say_error("%s", why);
    list_free(&names);
    list_free(&rows);
    int rc = why ? EXIT_USAGE : 0;
    free(why);
    return rc;
}

// --dry-run: the boots that measure() would make.
static void dry(struct profile *p)
{
    struct dry_boots d;
    char *base = run_store_default_base();
    dry_boots_start(&d, base);
    guest_symbols_dry(&d, p->spec.kernel, &p->args->tools);
    for (int which = 0; which < 2; which++) {
        bool *skip = left_out(p, which);
        char *args = guest_args(p, skip);
        p->spec.guest_args = args;
        dry_boots_add(&d, &p->spec, strrchr(args, ' ') + 1, 2 * p->args->scale);
        free(args);
        free(skip);
    }
    if (p->args->folded)
        dry_boots_write(&d, p->args->folded);
    if (p->args->svg)
        dry_boots_write(&d, p->args->svg);
    dry_boots_view(&d, p->args->format);
    dry_boots_free(&d);
    free(base);
}

static int measure(struct profile *p)
{
    const struct profile_args *a = p->args;
    char *symbols = guest_symbols(p->spec.kernel, &a->tools);
    int rc = symbols ? 0 : signals_pending() ? EXIT_INTERRUPTED : EXIT_REFUSED;
    p->symbols = symbols;
    for (int i = 0; i < 2 && !rc; i++)
        rc = boot(p, i);
    if (!rc)
        show(p);
    if (!rc && (a->folded || a->svg))
        rc = write_stacks(p);
    for (int i = 0; i < 2; i++) {
        json_decref(p->sum[i]);
        json_decref(p->stack[i]);
    }
    free(symbols);
    return rc;
}

static int profile(struct profile_args *a, struct kernel_image *kernel,
                   struct vm_topology *topology)
{
    struct profile p = {.args = a};
    int rc = make_plan(&p, topology);
    rc = rc ? rc : kernel_image_find(kernel, a->kernel);
    rc = rc ? rc : host_tools_find(&a->tools, (struct host_need){.plugin = "count", .det_cpus = 1});
    p.spec = (struct vm_spec){.tier = TIER_DET,
                              .qemu = a->tools.qemu,
                              .cpu = vm_default_cpu(TIER_DET),
                              .topology = topology,
                              .kernel = kernel,
                              .initrd = a->tools.initrd,
                              .extra_append = rc ? NULL : kernel_image_fixed(kernel),
                              .plugin = a->tools.plugin,
                              .plugin_more = a->folded || a->svg ? ",stacks=on" : NULL,
                              .plugin_symbols = true};
    if (!rc && a->dry)
        dry(&p);
    else if (!rc)
        rc = measure(&p);
    run_plan_free(&p.plan);
    return rc;
}

const struct argp profile_argp = {
    options,      parse, "WORKLOAD", "Guest instructions by symbol, per operation.",
    tool_options, 0,     0};

int verb_profile(int argc, char **argv)
{
    struct profile_args a = {.format = "text", .top = 40, .scale = 1};
    struct kernel_image kernel = {0};
    struct vm_topology topology;
    char *why = NULL;
    argp_parse(&profile_argp, argc, argv, 0, 0, &a);
    a.kernel = a.kernel ? a.kernel : "cloudos";
    if (!format_known(a.format) || !(a.scale > 0) || a.top < 0)
        return EXIT_USAGE;
    temp_dir_sweep();
    int rc =
        vm_topology_find(&topology, "1", &why) ? profile(&a, &kernel, &topology) : EXIT_INTERNAL;
    free(why);
    kernel_image_free(&kernel);
    vm_topology_free(&topology);
    host_tools_free(&a.tools);
    return rc;
}
