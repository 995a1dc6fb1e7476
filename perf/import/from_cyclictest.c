// cyclictest: its text (a line "T: 0 (...) ... Min: Act: Avg: Max:" a thread, the last of each counts, and with -h the
// histogram's comments) in microseconds, and its --json, which says its version, resolution and every latency.
#include "perf/import/imported.h"

#include "perf/util/json_get.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 4096

bool cyclictest_knows(const char *text)
{
    return strstr(text, "\"rt_test_version\"") || (strstr(text, "T:") && strstr(text, "Max:") && strstr(text, "Avg:"));
}

// ---- text ----
static void take_field(struct imported *im, int number, const char *line, int thread, const char *field, const char *metric)
{
    const char *at = strstr(line, field), *end;
    double us;
    char *name = x_printf("cyclictest/%d", thread);
    if (!at || !import_number(at + strlen(field), &end, &us) || (*end && *end != ' ' && *end != '\t' && *end != '\033')) {
        import_fault(im, number, "\"%s\" and a number are missing: the line is cut or damaged", field);
    } else {
        char *given = x_printf("%.*s us", (int)(end - import_after(at + strlen(field), "")), import_after(at + strlen(field), ""));
        import_sample(im, name, metric, "ns", us * 1e3, given);
        free(given);
    }
    free(name);
}

static void take_thread(struct imported *im, int number, const char *line, int thread)
{
    take_field(im, number, line, thread, "Min:", "min_ns");
    take_field(im, number, line, thread, "Avg:", "mean_ns");
    take_field(im, number, line, thread, "Max:", "max_ns");
}

static void read_text(struct imported *im, const char *text)
{
    struct import_lines l;
    char *line, **last = x_alloc(THREADS_MAX * sizeof(*last));
    int *at = x_alloc(THREADS_MAX * sizeof(*at)), thread;
    import_lines_open(&l, text);
    while ((line = import_lines_next(&l)) && !im->why) {
        while (*line == '\033') // the cursor goes up before each repetition
            line += strcspn(line, "ABCDHJKm") + (line[strcspn(line, "ABCDHJKm")] != '\0');
        if (sscanf(line, "T:%d", &thread) != 1)
            continue;
        if (thread < 0 || thread >= THREADS_MAX) {
            import_fault(im, l.number, "thread %d", thread);
            break;
        }
        last[thread] = line;
        at[thread] = l.number;
    }
    for (int i = 0; i < THREADS_MAX; i++)
        if (last[i] && !im->why)
            take_thread(im, at[i], last[i], i);
    free(last);
    free(at);
    import_lines_close(&l);
}

// ---- JSON ----
struct bins {
    double scale, total; // nanoseconds of a unit; samples
    size_t count;
    double *n; // pairs: latency, how often
};

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

// Every latency below or at it: the smallest value that `share` of the samples do not exceed.
static double percentile(const struct bins *b, double share)
{
    double sum = 0;
    for (size_t i = 0; i < b->count; i++) {
        sum += b->n[2 * i + 1];
        if (sum >= share * b->total)
            return b->n[2 * i];
    }
    return -1; // among those that the histogram does not hold
}

static void give_percentiles(struct imported *im, const char *name, const struct bins *b)
{
    static const struct {
        const char *metric;
        double share, least; // least: samples without which the percentile says nothing
    } wanted[] = {{"p50_ns", 0.5, 6}, {"p99_ns", 0.99, 299}, {"p999_ns", 0.999, 2995}};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
        double v = percentile(b, wanted[i].share);
        char *given = x_printf("of a histogram of %.0f", b->total);
        if (b->total >= wanted[i].least && v >= 0)
            import_sample(im, name, wanted[i].metric, "ns", v * b->scale, given);
        free(given);
    }
}

static void take_histogram(struct imported *im, const char *text, const char *name, json_t *histogram, double cycles, double scale)
{
    struct bins b = {.scale = scale, .total = cycles, .count = json_object_size(histogram)};
    const char *key, *end;
    size_t i = 0;
    json_t *v;
    b.n = x_alloc((2 * b.count + 2) * sizeof(double));
    json_object_foreach (histogram, key, v) {
        double n = json_is_integer(v) ? json_number_value(v) : -1;
        if (!import_number(key, &end, &b.n[2 * i]) || *end || n < 0)
            import_fault(im, import_line_of(text, "\"histogram\"", 0), "a histogram holds \"%.20s\", no count of a latency", key);
        b.n[2 * i++ + 1] = n;
    }
    qsort(b.n, b.count, 2 * sizeof(double), by_value);
    if (!im->why)
        give_percentiles(im, name, &b);
    free(b.n);
}

static void take_member(struct imported *im, const char *text, json_t *thread, const char *name, const char *member,
                        const char *metric, double scale)
{
    json_t *v = json_object_get(thread, member);
    if (!json_is_number(v) || json_number_value(v) < 0) {
        import_fault(im, import_line_of(text, "\"thread\"", 0), "%s: no \"%s\" that is a number", name, member);
        return;
    }
    char *given = x_printf("%.12g", json_number_value(v));
    import_sample(im, name, metric, "ns", json_number_value(v) * scale, given);
    free(given);
}

static void read_document(struct imported *im, const char *text, json_t *j)
{
    json_t *threads = json_object_get(j, "thread"), *t, *info = json_object_get(j, "sysinfo");
    double scale = number_of(j, "resolution_in_ns") > 0 ? 1 : 1e3;
    const char *key;
    if (number_of(j, "file_version") != 1)
        import_fault(im, import_line_of(text, "\"file_version\"", 0), "file_version is not 1, the only one that is known");
    if (!json_is_object(threads))
        import_fault(im, 1, "no object \"thread\"");
    json_object_foreach (threads, key, t) {
        char *slug = import_slug(key, strlen(key)), *name = x_printf("cyclictest/%s", slug);
        take_member(im, text, t, name, "min", "min_ns", scale);
        take_member(im, text, t, name, "avg", "mean_ns", scale);
        take_member(im, text, t, name, "max", "max_ns", scale);
        if (json_is_object(json_object_get(t, "histogram")))
            take_histogram(im, text, name, json_object_get(t, "histogram"), number_of(t, "cycles"), scale);
        free(slug);
        free(name);
    }
    im->version = *text_of(j, "rt_test_version") ? x_strdup(text_of(j, "rt_test_version")) : NULL;
    im->kernel = *text_of(info, "release") ? x_strdup(text_of(info, "release")) : NULL;
    im->host = *text_of(info, "nodename") ? x_strdup(text_of(info, "nodename")) : NULL;
}

void cyclictest_read(struct imported *im, const char *text)
{
    json_error_t err;
    if (!import_after(text, "{")) {
        read_text(im, text);
        return;
    }
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, &err);
    if (j)
        read_document(im, text, j);
    else
        import_fault(im, err.line, "%s", err.text);
    json_decref(j);
}
