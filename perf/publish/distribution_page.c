// dist/RUNID.html: how the times of single iterations lie, boot by boot: the empirical distribution, its tail, the boots' means, and a table. The
// histograms are those of the boots' .laps files (docs/result-protocol.md); every number is a sample's in run.json.
#include "perf/publish/site.h"

#include "perf/publish/html_table.h"
#include "perf/publish/plot.h"
#include "perf/stats/hdr_histogram.h"
#include "perf/stats/rank_tests.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/view/html_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOOTS    10 // that have a line of their own, of each kernel
#define ROWS_MAX 64
#define MEANS_MAX 1000 // boots of a kernel

struct laps {
    char *kernel, *row;
    double ns; // of a unit of the histogram, an operation
    struct hdr_histogram *h;
};

struct sheet {
    struct text_buf *t;
    json_t *run, *kernels; // kernels: of identity
    struct laps *laps;
    size_t count;
};

// "ROW NS_PER_TICK OPS_PER_LAP HISTOGRAM"; lines that are none are left out.
static void take_line(struct sheet *s, const char *kernel, char *line)
{
    char row[128];
    double tick, ops;
    int at = 0;
    if (sscanf(line, "%127s %lf %lf %n", row, &tick, &ops, &at) != 3 || !at || !(tick > 0) || !(ops > 0))
        return;
    struct hdr_histogram *h = hdr_new();
    if (!hdr_parse(h, line + at) || h->overflow == h->count) { // nothing in any bucket
        free(h);
        return;
    }
    s->laps = x_realloc(s->laps, (s->count + 1) * sizeof(*s->laps));
    s->laps[s->count++] = (struct laps){x_strdup(kernel), x_strdup(row), tick / ops, h};
}

static void load(struct sheet *s, const char *dir)
{
    json_t *boot;
    size_t i;
    json_array_foreach (json_object_get(s->run, "boots"), i, boot) {
        char *path = x_printf("%s/boot-%03d-%s.laps", dir, (int)number_of(boot, "boot"), text_of(boot, "kernel")), *save = NULL;
        char *text = file_read(path, NULL);
        for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
            take_line(s, text_of(boot, "kernel"), line);
        free(text);
        free(path);
    }
}

static int line_of(const struct sheet *s, const char *kernel)
{
    return site_line_of(s->kernels, kernel);
}

static void legend(const struct sheet *s)
{
    const char *name;
    json_t *k;
    text_add(s->t, "<p class=legend>");
    json_object_foreach (s->kernels, name, k)
        site_key(s->t, line_of(s, name), *text_of(k, "label") ? text_of(k, "label") : name);
    text_add(s->t, "</p>");
}

// The cumulative shares of the histogram up to `most`: value (ns) and share, one for each bucket that holds something. Returns how many.
static size_t shares(const struct laps *l, double most, double *x, double *y)
{
    uint64_t sum = 0;
    size_t n = 0;
    for (unsigned b = 0; b < HDR_BUCKETS; b++) {
        if (!l->h->bucket[b])
            continue;
        sum += l->h->bucket[b];
        if (sum > most * l->h->count)
            break;
        x[n] = fmax(hdr_bucket_low(b), 0.5) * l->ns;
        y[n++] = (double)sum / l->h->count;
    }
    return n;
}

// The q-quantile, or the greatest that is not one of the laps that were cut.
static double top_of(const struct hdr_histogram *h, double q)
{
    return hdr_quantile(h, hdr_holds(h, q) ? q : (h->count - h->overflow - 0.5) / h->count);
}

static void range(const struct sheet *s, const char *row, double *low, double *high, double upper)
{
    *low = INFINITY;
    *high = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct laps *l = &s->laps[i];
        if (strcmp(l->row, row))
            continue;
        *low = fmin(*low, fmax(hdr_quantile(l->h, 0.001), 0.5) * l->ns);
        *high = fmax(*high, top_of(l->h, upper) * l->ns);
    }
    *low *= 0.97;
    *high *= 1.03;
}

