// tuning.html: what each finished search of `cloudbench tune` found (TUNE/*/result.json), the newest first: the verdict, the whole trials and which of
// them no other beats, how much each knob matters, and what the hold-out said.
#include "perf/publish/site.h"

#include "perf/publish/html_table.h"
#include "perf/publish/plot.h"
#include "perf/util/json_get.h"
#include "perf/view/html_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEARCHES 20 // that are shown

static const char *objective(json_t *search, size_t i)
{
    return text_at(json_object_get(search, "objectives"), i);
}

static struct plot_axis axis_of(json_t *search, size_t of)
{
    struct plot_axis a = {objective(search, of), PLOT_LINEAR, PLOT_PLAIN, 1, 1};
    json_t *trial;
    size_t i;
    json_array_foreach (json_object_get(search, "whole"), i, trial) {
        a.low = fmin(a.low, number_of(trial, a.title));
        a.high = fmax(a.high, number_of(trial, a.title));
    }
    double room = fmax(0.06 * (a.high - a.low), 0.002);
    a.low -= room;
    a.high += room;
    return a;
}

// By the order of the trials, where there is one objective only.
static struct plot_axis axis_of_trials(json_t *search)
{
    return (struct plot_axis){"", PLOT_BARE, PLOT_PLAIN, 0, json_array_size(json_object_get(search, "whole")) + 1.0};
}

static bool is_pareto(json_t *trial)
{
    return !strcmp(text_of(trial, "pareto"), "yes");
}

// "knob=1: 0.9876 (pipe p50_ns 0.98, fork p50_ns 0.99)": what of it the chart shows is in the brackets.
static char *title_of_dot(const struct plot *p, json_t *trial)
{
    const char *name = text_of(trial, "configuration");
    double score = number_of(trial, "score"), x = number_of(trial, p->x.title);
    if (!*p->y.title)
        return x_printf("%s: %.4f", name, score);
    return x_printf("%s: %.4f (%s %.4f, %s %.4f)", name, score, p->x.title, x, p->y.title, number_of(trial, p->y.title));
}

// Those that no other beats are drawn last, above the others.
static void dots(struct text_buf *t, const struct plot *p, json_t *search, bool best)
{
    json_t *whole = json_object_get(search, "whole"), *trial;
    size_t n = json_array_size(whole), i;
    json_array_foreach (whole, i, trial) {
        if (is_pareto(trial) != best)
            continue;
        double y = *p->y.title ? number_of(trial, p->y.title) : (double)(n - i);
        char *title = title_of_dot(p, trial);
        plot_dot(t, p, best ? "dot l1 full" : "dot l0", number_of(trial, p->x.title), y, best ? 7 : 5, title);
        free(title);
    }
}

// Where everything that the chart shows is better than the default.
static void shade_better(struct text_buf *t, const struct plot *p, bool two)
{
    double x[2] = {p->x.low, 1}, low[2] = {p->y.low, p->y.low}, one = two ? 1 : p->y.high, high[2] = {one, one};
    plot_band(t, p, "band better", x, low, high, 2);
}

// The first objective from left to right, y from bottom to top: another one, or the trials.
static void chart(struct text_buf *t, json_t *search, struct plot_axis y)
{
    bool two = *y.title;
    struct plot p = {.x = axis_of(search, 0), .y = y, .width = 800, .height = two ? 288 : 88};
    char *label = two ? x_printf("trials by their ratios to the default: %s and %s", p.x.title, y.title) : x_strdup("trials by their ratio to the default");
    plot_open(t, &p, label);
    shade_better(t, &p, two);
    plot_mark(t, &p, "one", 1, "the default");
    if (two) {
        double ends[2] = {p.x.low, p.x.high}, one[2] = {1, 1};
        plot_line(t, &p, "one", ends, one, 2, false);
    }
    dots(t, &p, search, false);
    dots(t, &p, search, true);
    plot_close(t);
    free(label);
}

// Which trials no other beats was found over all objectives: a chart of two of them shows full dots that others seem to beat, and says so.
static void legend(struct text_buf *t, size_t objectives)
{
    char *best = objectives > 2 ? x_printf("no other trial is as good in all %zu objectives", objectives)
                                : x_strdup(objectives == 2 ? "no other trial is as good in both" : "the best");
    text_add(t, "<p class=legend>");
    site_dot(t, "dot l1 full", best);
    site_dot(t, "dot l0", "others");
    text_add(t, "</p>");
    if (objectives > 2)
        text_add(t, "<p class=dim>Each chart shows two of them: where another dot lies to the left of a full one and below it, the full one is better in another chart.</p>");
    free(best);
}

// Ratios to the default: a chart for each objective after the first, that one beside it.
static void pareto(struct text_buf *t, json_t *search)
{
    size_t objectives = json_array_size(json_object_get(search, "objectives"));
    if (!json_array_size(json_object_get(search, "whole")))
        return;
    text_addf(t, "<p class=dim>Ratios to the default, %s is better; shaded: better than the default.</p>", objectives > 1 ? "to the left and down" : "to the left");
    if (objectives < 2)
        chart(t, search, axis_of_trials(search));
    text_add(t, objectives > 2 ? "<div class=pair>" : "");
    for (size_t o = 1; o < objectives; o++)
        chart(t, search, axis_of(search, o));
    text_add(t, objectives > 2 ? "</div>" : "");
    legend(t, objectives);
}

