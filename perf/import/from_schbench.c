// schbench, all its versions: "... Latencies percentiles (usec) ...", "* 99.0th: 20", "min=1, max=1234", "average rps: 1234.56". It prints
// each table many times; the last holds all that came before.
#include "perf/import/imported.h"

#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

struct tables {
    json_t *last; // workload -> {metric: text as given}, in order
    char *open;   // the workload of the table that is read, or NULL
    int line, values;
};

bool schbench_knows(const char *text)
{
    return strstr(text, "percentiles (usec)");
}

// "99.9000th" -> "p999_ns"; NULL for those that no row has.
static const char *metric_of(const char *digits)
{
    static const struct {
        double percent;
        const char *metric;
    } known[] = {{50, "p50_ns"}, {75, "p75_ns"}, {90, "p90_ns"}, {95, "p95_ns"}, {99, "p99_ns"}, {99.5, "p995_ns"}, {99.9, "p999_ns"}};
    double p = strtod(digits, NULL);
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (p == known[i].percent)
            return known[i].metric;
    return NULL;
}

static void close_table(struct imported *im, struct tables *t)
{
    if (t->open && !t->values)
        import_fault(im, t->line, "the table of %s has no percentile", t->open);
    free(t->open);
    t->open = NULL;
    t->values = 0;
}

// "Wakeup Latencies percentiles (usec) runtime 10 (s) (...)": schbench/wakeup; "Latency percentiles": schbench/latency.
static void open_table(struct imported *im, struct tables *t, int number, const char *line)
{
    bool times = strstr(line, "percentiles (usec)");
    close_table(im, t);
    if (!times)
        return; // requests a second: the average has a line of its own
    size_t n = strcspn(line, " ");
    char *slug = import_slug(line, n);
    t->open = x_printf("schbench/%s", slug);
    t->line = number;
    json_object_set_new(t->last, t->open, json_object());
    free(slug);
}

static void take_value(struct imported *im, struct tables *t, int number, const char *metric, const char *text)
{
    const char *end;
    double us;
    if (!import_number(text, &end, &us)) {
        import_fault(im, number, "not a number of microseconds: \"%.40s\"", text);
        return;
    }
    char *given = x_printf("%.*s", (int)(end - text), text);
    json_object_set_new(json_object_get(t->last, t->open), metric, json_string(given));
    t->values++;
    free(given);
}

static void take_percentile(struct imported *im, struct tables *t, int number, const char *line)
{
    const char *p = import_after(line, "*"), *end, *metric;
    double percent;
    p = p ? p : import_after(line, "");
    if (!import_number(p, &end, &percent) || strncmp(end, "th:", 3)) {
        const char *most = strstr(p, "max=");
        if (import_after(p, "min=") && most)
            take_value(im, t, number, "max_ns", most + 4);
        close_table(im, t);
        return;
    }
    if ((metric = metric_of(p)))
        take_value(im, t, number, metric, import_after(end + 3, ""));
}

static void give_samples(struct imported *im, struct tables *t)
{
    json_t *table, *v;
    const char *workload, *metric, *end;
    double us;
    json_object_foreach (t->last, workload, table)
        json_object_foreach (table, metric, v)
            if (import_number(json_string_value(v), &end, &us))
                import_sample(im, workload, metric, "ns", us * 1e3, json_string_value(v));
}

// Requests a second become the time from one to the next.
static void take_rate(struct imported *im, int number, const char *rest)
{
    const char *end;
    double rate;
    if (!import_number(rest, &end, &rate) || !(rate > 0))
        import_fault(im, number, "not a rate: \"%.40s\"", rest);
    else
        import_sample(im, "schbench/requests", "mean_ns", "ns", 1e9 / rate, rest);
}

void schbench_read(struct imported *im, const char *text)
{
    struct import_lines l;
    struct tables t = {.last = json_object()};
    char *line;
    import_lines_open(&l, text);
    while ((line = import_lines_next(&l)) && !im->why) {
        const char *rate = import_after(line, "average rps:");
        if (strstr(line, "percentiles ("))
            open_table(im, &t, l.number, line);
        else if (rate)
            take_rate(im, l.number, rate);
        else if (t.open)
            take_percentile(im, &t, l.number, line);
    }
    close_table(im, &t);
    give_samples(im, &t);
    json_decref(t.last);
    import_lines_close(&l);
}
