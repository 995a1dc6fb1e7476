// The same plan, machine and argument lists that run_session.c would use.
#include "perf/view/dry_run.h"

#include "perf/result/run_estimate.h"
#include "perf/util/json_get.h"
#include "perf/util/say.h"
#include "perf/view/text_table.h"
#include "perf/view/objects_view.h"

#include <stdlib.h>
#include <string.h>

static json_t *argv_json(const struct run_options *o, int kernel)
{
    struct str_list argv = {0};
    json_t *list = json_array();
    struct vm_spec s = {.tier = o->tier.tier,
                        .qemu = o->qemu,
                        .cpu = o->tier.cpu,
                        .topology = o->topology,
                        .host = host_plan_options(&o->plan),
                        .kernel = &o->kernel[kernel],
                        .initrd = o->initrd,
                        .turn_ns = o->turn_ns,
                        .plugin = o->tier.tier == TIER_DET ? o->plugin : NULL,
                        .plugin_io = vm_plugin_io(o->topology)};
    vm_argv(&s, &argv);
    for (size_t i = 0; i < argv.count; i++)
        json_array_append_new(list, json_string(argv.items[i]));
    list_free(&argv);
    return list;
}

static json_t *rows_json(const struct run_plan *plan)
{
    json_t *rows = json_array();
    const char *last = "";
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_step *s = &plan->step[i];
        if (strcmp(last, s->row))
            json_array_append_new(rows, json_pack("{s:s,s:[]}", "workload", s->row, "iterations"));
        json_t *row = json_array_get(rows, json_array_size(rows) - 1);
        json_array_append_new(json_object_get(row, "iterations"), json_integer(s->iters));
        last = s->row;
    }
    return rows;
}

static json_t *plan_json(const struct run_options *o, const struct run_plan *plan, const struct run_estimate *e)
{
    json_t *kernels = json_array();
    for (int k = 0; k < o->kernels; k++)
        json_array_append_new(kernels, json_pack("{s:s,s:s,s:s,s:o}", "name", o->kernel[k].name, "label", o->kernel[k].label,
                                                 "image", o->kernel[k].path, "argv", argv_json(o, k)));
    return json_pack("{s:s,s:s,s:o,s:o,s:i,s:i,s:i,s:o,s:o,s:o?,s:s?}", "tier", tier_name[o->tier.tier], "tier_why", o->tier.why,
                     "topology", vm_topology_json(o->topology), "kernels", kernels, "boots_per_kernel", o->boots, "boots",
                     o->boots * o->kernels * run_plan_boots(plan, o->rows_per_boot), "turn_ns", o->turn_ns, "rows", rows_json(plan), "placement", host_plan_json(&o->plan),
                     "estimate_seconds", e->from ? json_real(e->seconds) : NULL, "estimated_from", e->from);
}

static void print_words(json_t *argv)
{
    json_t *word;
    size_t i;
    json_array_foreach (argv, i, word) {
        const char *s = json_string_value(word);
        printf(strpbrk(s, " ,*") ? "%s'%s'" : "%s%s", i ? " " : "  ", s);
    }
    puts("");
}

static void print_rows(json_t *rows, enum table_format format)
{
    struct text_table t = {0};
    json_t *row, *n;
    size_t i, k;
    table_head(&t, "workload");
    table_head(&t, "iterations of each step");
    json_array_foreach (rows, i, row) {
        struct text_buf steps = {0};
        json_array_foreach (json_object_get(row, "iterations"), k, n)
            text_addf(&steps, "%s%lld", k ? ", " : "", (long long)json_integer_value(n));
        table_row(&t, NULL);
        table_cell(&t, 0, "%s", text_of(row, "workload"));
        table_cell(&t, 1, "%s", text_str(&steps));
        text_free(&steps);
    }
    table_print(&t, format, stdout);
    table_free(&t);
}

static void print_placement(json_t *p)
{
    json_t *cpu;
    size_t i;
    if (!json_array_size(json_object_get(p, "vcpus")))
        return;
    printf("placed %s on %s: vCPUs on", text_of(p, "rule"), text_of(p, "host"));
    json_array_foreach (json_object_get(p, "vcpus"), i, cpu)
        printf(" %d", (int)json_integer_value(cpu));
    printf("; QEMU's other threads on %s; memory on", text_of(p, "others"));
    json_array_foreach (json_object_get(p, "memory_nodes"), i, cpu)
        printf(" %s", json_string_value(cpu) ? json_string_value(cpu) : "-");
    puts("");
}

static void print_plan(json_t *plan, enum table_format format)
{
    json_t *k;
    size_t i;
    printf("tier %s (%s), topology %s, each row in %d boots of each kernel, %d boots in all\n", text_of(plan, "tier"), text_of(plan, "tier_why"),
           text_of(json_object_get(plan, "topology"), "name"), (int)number_of(plan, "boots_per_kernel"),
           (int)number_of(plan, "boots"));
    print_placement(json_object_get(plan, "placement"));
    if (number_of(plan, "turn_ns"))
        printf("the CPUs run in turns of %d ns\n", (int)number_of(plan, "turn_ns"));
    if (*text_of(plan, "estimated_from"))
        printf("takes about %.0f s, by the pace of run %s\n\n", number_of(plan, "estimate_seconds"),
               text_of(plan, "estimated_from"));
    else
        puts("how long it takes is not known: no run of this tier and number of CPUs with these kernels is there\n");
    print_rows(json_object_get(plan, "rows"), format);
    json_array_foreach (json_object_get(plan, "kernels"), i, k) {
        printf("\n%s\n", text_of(k, "label"));
        print_words(json_object_get(k, "argv"));
    }
}

int dry_run_view(struct run_options *o, const char *format)
{
    struct run_plan plan;
    struct run_estimate e;
    char *why;
    if (!run_plan_make(&plan, &o->suites, o->tier.tier, o->topology, o->scale, &why)) {
        say_error("%s", why);
        free(why);
        return EXIT_USAGE;
    }
    run_estimate(&e, o, &plan);
    json_t *j = plan_json(o, &plan, &e);
    if (!strcmp(format, "json")) {
        json_dumpf(j, stdout, JSON_INDENT(1));
        puts("");
    } else if (!strcmp(format, "csv")) {
        print_rows(json_object_get(j, "rows"), TABLE_CSV);
    } else {
        print_plan(j, table_format_of(format));
    }
    json_decref(j);
    free(e.from);
    run_plan_free(&plan);
    return EXIT_OK;
}
