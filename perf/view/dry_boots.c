// The machine is that which the verb would boot: vm_argv of the same definition.
#include "perf/view/dry_boots.h"

#include "perf/result/run_estimate.h"
#include "perf/util/json_get.h"
#include "perf/view/objects_view.h"
#include "perf/view/text_table.h"

#include <stdlib.h>
#include <string.h>

void dry_boots_start(struct dry_boots *d, const char *base)
{
    *d = (struct dry_boots){.base = base, .boots = json_array(), .writes = json_array()};
}

static json_t *argv_json(const struct vm_spec *spec)
{
    struct str_list argv = {0};
    json_t *list = json_array();
    vm_argv(spec, &argv);
    for (size_t i = 0; i < argv.count; i++)
        json_array_append_new(list, json_string(argv.items[i]));
    list_free(&argv);
    return list;
}

void dry_boots_add(struct dry_boots *d, const struct vm_spec *spec, const char *about, double steps)
{
    struct run_estimate e;
    run_estimate_boots(&e, d->base, spec, 1, steps);
    json_array_append_new(d->boots, json_pack("{s:s,s:s,s:s,s:i,s:s,s:s,s:s,s:o,s:o}", "kernel", spec->kernel->name, "label", spec->kernel->label,
                                              "topology", spec->topology->name, "cpus", spec->topology->cpus, "tier", tier_name[spec->tier],
                                              "does", about, "guest", spec->guest_args, "argv", argv_json(spec), "estimate_seconds",
                                              e.from ? json_real(e.seconds) : json_null()));
    d->unknown |= !e.from;
    d->seconds += e.seconds;
    if (e.from && !list_has(&d->from, e.from))
        list_add(&d->from, e.from);
    free(e.from);
}

void dry_boots_write(struct dry_boots *d, const char *path)
{
    json_array_append_new(d->writes, json_string(path));
}

static char *runs_text(const struct dry_boots *d)
{
    struct text_buf t = {0};
    for (size_t i = 0; i < d->from.count; i++)
        text_addf(&t, "%s%s", i ? ", " : "", d->from.items[i]);
    return t.data;
}

static void print_json(const struct dry_boots *d)
{
    char *from = runs_text(d);
    json_t *j = json_pack("{s:O,s:O,s:o,s:o}", "boots", d->boots, "writes", d->writes, "estimate_seconds",
                          d->unknown ? json_null() : json_real(d->seconds), "estimated_from", d->unknown ? json_null() : json_string(from));
    json_dumpf(j, stdout, JSON_INDENT(1));
    puts("");
    json_decref(j);
    free(from);
}

static void print_boots(const struct dry_boots *d, enum table_format format)
{
    static const char *const column[] = {"kernel", "tier", "topology", "does"};
    struct text_table t = {0};
    json_t *boot;
    size_t i;
    for (int c = 0; c < 4; c++)
        table_head(&t, column[c]);
    json_array_foreach (d->boots, i, boot) {
        table_row(&t, NULL);
        for (int c = 0; c < 4; c++)
            table_cell(&t, c, "%s", text_of(boot, column[c]));
    }
    table_print(&t, format, stdout);
    table_free(&t);
}

static void print_head(const struct dry_boots *d)
{
    char *from = runs_text(d);
    size_t n = json_array_size(d->boots), i;
    json_t *path;
    printf("%zu boot%s in all\n", n, n == 1 ? "" : "s");
    if (d->unknown || !n)
        puts("how long it takes is not known: no run of this tier and number of CPUs with each kernel is there");
    else
        printf("takes about %.0f s, by the pace of run %s\n", d->seconds, from);
    json_array_foreach (d->writes, i, path)
        printf("would write %s\n", json_string_value(path));
    puts("");
    free(from);
}

void dry_boots_view(const struct dry_boots *d, const char *format)
{
    if (!strcmp(format, "json")) {
        print_json(d);
        return;
    }
    if (strcmp(format, "csv"))
        print_head(d);
    print_boots(d, table_format_of(format));
}

void dry_boots_free(struct dry_boots *d)
{
    json_decref(d->boots);
    json_decref(d->writes);
    list_free(&d->from);
}
