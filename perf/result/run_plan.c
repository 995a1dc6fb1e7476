// Expands suites, chooses iteration counts from configs/workloads.yaml, places two-party workloads.
#include "perf/result/run_plan.h"

#include "perf/util/project.h"

#include <stdlib.h>
#include <string.h>

// "copies/W" is workload W on every CPU at once; its iterations are W's.
static bool is_copies(const char *name)
{
    return !strncmp(name, COPIES, strlen(COPIES));
}

static json_t *find_workload(json_t *workloads, const char *name)
{
    return json_object_get(workloads, is_copies(name) ? name + strlen(COPIES) : name);
}

static void add_name(struct str_list *out, const char *name)
{
    if (!list_has(out, name))
        list_add(out, name);
}

static void add_all(struct str_list *out, json_t *workloads)
{
    const char *name;
    json_t *w;
    json_object_foreach (workloads, name, w)
        add_name(out, name);
}

// Suite, workload, or family ("ctx", "fault") -> workload names.
static bool expand(struct str_list *out, const char *name, json_t *suites, json_t *workloads)
{
    json_t *list = json_object_get(json_object_get(suites, name), "workloads"), *item;
    size_t i, before = out->count, len = strlen(name);
    const char *w;
    json_array_foreach (list, i, item) {
        if (strcmp(json_string_value(item), "*"))
            add_name(out, json_string_value(item));
        else
            add_all(out, workloads);
    }
    if (list)
        return true;
    if (find_workload(workloads, name)) {
        add_name(out, name);
        return true;
    }
    json_object_foreach (workloads, w, item)
        if (!strncmp(w, name, len) && w[len] == '/')
            add_name(out, w);
    return out->count > before;
}

static struct plan_step *add_step(struct run_plan *p, const char *row, const char *workload,
                                  long iters, enum step_kind kind, const int cpu[2])
{
    p->step = x_realloc(p->step, (p->count + 1) * sizeof(*p->step));
    struct plan_step *s = &p->step[p->count++];
    *s = (struct plan_step){.row = x_strdup(row),
                            .workload = x_strdup(workload),
                            .iters = iters < 1 ? 1 : iters,
                            .kind = kind};
    s->cpu[0] = cpu ? cpu[0] : -1;
    s->cpu[1] = cpu ? cpu[1] : -1;
    return s;
}

static void add_row(struct run_plan *p, enum tier tier, const char *row, const char *name, long n, int repeats, const int *pin)
{
    if (tier != TIER_DET) {
        add_step(p, row, name, n / 4, STEP_WARM, pin);
        add_step(p, row, name, n, STEP_N, pin)->laps = !is_copies(name);
        return;
    }
    add_step(p, row, name, n, STEP_WARM, pin);
    for (int i = 0; i < repeats; i++) {
        add_step(p, row, name, n, STEP_N, pin);
        add_step(p, row, name, 2 * n, STEP_2N, pin);
    }
}

// A two-party workload has a row for each placement that the machine's shape has.
static void add_workload(struct run_plan *p, enum tier tier, const char *name, long n, json_t *w, const struct vm_topology *t)
{
    bool two_party = json_is_true(json_object_get(w, "two_party")) && !is_copies(name);
    int repeats = json_object_get(w, "values") ? 1 : DET_REPEATS;
    for (int place = 0; place < (two_party ? PLACEMENTS : 1); place++) {
        int cpu[2];
        if (!vm_topology_pair(t, place, &cpu[0], &cpu[1]))
            continue;
        if (place != PLACE_SAME_CPU && !strcmp(name, "yield"))
            continue;
        char *row = place == PLACE_SAME_CPU ? x_strdup(name)
                                            : x_printf("%s@%s", name, placement_name[place]);
        add_row(p, tier, row, name, n, repeats, two_party && t->cpus > 1 ? cpu : NULL);
        free(row);
    }
}

static bool pad_fits(long instructions)
{
    return instructions > 2 && instructions % 2;
}