// Each boot a thin line, all boots of a kernel a thick one.
static void draw_all(const struct sheet *s, const struct plot *p, const char *row, bool tail)
{
    double *x = x_alloc(HDR_BUCKETS * sizeof(*x)), *y = x_alloc(HDR_BUCKETS * sizeof(*y));
    double most = tail ? p->x.high : 1;
    const char *name;
    json_t *k;
    json_object_foreach (s->kernels, name, k) {
        struct laps all = {.h = hdr_new()};
        char class[32];
        int boots = 0;
        for (size_t i = 0; i < s->count; i++) {
            const struct laps *l = &s->laps[i];
            if (strcmp(l->row, row) || strcmp(l->kernel, name))
                continue;
            hdr_merge(all.h, l->h);
            all.ns = l->ns;
            size_t n = shares(l, most, x, y);
            snprintf(class, sizeof(class), "line thin l%d", line_of(s, name));
            if (boots++ < BOOTS)
                plot_line(s->t, p, class, tail ? y : x, tail ? x : y, n, true);
        }
        snprintf(class, sizeof(class), "line l%d", line_of(s, name));
        size_t n = shares(&all, most, x, y);
        if (n)
            plot_line(s->t, p, class, tail ? y : x, tail ? x : y, n, true);
        free(all.h);
    }
    free(x);
    free(y);
}

static void charts(const struct sheet *s, const char *row)
{
    double low, high;
    struct plot body = {.x = {"time of an operation", PLOT_LOG, PLOT_NS, 0, 0}, .y = {"share at or below", PLOT_LINEAR, PLOT_PERCENT, 0, 1},
                        .width = 450, .height = 218};
    struct plot tail = {.x = {"percentile", PLOT_NINES, PLOT_PERCENT, 0, 0.9999}, .y = {"time", PLOT_LOG, PLOT_NS, 0, 0}, .width = 450,
                        .height = 218};
    range(s, row, &low, &high, 0.995);
    body.x.low = low;
    body.x.high = high;
    range(s, row, &low, &high, 0.9999);
    tail.y.low = low;
    tail.y.high = high;
    text_add(s->t, "<div class=pair>");
    plot_open(s->t, &body, "the empirical distribution of each boot and of all");
    draw_all(s, &body, row, false);
    plot_close(s->t);
    plot_open(s->t, &tail, "the time by percentile, the tail stretched");
    draw_all(s, &tail, row, true);
    plot_close(s->t);
    text_add(s->t, "</div>");
}

static json_t *row_of(json_t *run, const char *workload, const char *kernel)
{
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(run, "rows"), i, row)
        if (!strcmp(text_of(row, "workload"), workload) && !strcmp(text_of(row, "kernel"), kernel) && !strcmp(text_of(row, "metric"), "mean_ns"))
            return row;
    return NULL;
}

static void strip_range(const struct sheet *s, const char *workload, double *low, double *high)
{
    const char *name;
    json_t *k, *sample;
    size_t i;
    *low = INFINITY;
    *high = 0;
    json_object_foreach (s->kernels, name, k)
        json_array_foreach (json_object_get(row_of(s->run, workload, name), "samples"), i, sample)
            if (number_of(sample, "value") > 0) {
                *low = fmin(*low, number_of(sample, "value"));
                *high = fmax(*high, number_of(sample, "value"));
            }
}

// The mean of each boot, a line a kernel.
static void strip(const struct sheet *s, const char *workload)
{
    struct plot p = {.x = {"mean of a boot", PLOT_LINEAR, PLOT_NS, 0, 0}, .y = {"", PLOT_BARE, PLOT_PLAIN, 0, 0}, .width = 1000,
                     .height = 20.0 * json_object_size(s->kernels)};
    double low, high, at = json_object_size(s->kernels);
    const char *name;
    json_t *k, *sample;
    size_t i;
    strip_range(s, workload, &low, &high);
    if (!(high > 0))
        return;
    p.x.low = low - 0.04 * (high - low);
    p.x.high = high + 0.04 * (high - low);
    p.y.low = 0;
    p.y.high = at + 1;
    text_add(s->t, "<div class=strip>");
    plot_open(s->t, &p, "the mean of each boot");
    json_object_foreach (s->kernels, name, k) {
        json_array_foreach (json_object_get(row_of(s->run, workload, name), "samples"), i, sample) {
            char class[16], title[160];
            snprintf(class, sizeof(class), "dot l%d", line_of(s, name));
            snprintf(title, sizeof(title), "%.60s, boot %zu: %.6g ns", name, i + 1, number_of(sample, "value"));
            if (number_of(sample, "value") > 0)
                plot_dot(s->t, &p, class, number_of(sample, "value"), at, 5, title);
        }
        at--;
    }
    plot_close(s->t);
    text_add(s->t, "</div>");
}

static size_t means_of(const struct sheet *s, const char *workload, const char *kernel, double *v)
{
    json_t *sample;
    size_t i, n = 0;
    json_array_foreach (json_object_get(row_of(s->run, workload, kernel), "samples"), i, sample)
        if (n < MEANS_MAX && number_of(sample, "value") > 0)
            v[n++] = number_of(sample, "value");
    return n;
}

