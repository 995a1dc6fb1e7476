// Matches records with plan steps. A record that does not belong to the running step is a fault,
// never a number.
#include "perf/result/step_result.h"

#include <stdlib.h>
#include <string.h>

static void next_step(struct boot_steps *b)
{
    while (b->at < b->plan->count && b->skip && b->skip[b->at])
        b->at++;
}

void boot_steps_start(struct boot_steps *b, const struct run_plan *plan, const bool *skip)
{
    *b = (struct boot_steps){.plan = plan, .skip = skip};
    b->step = x_alloc(plan->count * sizeof(*b->step));
    next_step(b);
}

static const char *string_of(json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "";
}

static void misfit(struct boot_steps *b, const char *what, json_t *record)
{
    const char *want = b->at < b->plan->count ? b->plan->step[b->at].workload : "the end";
    if (!b->fault)
        b->fault = x_printf("%s record for \"%s\" while %s was expected", what,
                            string_of(record, "workload"), want);
}

static bool fits(const struct boot_steps *b, json_t *record)
{
    return b->at < b->plan->count &&
           !strcmp(b->plan->step[b->at].workload, string_of(record, "workload"));
}

static void keep(json_t **slot, json_t *record)
{
    json_decref(*slot);
    *slot = json_incref(record);
}

void boot_steps_record(struct boot_steps *b, json_t *record)
{
    const char *type = string_of(record, "type");
    if (!strcmp(type, "boot")) {
        keep(&b->boot, record);
        return;
    }
    if (!strcmp(type, "done"))
        return;
    if (!fits(b, record)) {
        misfit(b, type, record);
        return;
    }
    struct step_result *s = &b->step[b->at];
    if (!strcmp(type, "result")) {
        keep(&s->result, record);
    } else if (!strcmp(type, "unsupported")) {
        keep(&s->unsupported, record);
    } else if (!strcmp(type, "exit")) {
        keep(&s->exit, record);
        s->ended = true;
        b->at++;
        next_step(b);
    }
}

void boot_steps_counts(struct boot_steps *b, const struct count_file *counts)
{
    size_t ended = 0, w = 0;
    for (size_t i = 0; i < b->plan->count; i++)
        ended += b->step[i].ended;
    if (counts->fault || counts->windows < ended || counts->windows > ended + 1)
        return;
    for (size_t i = 0; i < b->plan->count; i++) {
        struct step_result *s = &b->step[i];
        if (!s->ended)
            continue;
        s->counted = true;
        s->insns = counts->window[w].insns;
        s->counts = json_incref(counts->window[w].counts);
        w++;
    }
}

void boot_steps_free(struct boot_steps *b)
{
    for (size_t i = 0; b->step && i < b->plan->count; i++) {
        json_decref(b->step[i].result);
        json_decref(b->step[i].exit);
        json_decref(b->step[i].unsupported);
        json_decref(b->step[i].counts);
    }
    free(b->step);
    free(b->fault);
    json_decref(b->boot);
    *b = (struct boot_steps){0};
}