// Steps from `from` on that are of the workload get its padding: nanoseconds where there are any.
static void pad_steps(struct run_plan *p, size_t from, enum tier tier, json_t *workload)
{
    long instructions = json_integer_value(json_object_get(workload, "pad"));
    long ns = json_integer_value(json_object_get(workload, "pad_ns"));
    for (size_t i = from; i < p->count; i++)
        p->step[i].pad = (struct plan_pad){.instructions = instructions, .ns = tier == TIER_DET ? 0 : ns};
}

// What a guest would refuse only after its boot (bench/guest/bench.c).
static char *pad_fault(json_t *workloads, const char *name)
{
    json_t *pad = json_object_get(find_workload(workloads, name), "pad");
    long n = json_integer_value(pad);
    return pad && !pad_fits(n) ? x_printf("workloads.%s.pad: the number of instructions is odd and above 2, not %ld", name, n) : NULL;
}

static void add_canary(struct run_plan *p, const char *row, enum tier tier)
{
    json_t *policy = project_config("policy");
    long n = json_integer_value(json_object_get(json_object_get(policy, "run"), "canary"));
    if (tier != TIER_DET && n)
        add_row(p, tier, row, CANARY, n, 1, NULL);
    json_decref(policy);
}

bool run_plan_make(struct run_plan *p, const struct str_list *names, enum tier tier,
                   const struct vm_topology *topology, double scale, char **why)
{
    json_t *suites = project_config("suites"), *workloads = project_config("workloads");
    struct str_list chosen = {0};
    *p = (struct run_plan){0};
    *why = NULL;
    for (size_t i = 0; i < names->count && !*why; i++)
        if (!expand(&chosen, names->items[i], suites, workloads))
            *why = x_printf("no suite or workload is called \"%s\" (see `cloudbench list`)",
                            names->items[i]);
    for (size_t i = 0; i < chosen.count && !*why; i++)
        if (is_copies(chosen.items[i]) &&
            json_object_get(find_workload(workloads, chosen.items[i]), "values"))
            *why = x_printf("%s: that workload measures no cost of which copies could have one",
                            chosen.items[i]);
    for (size_t i = 0; i < chosen.count && !*why; i++)
        *why = pad_fault(workloads, chosen.items[i]);
    add_canary(p, CANARY, tier);
    size_t without = p->count;
    for (size_t i = 0; i < chosen.count && !*why; i++) {
        size_t first = p->count;
        json_t *w = find_workload(workloads, chosen.items[i]);
        if (json_integer_value(json_object_get(w, "cpus")) > topology->cpus)
            continue;
        long n = json_integer_value(json_object_get(w, tier == TIER_DET ? "det" : "wall")) * scale;
        add_workload(p, tier, chosen.items[i], n < 1 ? 1 : n, w, topology);
        pad_steps(p, first, tier, w);
    }
    if (!*why && p->count == without)
        *why = x_printf("nothing to run: every workload asked for wants more than %d CPU%s (-t)",
                        topology->cpus, topology->cpus == 1 ? "" : "s");
    add_canary(p, CANARY_END, tier);
    list_free(&chosen);
    json_decref(suites);
    json_decref(workloads);
    return !*why;
}

// What cannot be asked for, or NULL.
static char *control_fault(const struct run_plan *p, enum tier tier, const struct plan_control *c)
{
    const char *workload = c->workload;
    long n = c->n;
    bool found = false;
    if (tier == TIER_DET && !pad_fits(n))
        return x_printf("--control %s:%ld: in the det tier the number of instructions is odd and above 2", workload, n);
    if (tier != TIER_DET && c->every > 1)
        return x_printf("--control %s:%ld/%ld: nanoseconds are added to each iteration", workload, n, c->every);
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->step[i].workload, workload))
            continue;
        found = true;
        if (p->step[i].pad.instructions || p->step[i].pad.ns)
            return x_printf("--control %s:%ld: workloads.%s is padded already", workload, n, workload);
    }
    return found ? NULL : x_printf("--control %s:%ld: the run has no such workload", workload, n);
}