// Are the boots' means of the two distributed alike? Not only their middle, which the verdicts look at: a kernel that is as fast on average but
// has two kinds of boots differs here.
static void say_apart(const struct sheet *s, const char *workload, const char *a, const char *b)
{
    double x[MEANS_MAX], y[MEANS_MAX], d = 0;
    size_t n = means_of(s, workload, a, x), m = means_of(s, workload, b, y);
    if (n < 2 || m < 2)
        return;
    double p = stats_kolmogorov_smirnov(x, n, y, m, &d);
    text_add(s->t, "<p class='dim apart'>The means of the boots of ");
    html_escape(s->t, a);
    text_add(s->t, " and of ");
    html_escape(s->t, b);
    text_addf(s->t, " %s (Kolmogorov and Smirnov: their distributions are up to %.2g apart, p %.2g, of this row alone).</p>",
              p < 0.05 ? "are distributed differently" : "cannot be told apart by their distribution", d, p);
}

// The run's first kernel beside each other one.
static void say_all_apart(const struct sheet *s, const char *workload)
{
    const char *name, *first = NULL;
    json_t *k;
    json_object_foreach (s->kernels, name, k) {
        if (first)
            say_apart(s, workload, first, name);
        first = first ? first : name;
    }
}

static const char *const members[] = {"value", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns"};
#define MEMBERS (sizeof(members) / sizeof(*members))

static void table(const struct sheet *s, const char *workload)
{
    const char *name;
    json_t *k, *sample;
    size_t i, m;
    html_folded_table_open(s->t, "Boots, nanoseconds an operation", false, "kernel|>boot|>mean|>p50|>p90|>p99|>p99.9|>max|steady");
    json_object_foreach (s->kernels, name, k)
        json_array_foreach (json_object_get(row_of(s->run, workload, name), "samples"), i, sample) {
            html_table_row(s->t, name);
            text_addf(s->t, "<td class=n>%zu", i + 1);
            for (m = 0; m < MEMBERS; m++)
                html_number_cell(s->t, sample, members[m]);
            json_t *steady = json_object_get(sample, "steady");
            html_text_cell(s->t, json_is_true(steady) ? "yes" : steady ? "no" : "");
        }
    html_folded_table_close(s->t);
}

static void section(const struct sheet *s, const char *workload)
{
    bool any = false;
    for (size_t i = 0; i < s->count; i++)
        any |= !strcmp(s->laps[i].row, workload);
    text_add(s->t, "<h2>");
    html_escape(s->t, workload);
    text_add(s->t, "</h2>");
    legend(s);
    if (any)
        charts(s, workload);
    strip(s, workload);
    say_all_apart(s, workload);
    table(s, workload);
}

// Workloads whose mean is a row with more than one boot or with histograms.
static void list_workloads(const struct sheet *s, struct str_list *out)
{
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(s->run, "rows"), i, row) {
        const char *w = text_of(row, "workload");
        if (!strcmp(text_of(row, "metric"), "mean_ns") && json_array_size(json_object_get(row, "samples")) > 1 && strncmp(w, "canary", 6) &&
            !list_has(out, w) && out->count < ROWS_MAX)
            list_add(out, w);
    }
}

bool distribution_page(struct text_buf *t, json_t *run, const char *dir)
{
    struct sheet s = {.t = t, .run = run, .kernels = json_object_get(json_object_get(run, "identity"), "kernels")};
    struct str_list workloads = {0};
    list_workloads(&s, &workloads);
    bool any = workloads.count > 0;
    if (any) {
        char *title = x_printf("Distribution of %s", text_of(run, "id"));
        load(&s, dir);
        site_page_open(t, title, "../");
        text_add(t, "<p class=dim>First the share of iterations that took at most so long, then the same by percentile, its end stretched. Thin: single "
                    "boots, up to ten of a kernel; thick: all boots of it. Below: the mean of each boot, the unit of every test.");
        text_add(t, !strcmp(text_of(run, "tier"), "tcg") ? " <b>All times are emulated.</b></p>" : "</p>");
        for (size_t i = 0; i < workloads.count; i++)
            section(&s, workloads.items[i]);
        site_page_close(t);
        free(title);
    }
    for (size_t i = 0; i < s.count; i++) {
        free(s.laps[i].kernel);
        free(s.laps[i].row);
        free(s.laps[i].h);
    }
    free(s.laps);
    list_free(&workloads);
    return any;
}
