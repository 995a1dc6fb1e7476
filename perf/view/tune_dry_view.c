// The sums are made here, so that all formats say the same.
#include "perf/view/tune_dry_view.h"

#include "perf/util/json_get.h"
#include "perf/util/text_buf.h"
#include "perf/view/objects_view.h"
#include "perf/view/text_table.h"

#include <stdlib.h>
#include <string.h>

static double sum_of(json_t *stages, const char *key)
{
    json_t *s;
    size_t i;
    double sum = 0;
    json_array_foreach (stages, i, s)
        sum += number_of(s, key);
    return sum;
}

// Does an earlier run tell of each kind of trials?
static bool known(json_t *stages)
{
    json_t *s;
    size_t i;
    json_array_foreach (stages, i, s)
        if (!json_is_number(json_object_get(s, "estimate_seconds")))
            return false;
    return true;
}

static json_t *knobs_json(const struct tune_space *s)
{
    json_t *knobs = json_object();
    for (int k = 0; k < s->knobs; k++) {
        json_t *levels = json_array();
        for (int i = 0; i < s->knob[k].levels; i++)
            json_array_append_new(levels, json_string(s->knob[k].level[i]));
        json_object_set_new(knobs, s->knob[k].name, levels);
    }
    return knobs;
}

static json_t *objectives_json(const struct tune_space *s)
{
    json_t *list = json_array();
    for (int o = 0; o < s->objectives; o++)
        json_array_append_new(list, json_pack("{s:s,s:s}", "workload", s->objective[o].workload, "metric", s->objective[o].metric));
    return list;
}

static void print_json(const struct tune_space *s, const char *tier, const char *topology, json_t *stages, const char *dir)
{
    json_t *seconds = known(stages) ? json_real(sum_of(stages, "estimate_seconds")) : json_null();
    json_t *j = json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:O,s:i,s:i,s:o,s:O?,s:s}", "space", s->name, "kernel", s->kernel, "tier", tier, "topology",
                          topology, "knobs", knobs_json(s), "objectives", objectives_json(s), "stages", stages, "trials",
                          (int)sum_of(stages, "trials"), "boots", (int)sum_of(stages, "boots"), "estimate_seconds", seconds, "estimated_from",
                          json_object_get(json_array_get(stages, 0), "estimated_from"), "folder", dir);
    json_dumpf(j, stdout, JSON_INDENT(1));
    puts("");
    json_decref(j);
}

static void print_head(const struct tune_space *s, const char *tier, const char *topology, json_t *stages, const char *dir)
{
    printf("space %s: kernel %s, tier %s, topology %s", s->name, s->kernel, tier, topology);
    for (int k = 0; k < s->knobs; k++)
        printf("%s%s (%d)", k ? ", " : "; knobs ", s->knob[k].name, s->knob[k].levels);
    for (int o = 0; o < s->objectives; o++)
        printf("%s%s %s", o ? ", " : "; objectives ", s->objective[o].workload, s->objective[o].metric);
    printf("\nat most %.0f trials, each beside the default, %.0f boots in all\n", sum_of(stages, "trials"), sum_of(stages, "boots"));
    if (known(stages))
        printf("takes about %.0f s, by the pace of run %s\n", sum_of(stages, "estimate_seconds"),
               text_of(json_array_get(stages, 0), "estimated_from"));
    else
        puts("how long it takes is not known: no run of this tier and number of CPUs with this kernel is there");
    printf("would write into %s\n\n", dir);
}

static void print_stages(json_t *stages, enum table_format format)
{
    struct text_table t = {0};
    json_t *s;
    size_t i;
    table_head(&t, "trials of");
    table_head(&t, ">iterations");
    table_head(&t, ">at most");
    table_head(&t, ">boots");
    table_head(&t, ">seconds");
    json_array_foreach (stages, i, s) {
        bool timed = json_is_number(json_object_get(s, "estimate_seconds"));
        table_row(&t, NULL);
        table_cell(&t, 0, "%s", text_of(s, "stage"));
        table_cell(&t, 1, "%g", number_of(s, "share"));
        table_cell(&t, 2, "%.0f", number_of(s, "trials"));
        table_cell(&t, 3, "%.0f", number_of(s, "boots"));
        if (timed)
            table_cell(&t, 4, "%.0f", number_of(s, "estimate_seconds"));
    }
    table_print(&t, format, stdout);
    table_free(&t);
}

void tune_dry_view(const struct tune_space *s, const char *tier, const char *topology, json_t *stages, const char *dir, const char *format)
{
    if (!strcmp(format, "json")) {
        print_json(s, tier, topology, stages, dir);
        return;
    }
    if (strcmp(format, "csv"))
        print_head(s, tier, topology, stages, dir);
    print_stages(stages, table_format_of(format));
}