bool run_plan_control(struct run_plan *p, enum tier tier, const struct plan_control *c, char **why)
{
    bool det = tier == TIER_DET;
    *why = control_fault(p, tier, c);
    for (size_t i = 0; i < p->count && !*why; i++)
        if (!strcmp(p->step[i].workload, c->workload))
            p->step[i].control = (struct plan_pad){.instructions = det ? c->n : 0, .ns = det ? 0 : c->n, .every = c->every};
    return !*why;
}

void run_plan_free(struct run_plan *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->step[i].row);
        free(p->step[i].workload);
    }
    free(p->step);
    *p = (struct run_plan){0};
}

static void add_padding(struct text_buf *t, const struct plan_pad *pad)
{
    if (pad->instructions)
        text_addf(t, ":pad=%ld", pad->instructions);
    if (pad->instructions && pad->every > 1)
        text_addf(t, "/%ld", pad->every);
    if (pad->ns)
        text_addf(t, ":pad_ns=%ld", pad->ns);
}

void run_plan_first(const struct run_plan *p, enum step_kind kind, bool *skip)
{
    const char *last = "";
    for (size_t i = 0; i < p->count; i++) {
        skip[i] = p->step[i].kind != kind || !strcmp(p->step[i].row, last);
        last = skip[i] ? last : p->step[i].row;
    }
}

// Steps that are one SPEC with a list of iterations.
static bool one_spec(const struct plan_step *a, const struct plan_step *b)
{
    return a && !strcmp(a->row, b->row) && a->laps == b->laps;
}

static void add_options(struct text_buf *t, const struct plan_step *s, bool second)
{
    if (!s)
        return;
    if (s->cpu[0] >= 0)
        text_addf(t, ":cpus=%d,%d", s->cpu[0], s->cpu[1]);
    if (s->laps)
        text_add(t, ":laps");
    add_padding(t, &s->pad);
    if (second)
        add_padding(t, &s->control);
}

char *run_plan_guest_args(const struct run_plan *p, const char *run_id, const bool *skip, bool second)
{
    struct text_buf t = {0};
    const struct plan_step *last = NULL;
    text_addf(&t, "bench %s", run_id);
    for (size_t i = 0; i < p->count; i++) {
        const struct plan_step *s = &p->step[i];
        if (skip && skip[i])
            continue;
        if (one_spec(last, s)) {
            text_addf(&t, ",%ld", s->iters);
        } else {
            add_options(&t, last, second);
            text_addf(&t, "%c%s:%ld", last && !strcmp(last->row, s->row) ? '+' : ' ', s->workload, s->iters);
        }
        last = s;
    }
    add_options(&t, last, second);
    return t.data;
}

void run_plan_rows(const struct run_plan *p, struct str_list *rows)
{
    for (size_t i = 0; i < p->count; i++)
        add_name(rows, p->step[i].row);
}

static int canaries_of(const struct run_plan *p)
{
    struct str_list rows = {0};
    run_plan_rows(p, &rows);
    int n = list_has(&rows, CANARY) + list_has(&rows, CANARY_END);
    list_free(&rows);
    return n;
}

int run_plan_room(const struct run_plan *p, int rows_per_boot)
{
    int room = rows_per_boot - canaries_of(p);
    return room < 1 ? 1 : room;
}

int run_plan_boots(const struct run_plan *p, int rows_per_boot)
{
    struct str_list rows = {0};
    run_plan_rows(p, &rows);
    int own = rows.count - canaries_of(p), room = run_plan_room(p, rows_per_boot);
    list_free(&rows);
    return (own + room - 1) / room;
}

size_t run_plan_steps(const struct run_plan *p, int boots)
{
    size_t canaries = 0;
    for (size_t i = 0; i < p->count; i++)
        canaries += row_is_canary(p->step[i].row);
    return p->count + (boots > 1 ? boots - 1 : 0) * canaries;
}
