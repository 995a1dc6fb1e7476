// Jobs are packed into boots by the length of the kernel's command line.
#include "perf/lines/line_boot.h"

#include "perf/util/say.h"
#include "perf/vm/cpu_list.h"
#include "perf/vm/guest_boot.h"
#include "perf/vm/hang_watch.h"

#include <stdlib.h>
#include <string.h>

#define RUN_ID    "lines"
#define USUAL_ITERS 100.0
#define JOB_STEPS   0.5
#define WORDS_MAX 1600 // bytes for the knobs and the jobs: Linux takes 2,048 with its own options

struct batch {
    const struct line_arm *arm;
    struct line_job *job;
    size_t jobs;
    struct line_intake intake;
};

static void on_record(void *ctx, json_t *record)
{
    struct batch *b = ctx;
    size_t before = b->intake.ended;
    line_intake_record(&b->intake, record);
    progress_add(b->arm->progress, b->intake.ended - before);
    if (b->intake.ended < b->jobs)
        progress_caption(b->arm->progress, "%s: %s", b->arm->kernel->label, b->job[b->intake.ended].spec);
}

static void on_tick(void *ctx)
{
    progress_draw(((struct batch *)ctx)->arm->progress);
}

// "bench ID [set:...] SPEC+SPEC..."
static char *join(const struct batch *b)
{
    struct text_buf t = {0};
    char *head = kernel_image_head(b->arm->kernel, RUN_ID);
    text_addf(&t, "bench %s", head);
    for (size_t i = 0; i < b->jobs; i++)
        text_addf(&t, "%c%s", i ? '+' : ' ', b->job[i].spec);
    free(head);
    return t.data;
}

// ",nodes=0.0.1.1": the node of each vCPU; and where the log goes.
static char *plugin_arguments(const struct vm_topology *t, const char *log)
{
    struct text_buf list = {0};
    text_add(&list, ",nodes=");
    for (int c = 0; c < t->cpus; c++) {
        int node = 0;
        for (int n = 0; n < t->nodes; n++) {
            struct cpu_list l;
            if (cpu_list_parse(&l, t->node[n].cpus) && l.has[c])
                node = n;
        }
        text_addf(&list, "%s%d", c ? "." : "", node);
    }
    if (log)
        text_addf(&list, ",log=%s", log);
    return list.data;
}

static int judge(const struct batch *b, const struct boot_result *r)
{
    if (r->status == BOOT_OK)
        return 0;
    char *tail = boot_console_tail(r, 20);
    say_error("%s: %s", b->arm->kernel->label, r->reason);
    say("%s", tail);
    free(tail);
    return r->status == BOOT_QEMU_FAILED   ? EXIT_REFUSED
           : r->status == BOOT_INTERRUPTED ? EXIT_INTERRUPTED
                                           : EXIT_GUEST;
}

// In steps of a run. Of the usual number of operations, or fewer, half a step: what counts is to begin it. More operations cost more.
static double steps_of(const struct line_job *j)
{
    const char *at = strchr(j->spec, ':');
    double iters = at ? atof(at + 1) : 0;
    return JOB_STEPS * (iters > USUAL_ITERS ? iters / USUAL_ITERS : 1);
}

static void dry_batch(const struct batch *b, const struct vm_spec *spec)
{
    char *about = x_printf("%zu: %s%s%s", b->jobs, b->job[0].spec, b->jobs > 1 ? " to " : "", b->jobs > 1 ? b->job[b->jobs - 1].spec : "");
    double steps = 0;
    for (size_t i = 0; i < b->jobs; i++)
        steps += steps_of(&b->job[i]);
    dry_boots_add(b->arm->dry, spec, about, steps);
    free(about);
}

// The plugin's text as a whole: 0, or an exit code after saying what is wrong. Windows that are whole stay.
static int judge_file(const struct line_arm *arm, const struct line_file *f)
{
    if (f->fault)
        say_error("%s", f->fault);
    if (f->log_fault)
        say_error("%s is not whole: %s", arm->log ? arm->log : "the log", f->log_fault);
    return f->fault ? EXIT_INTERNAL : f->log_fault ? EXIT_REFUSED : 0;
}

static int boot_spec(struct batch *b, const struct vm_spec *spec)
{
    struct boot_result r;
    struct line_file file = {0};
    struct boot_request request = {.spec = spec,
                                   .run_id = RUN_ID,
                                   .slowness = machine_slowness(),
                                   .on_record = on_record,
                                   .on_tick = on_tick,
                                   .ctx = b};
    if (!b->arm->progress->quiet)
        say("%s, %d CPUs: %zu workload%s", b->arm->kernel->label, b->arm->topology->cpus, b->jobs, b->jobs == 1 ? "" : "s");
    guest_boot(&request, &r);
    progress_add(b->arm->progress, b->jobs - b->intake.ended); // what it did not get to
    if (b->arm->qemu_version && !*b->arm->qemu_version && r.qemu_version)
        *b->arm->qemu_version = x_strdup(r.qemu_version);
    if (r.counts)
        line_file_parse(&file, r.counts);
    line_intake_windows(&b->intake, &file);
    int rc = judge(b, &r), text = judge_file(b->arm, &file);
    rc = rc ? rc : text;
    line_file_free(&file);
    boot_result_free(&r);
    return rc;
}

static int boot_batch(struct batch *b)
{
    int rc = 0;
    char *args = join(b), *more = plugin_arguments(b->arm->topology, b->arm->log);
    struct vm_spec spec = {.tier = TIER_DET,
                           .qemu = b->arm->qemu,
                           .cpu = vm_default_cpu(TIER_DET),
                           .topology = b->arm->topology,
                           .kernel = b->arm->kernel,
                           .initrd = b->arm->initrd,
                           .guest_args = args,
                           .extra_append = kernel_image_fixed(b->arm->kernel),
                           .plugin = b->arm->plugin,
                           .plugin_more = more};
    if (b->arm->dry)
        dry_batch(b, &spec);
    else
        rc = boot_spec(b, &spec);
    free(args);
    free(more);
    return rc;
}

int line_boot(const struct line_arm *arm, struct line_job *job, size_t jobs)
{
    int rc = 0;
    for (size_t at = 0; at < jobs && !rc;) {
        size_t n = 0, bytes = strlen(arm->kernel->knobs);
        while (at + n < jobs && (bytes += strlen(job[at + n].spec) + 1) < WORDS_MAX)
            n++;
        struct batch b = {.arm = arm, .job = job + at, .jobs = n ? n : 1};
        b.intake = (struct line_intake){.job = b.job, .jobs = b.jobs};
        rc = boot_batch(&b);
        at += b.jobs;
        for (size_t i = at; rc && i < jobs; i++)
            job[i].fault = x_strdup("not run: the boot before failed");
    }
    return rc;
}