// A bar from the middle: rank correlation from -1 to 1.
static void sensitivity(struct text_buf *t, json_t *search)
{
    json_t *one;
    size_t i;
    text_add(t, "<h3>How much each knob matters</h3><p class=dim>Rank correlation of its level with the score over all trials: to the right, higher levels "
                "cost more.</p>");
    html_table_open(t, "knob|>rank correlation|from -1 to 1");
    json_array_foreach (json_object_get(search, "sensitivity"), i, one) {
        double r = number_of(one, "rank_correlation"), w = 100 * fmin(fabs(r), 1);
        text_add(t, "<tr><td>");
        html_escape(t, text_of(one, "knob"));
        text_add(t, "<td class=n>");
        site_exact(t, r);
        text_addf(t, "<td><svg class=bar viewBox='0 0 200 14' aria-hidden=true><rect class=track width=200 height=14 rx=3 /><line class=grid x1=100 x2=100 y1=0 y2=14 /><rect class='%s' x='%.1f' y=2 "
                     "width='%.1f' height=10 rx=2 /></svg></tr>",
                  r > 0 ? "lost" : "ahead", r > 0 ? 100 : 100 - w, w);
    }
    html_table_close(t);
}

// Counts of the det tier repeat exactly: only other iterations are another measurement. Older documents have the same ones.
static void held_out_heading(struct text_buf *t, json_t *search)
{
    double share = number_of(search, "held_out_share");
    bool det = !strcmp(text_of(search, "tier"), "det");
    text_add(t, "<h3>Measured again, ");
    if (det && share > 1)
        text_addf(t, "with %g times the iterations</h3>", share);
    else
        text_add(t, det ? "which repeats exactly: the same counts</h3>" : "on boots the search never used</h3>");
    text_add(t, det ? "<p class=dim>Ratio to the default, as far as it differs from itself.</p>" : "<p class=dim>Ratio to the default, 95 % interval.</p>");
    html_table_open(t, "configuration|>from|>to|>p after Holm|winner");
}

static void held_out(struct text_buf *t, json_t *search)
{
    json_t *one;
    size_t i;
    if (!json_array_size(json_object_get(search, "held_out")))
        return;
    held_out_heading(t, search);
    json_array_foreach (json_object_get(search, "held_out"), i, one) {
        html_table_row(t, text_of(one, "configuration"));
        html_exact_cell(t, one, "low");
        html_exact_cell(t, one, "high");
        html_exact_cell(t, one, "p_after_holm");
        html_text_cell(t, text_of(one, "winner"));
    }
    html_table_close(t);
}

static void trials(struct text_buf *t, json_t *search)
{
    size_t objectives = json_array_size(json_object_get(search, "objectives")), i, o;
    json_t *trial;
    struct text_buf heads = {0};
    text_add(&heads, "configuration|>score");
    for (o = 0; o < objectives; o++)
        text_addf(&heads, "|>%s", objective(search, o));
    html_folded_table_open(t, "Whole trials, ratios to the default", false, text_str(&heads));
    text_free(&heads);
    json_array_foreach (json_object_get(search, "whole"), i, trial) {
        html_table_row(t, text_of(trial, "configuration"));
        html_exact_cell(t, trial, "score");
        for (o = 0; o < objectives; o++)
            html_exact_cell(t, trial, objective(search, o));
    }
    html_folded_table_close(t);
}

static json_t *winner_of(json_t *search)
{
    json_t *one;
    size_t i;
    json_array_foreach (json_object_get(search, "held_out"), i, one)
        if (!strcmp(text_of(one, "winner"), "yes"))
            return one;
    return NULL;
}

static void section(struct text_buf *t, json_t *search)
{
    json_t *winner = winner_of(search);
    text_add(t, "<h2>");
    html_escape(t, text_of(search, "id"));
    text_add(t, "</h2><p class=dim>space ");
    html_escape(t, text_of(search, "space"));
    text_add(t, ", kernel ");
    html_escape(t, text_of(search, "kernel"));
    text_add(t, ", tier ");
    html_escape(t, text_of(search, "tier"));
    text_addf(t, ", %.0f trials</p><p class=banner><b>", number_of(search, "trials"));
    if (winner)
        html_escape(t, text_of(winner, "configuration"));
    text_add(t, winner ? "</b> beats the default.</p>" : "No configuration beat the default.</b></p>");
    pareto(t, search);
    trials(t, search);
    sensitivity(t, search);
    held_out(t, search);
}

void tuning_page(struct text_buf *t, json_t *searches)
{
    size_t n = json_array_size(searches);
    site_main_page_open(t, "Tuning", "tuning.html");
    if (!n)
        text_add(t, "<p>Nothing yet: <code>cloudbench tune SPACE</code> looks for settings that beat the default.</p>");
    else
        text_add(t, "<p>Every trial boots the default beside a configuration; what counts is the ratio, below 1 is better. A winner is named only when it holds "
                    "when measured again: times on boots that the search never used, exact counts, which repeat, with other iterations.</p>");
    for (size_t i = 0; i < n && i < SEARCHES; i++)
        section(t, json_array_get(searches, n - 1 - i));
    site_page_close(t);
}
