// cloudbench trace: one boot of one workload with the scheduler's events recorded, as a file that ui.perfetto.dev
// and chrome://tracing open, and a count of the events by CPU. CloudOS records them itself (/proc/sched_trace), Linux
// by its tracefs.
#include "perf/result/run_store.h"
#include "perf/result/step_result.h"
#include "perf/trace/timeline.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/verbs/run_resolve.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/view/compare_view.h"
#include "perf/view/dry_boots.h"
#include "perf/view/text_table.h"
#include "perf/vm/guest_boot.h"
#include "perf/vm/hang_watch.h"
#include "perf/vm/temp_dir.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CLOUDOS_RECORDS "sched_trace=65536"
#define TRACEFS         "/sys/kernel/debug/tracing/"

enum { OPT_TIER = 256 };

struct trace_args {
    const char *workload, *kernel, *topology, *format, *out, *tier;
    double scale;
    int turn_ns; // -1: not asked for
    bool dry;
    struct host_tools tools;
};

static const struct argp_option options[] = {
    OPTION_KERNEL,
    {"topology", 't', "TOPOLOGY", 0, "CPUs and nodes (default: 1)", 0},
    {"output", 'o', "FILE", 0, "the timeline (default: out/trace/KERNEL-WORKLOAD.json); replaced", 0},
    {"tier", OPT_TIER, "TIER", 0, "det (default with one CPU) or tcg (default with more)", 0},
    OPTION_TURN,
    OPTION_SCALE,
    OPTION_DRY,
    {"format", OPT_FORMAT, "FORMAT", 0, "of the summary: text, md, json or csv (default: text)", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct trace_args *a = state->input;
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
    case 'o':
        a->out = arg;
        break;
    case OPT_TIER:
        a->tier = arg;
        break;
    case OPT_TURN:
        a->turn_ns = option_whole(state, arg, "--turn", 0);
        break;
    case OPT_DRY:
        a->dry = true;
        break;
    case OPT_SCALE:
        a->scale = option_number(state, arg, "--scale");
        break;
    case OPT_FORMAT:
        a->format = arg;
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

struct tracing {
    const struct trace_args *args;
    struct run_plan plan;
    struct vm_spec spec;
    struct boot_steps steps;
    bool is_linux;
    struct text_buf *text; // of each CPU; Linux: one for all
    int texts;
};

// Pieces of a file follow each other.
static void on_record(void *ctx, json_t *record)
{
    struct tracing *t = ctx;
    const char *path = json_string_value(json_object_get(record, "path"));
    const char *text = json_string_value(json_object_get(record, "text"));
    if (strcmp(json_string_value(json_object_get(record, "type")), "file")) {
        boot_steps_record(&t->steps, record);
        return;
    }
    const char *digits = path ? strpbrk(path, "0123456789") : NULL;
    int cpu = t->is_linux || !digits ? 0 : atoi(digits);
    if (text && cpu < t->texts)
        text_add(&t->text[cpu], text);
}

// "[set:...] SPEC": the kernel's knobs, switch on, SPEC, switch off, show.
static char *cloudos_args(struct tracing *t, const bool *skip)
{
    struct text_buf b = {0};
    char *head = kernel_image_head(t->spec.kernel, "trace"), *on = x_printf("%s set:/proc/sched_trace/on=1", head);
    char *spec = run_plan_guest_args(&t->plan, on, skip, false);
    text_addf(&b, "%s set:/proc/sched_trace/on=0", spec);
    for (int cpu = 0; cpu < t->spec.topology->cpus; cpu++)
        text_addf(&b, "%cshow:/proc/sched_trace/cpu%d", cpu ? '+' : ' ', cpu);
    free(spec);
    free(head);
    free(on);
    return b.data;
}

static char *linux_args(struct tracing *t, const bool *skip)
{
    static const char *const events[] = {
        "sched/sched_switch",           "sched/sched_waking",           "sched/sched_wakeup_new",
        "sched/sched_migrate_task",     "irq_vectors/local_timer_entry", "irq_vectors/local_timer_exit",
        "irq_vectors/reschedule_entry", "irq_vectors/reschedule_exit"};
    struct text_buf b = {0};
    char *head = kernel_image_head(t->spec.kernel, "trace");
    text_add(&b, head);
    free(head);
    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
        text_addf(&b, "%cset:" TRACEFS "events/%s/enable=1", i ? '+' : ' ', events[i]);
    char *spec = run_plan_guest_args(&t->plan, text_str(&b), skip, false);
    text_free(&b);
    char *args = x_printf("%s set:" TRACEFS "tracing_on=0+show:" TRACEFS "trace", spec);
    free(spec);
    return args;
}

static char *guest_args(struct tracing *t, bool *skip)
{
    run_plan_first(&t->plan, STEP_N, skip);
    return t->is_linux ? linux_args(t, skip) : cloudos_args(t, skip);
}

// --dry-run: the boot that boot() would make.
static void dry(struct tracing *t, const char *path)
{
    struct dry_boots d;
    char *base = run_store_default_base();
    bool *skip = x_alloc(t->plan.count * sizeof(bool));
    char *args = guest_args(t, skip), *word = run_plan_guest_args(&t->plan, "trace", skip, false);
    int steps = 0;
    for (size_t i = 0; i < t->plan.count; i++)
        steps += !skip[i];
    t->spec.guest_args = args;
    dry_boots_start(&d, base);
    dry_boots_add(&d, &t->spec, strrchr(word, ' ') + 1, steps * t->args->scale);
    dry_boots_write(&d, path);
    dry_boots_view(&d, t->args->format);
    dry_boots_free(&d);
    free(args);
    free(word);
    free(skip);
    free(base);
}

static int boot(struct tracing *t, bool *skip)
{
    struct boot_result r;
    char *args = guest_args(t, skip);
    struct boot_request request = {.spec = &t->spec,
                                   .run_id = "trace",
                                   .slowness = machine_slowness(),
                                   .scale = t->args->scale,
                                   .on_record = on_record,
                                   .ctx = t};
    t->spec.guest_args = args;
    boot_steps_start(&t->steps, &t->plan, skip);
    guest_boot(&request, &r);
    int rc = r.status == BOOT_OK            ? 0
             : r.status == BOOT_QEMU_FAILED ? EXIT_REFUSED
             : r.status == BOOT_INTERRUPTED ? EXIT_INTERRUPTED
                                            : EXIT_GUEST;
    if (rc) {
        char *tail = boot_console_tail(&r, 20);
        say_error("%s: %s", t->spec.kernel->label, r.reason);
        say("%s", tail);
        free(tail);
    }
    boot_result_free(&r);
    free(args);
    return rc;
}

// The workload did its work: a timeline of anything else would mislead.
static int check_workload(struct tracing *t)
{
    for (size_t i = 0; i < t->plan.count; i++) {
        const struct step_result *s = &t->steps.step[i];
        const char *check = json_string_value(json_object_get(s->result, "check"));
        if ((t->steps.skip && t->steps.skip[i]) || (check && !strcmp(check, "ok")))
            continue;
        say_error("%s on %s: %s", t->plan.step[i].row, t->spec.kernel->label,
                  check ? check : s->unsupported ? "unsupported" : "the workload gave no result");
        return EXIT_GUEST;
    }
    return 0;
}

static int make_timeline(struct tracing *t, struct timeline *line)
{
    char *why = NULL;
    bool ok = true;
    for (int i = 0; i < t->texts && ok; i++)
        ok = t->is_linux ? timeline_add_linux(line, text_str(&t->text[i]), &why)
                         : timeline_add_cloudos(line, i, text_str(&t->text[i]), &why);
    ok = ok && timeline_check(line, &why);
    if (ok && !line->count)
        why = x_strdup("the guest recorded no event");
    if (why)
        say_error("%s: %s", t->spec.kernel->label, why);
    free(why);
    return ok && line->count ? 0 : EXIT_GUEST;
}

static char *default_path(const struct trace_args *a)
{
    char *path = x_printf("out/trace/%s-%s.json", a->kernel, a->workload);
    for (char *p = strrchr(path, '/'); p > path + strlen("out/trace"); p--)
        if (*p == '/' && p != path + strlen("out/trace"))
            *p = '-';
    return path;
}

static int write_timeline(const struct tracing *t, const struct timeline *line, const char *path)
{
    char *title = x_printf("%s, %s", t->spec.kernel->label, t->args->workload);
    json_t *chrome = timeline_chrome(line, title);
    char *text = json_dumps(chrome, JSON_COMPACT), *folder = x_strdup(path), *slash = strrchr(folder, '/');
    if (slash)
        *slash = 0;
    bool ok = text && (!slash || make_dirs(folder)) && file_replace(path, text, strlen(text));
    if (!ok)
        say_error("cannot write %s: %s", path, text ? strerror(errno) : "the timeline is no JSON");
    free(folder);
    free(text);
    free(title);
    json_decref(chrome);
    return ok ? 0 : EXIT_REFUSED;
}

static void print_table(json_t *summary, const char *format)
{
    struct text_table table = {0};
    json_t *of;
    const char *cpu;
    table_head(&table, "CPU");
    for (int k = 0; k < TRACE_KINDS; k++)
        table_head(&table, trace_kind_name[k]);
    json_object_foreach (json_object_get(summary, "cpus"), cpu, of) {
        table_row(&table, NULL);
        table_cell(&table, 0, "%s", cpu);
        for (int k = 0; k < TRACE_KINDS; k++)
            table_cell(&table, k + 1, "%lld",
                       (long long)json_integer_value(json_object_get(of, trace_kind_name[k])));
    }
    table_print(&table, !strcmp(format, "md") ? TABLE_MD : !strcmp(format, "csv") ? TABLE_CSV : TABLE_TEXT, stdout);
    table_free(&table);
}

static void show(const struct tracing *t, const struct timeline *line, const char *path)
{
    json_t *summary = timeline_summary(line), *wait = json_object_get(summary, "wake_to_run_ns");
    if (!strcmp(t->args->format, "json")) {
        json_object_set_new(summary, "file", json_string(path));
        json_dumpf(summary, stdout, JSON_INDENT(1));
        puts("");
    } else {
        print_table(summary, t->args->format);
        say("%s: %zu events over %.3f ms; from a wake-up to running: p50 %.0f ns, max %.0f ns", t->spec.kernel->label,
            line->count, (line->event[line->count - 1].ns - line->event[0].ns) / 1e6,
            json_number_value(json_object_get(wait, "p50")), json_number_value(json_object_get(wait, "max")));
        if (line->lost)
            say("lost: %llu records, overwritten before they were read; the timeline begins where every ring is whole, %zu events before that are "
                "left out (a smaller --scale loses none)",
                (unsigned long long)line->lost, line->left_out);
        say("timeline: %s (open it in https://ui.perfetto.dev)", path);
    }
    json_decref(summary);
}

static int make_plan(struct tracing *t, enum tier tier)
{
    struct str_list names = {0}, rows = {0};
    char *why;
    list_add(&names, t->args->workload);
    // The det tier's iteration counts in every tier: a timeline is looked at, not averaged.
    bool ok = run_plan_make(&t->plan, &names, TIER_DET, t->spec.topology, t->args->scale, &why);
    if (ok) {
        run_plan_rows(&t->plan, &rows);
        if (rows.count > 8)
            why = x_printf("\"%s\" is more than one workload", t->args->workload);
    }
    if (why)
        say_error("%s", why);
    list_free(&names);
    list_free(&rows);
    t->spec.tier = tier;
    t->spec.cpu = vm_default_cpu(tier);
    int rc = why ? EXIT_USAGE : 0;
    free(why);
    return rc;
}

// What the boot needs of the host; turns are the counting plugin's.
static int find_tools(struct trace_args *a, struct tracing *t, enum tier tier)
{
    json_t *policy = project_config("policy");
    int cpus = t->spec.topology->cpus;
    int rc = run_turn(a->turn_ns, json_object_get(policy, "run"), tier, cpus, &t->spec.turn_ns);
    bool turns = t->spec.turn_ns > 0;
    json_decref(policy);
    rc = rc ? rc : host_tools_find(&a->tools, (struct host_need){turns ? "count" : NULL, tier == TIER_DET ? cpus : 0, turns});
    t->spec.qemu = a->tools.qemu;
    t->spec.initrd = a->tools.initrd;
    t->spec.plugin = a->tools.plugin;
    return rc;
}

static int measure(struct tracing *t, const char *path)
{
    struct timeline line = {0};
    t->texts = t->is_linux ? 1 : t->spec.topology->cpus;
    t->text = x_alloc(t->texts * sizeof(*t->text));
    bool *skip = x_alloc(t->plan.count * sizeof(bool)); // the steps look at it until they are judged
    int rc = boot(t, skip);
    rc = rc ? rc : check_workload(t);
    boot_steps_free(&t->steps);
    free(skip);
    rc = rc ? rc : make_timeline(t, &line);
    rc = rc ? rc : write_timeline(t, &line, path);
    if (!rc)
        show(t, &line, path);
    for (int i = 0; i < t->texts; i++)
        text_free(&t->text[i]);
    free(t->text);
    timeline_free(&line);
    return rc;
}

static int trace(struct trace_args *a, struct kernel_image *kernel, struct vm_topology *topology, enum tier tier)
{
    struct tracing t = {.args = a, .spec = {.kernel = kernel, .topology = topology}};
    char *path = a->out ? x_strdup(a->out) : default_path(a);
    int rc = make_plan(&t, tier);
    rc = rc ? rc : kernel_image_find(kernel, a->kernel);
    rc = rc ? rc : find_tools(a, &t, tier);
    t.is_linux = !rc && !strcmp(kernel->family, "linux");
    t.spec.extra_append = t.is_linux ? NULL : CLOUDOS_RECORDS;
    if (!rc && a->dry)
        dry(&t, path);
    else if (!rc)
        rc = measure(&t, path);
    free(path);
    run_plan_free(&t.plan);
    return rc;
}

static int resolve(const struct trace_args *a, struct vm_topology *topology, enum tier *tier)
{
    char *why = NULL;
    if (!format_known(a->format))
        return EXIT_USAGE;
    if (!vm_topology_find(topology, a->topology, &why)) {
        say_error("%s", why);
        free(why);
        return EXIT_USAGE;
    }
    *tier = topology->cpus > 1 ? TIER_TCG : TIER_DET;
    if (a->tier)
        *tier = strcmp(a->tier, "det") ? TIER_TCG : TIER_DET;
    bool known = !a->tier || !strcmp(a->tier, "det") || !strcmp(a->tier, "tcg");
    if (!known || (*tier == TIER_DET && topology->cpus > VM_DET_CPUS_MAX) || !(a->scale > 0)) {
        say_error("a trace wants --tier det (up to %d CPUs) or tcg, and a --scale above 0", VM_DET_CPUS_MAX);
        return EXIT_USAGE;
    }
    return 0;
}

const struct argp trace_argp = {
    options, parse, "WORKLOAD", "A timeline of what each CPU ran, who woke whom, and who moved.", tool_options, 0, 0};

int verb_trace(int argc, char **argv)
{
    struct trace_args a = {.topology = "1", .format = "text", .scale = 1, .turn_ns = -1};
    struct kernel_image kernel = {0};
    struct vm_topology topology = {0};
    enum tier tier = TIER_DET;
    argp_parse(&trace_argp, argc, argv, 0, 0, &a);
    a.kernel = a.kernel ? a.kernel : "cloudos";
    temp_dir_sweep();
    int rc = resolve(&a, &topology, &tier);
    rc = rc ? rc : trace(&a, &kernel, &topology, tier);
    kernel_image_free(&kernel);
    vm_topology_free(&topology);
    host_tools_free(&a.tools);
    return rc;
}
