// "No configuration beat the default" is an answer like any other; of a search that could not judge it is not said.
#include "perf/view/tune_view.h"

#include "perf/util/text_buf.h"
#include "perf/view/objects_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *trial_json(const struct tune_search *s, int i)
{
    const struct tune_trial *t = &s->trial[i];
    char *text = tune_space_text(s->space, t->level);
    json_t *j = json_pack("{s:s,s:f}", "configuration", text, "score", t->score);
    for (int o = 0; o < s->space->objectives; o++) {
        char *name = x_printf("%s %s", s->space->objective[o].workload, s->space->objective[o].metric);
        json_object_set_new(j, name, json_real(t->ratio[o]));
        free(name);
    }
    json_object_set_new(j, "pareto", json_string(tune_is_pareto(s, i) ? "yes" : ""));
    free(text);
    return j;
}

static int by_score(const void *a, const void *b)
{
    double x = json_number_value(json_object_get(*(json_t *const *)a, "score"));
    double y = json_number_value(json_object_get(*(json_t *const *)b, "score"));
    return (x > y) - (x < y);
}

static json_t *whole_trials(const struct tune_search *s)
{
    json_t **list = x_alloc((s->trials + 1) * sizeof(json_t *)), *out = json_array();
    size_t n = 0;
    for (int i = 0; i < s->trials; i++)
        if (s->trial[i].fidelity == 1 && isfinite(s->trial[i].score))
            list[n++] = trial_json(s, i);
    qsort(list, n, sizeof(*list), by_score);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(out, list[i]);
    free(list);
    return out;
}

static json_t *sensitivities(const struct tune_search *s)
{
    json_t *out = json_array();
    for (int k = 0; k < s->space->knobs; k++)
        json_array_append_new(out, json_pack("{s:s,s:f}", "knob", s->space->knob[k].name,
                                             "rank_correlation", tune_sensitivity(s, k)));
    return out;
}

static json_t *held_out(const struct tune_search *s)
{
    json_t *out = json_array();
    for (int i = 0; i < s->held_count; i++) {
        char *text = tune_space_text(s->space, s->held[i].level);
        const struct tune_evaluation *e = &s->held_result[i];
        json_array_append_new(out, json_pack("{s:s,s:f,s:f,s:f,s:s}", "configuration", text, "low",
                                             e->low, "high", isfinite(e->high) ? e->high : 1e9,
                                             "p_after_holm", s->held_p[i], "winner",
                                             i == s->winner ? "yes" : ""));
        free(text);
    }
    return out;
}

// Exact counts repeat: their hold-out is other iterations, and no other draw of the same ones.
static char *measured_again(const struct tune_search *s)
{
    return s->held_fidelity > 0 && s->held_fidelity != 1 ? x_printf("measured again with %g times the iterations", s->held_fidelity)
                                                         : x_strdup("on boots the search never used");
}

static void print_verdict(const struct tune_search *s)
{
    char *text = s->winner >= 0 ? tune_space_text(s->space, s->held[s->winner].level) : NULL;
    char *how = measured_again(s);
    if (text)
        printf("\nwinner, %s: %s [%.4f, %.4f] of the default\n", how, text, s->held_result[s->winner].low, s->held_result[s->winner].high);
    else if (tune_search_judged(s))
        printf("\nNo configuration beat the default (%d trials).\n", s->trials);
    free(text);
    free(how);
}

json_t *tune_result(const struct tune_search *s)
{
    json_t *objectives = json_array();
    for (int o = 0; o < s->space->objectives; o++) {
        char *name = x_printf("%s %s", s->space->objective[o].workload, s->space->objective[o].metric);
        json_array_append_new(objectives, json_string(name));
        free(name);
    }
    return json_pack("{s:s,s:s,s:o,s:i,s:o,s:o,s:o,s:f,s:b}", "schema", "cloudbench-tune/1", "space", s->space->name, "objectives", objectives,
                     "trials", s->trials, "whole", whole_trials(s), "sensitivity", sensitivities(s), "held_out", held_out(s),
                     "held_out_share", s->held_fidelity > 0 ? s->held_fidelity : 1.0, "winner", s->winner >= 0);
}

void tune_view(const struct tune_search *s, const char *format)
{
    json_t *trials = whole_trials(s), *sensitivity = sensitivities(s), *held = held_out(s);
    if (!strcmp(format, "json")) {
        json_t *all = json_pack("{s:i,s:b,s:O,s:O,s:O}", "trials", s->trials, "judged", tune_search_judged(s), "whole", trials,
                                "sensitivity", sensitivity, "held_out", held);
        objects_view(all, format);
        json_decref(all);
    } else {
        enum table_format f = table_format_of(format);
        objects_table(trials, f);
        puts("");
        objects_table(sensitivity, f);
        if (json_array_size(held)) {
            puts("");
            objects_table(held, f);
        }
        print_verdict(s);
    }
    json_decref(trials);
    json_decref(sensitivity);
    json_decref(held);
}
