// perf bench: the text of one or many benchmarks, "# Running 'SUITE/NAME' benchmark:" before each. Of a benchmark the time of an operation is
// taken ("usecs/op", "ops/sec", "operations/sec"); of sched/messaging, which prints none, its total time. Bandwidths are left out.
#include "perf/import/imported.h"

#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

struct block {
    char *name; // NULL before the first
    double ns, total_ns;
    char *given, *total_given;
    bool bytes; // a bandwidth was its result
};

bool perf_bench_knows(const char *text)
{
    return strstr(text, "# Running '") && strstr(text, "' benchmark:");
}

static void end_block(struct imported *im, int number, struct block *b)
{
    char *workload = b->name ? x_printf("perf-bench/%s", b->name) : NULL;
    if (b->name && b->ns > 0)
        import_sample(im, workload, "mean_ns", "ns", b->ns, b->given);
    else if (b->name && b->total_ns > 0 && !strcmp(b->name, "sched/messaging"))
        import_sample(im, workload, "total_ns", "ns", b->total_ns, b->total_given);
    else if (b->name && !b->bytes)
        import_fault(im, number, "the benchmark %s has no result", b->name);
    im->left_out += b->bytes;
    free(workload);
    free(b->name);
    free(b->given);
    free(b->total_given);
    *b = (struct block){0};
}

static void begin_block(struct block *b, const char *name)
{
    size_t n = strcspn(name, "'"), slash = strcspn(name, "/");
    char *suite = import_slug(name, slash < n ? slash : n), *rest = slash < n ? import_slug(name + slash + 1, n - slash - 1) : NULL;
    b->name = rest ? x_printf("%s/%s", suite, rest) : x_strdup(suite);
    free(suite);
    free(rest);
}

static void keep(double *slot, char **given, double ns, const char *text)
{
    free(*given);
    *slot = ns;
    *given = x_strdup(text);
}

// "1.234 usecs/op", "195180 ops/sec"; other lines say nothing.
static void take_number(struct block *b, const char *line)
{
    const char *end, *unit;
    double v;
    if (!import_number(line, &end, &v) || !(v > 0))
        return;
    unit = import_after(end, "");
    if (!strcmp(unit, "usecs/op"))
        keep(&b->ns, &b->given, v * 1e3, import_after(line, ""));
    else if (!strcmp(unit, "ops/sec") && !(b->ns > 0))
        keep(&b->ns, &b->given, 1e9 / v, import_after(line, ""));
    else if (strstr(unit, "B/sec"))
        b->bytes = true;
}

static void take_line(struct imported *im, int number, struct block *b, const char *line)
{
    const char *running = import_after(line, "# Running '"), *total = import_after(line, "Total time:");
    const char *averaged = import_after(line, "Averaged"), *end;
    double v;
    if (running) {
        end_block(im, number, b);
        begin_block(b, running);
    } else if (!b->name || *line == '#') {
        return;
    } else if (total && import_number(total, &end, &v) && import_after(end, "[sec]")) {
        keep(&b->total_ns, &b->total_given, v * 1e9, total);
    } else if (total) {
        import_fault(im, number, "not \"Total time: NUMBER [sec]\": \"%.40s\"", line);
    } else if (averaged && import_number(averaged, &end, &v) && v > 0 && import_after(end, "operations/sec")) {
        keep(&b->ns, &b->given, 1e9 / v, averaged);
    } else {
        take_number(b, line);
    }
}

void perf_bench_read(struct imported *im, const char *text)
{
    struct import_lines l;
    struct block b = {0};
    char *line;
    import_lines_open(&l, text);
    while ((line = import_lines_next(&l)) && !im->why)
        take_line(im, l.number, &b, line);
    end_block(im, l.number, &b);
    import_lines_close(&l);
}
