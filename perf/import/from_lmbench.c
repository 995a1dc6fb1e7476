// lmbench: what its programs print, alone or in the file of a whole run. "NAME: N microseconds" (or nanoseconds) and the tables of
// lat_ctx ("size=16k ovr=1.02, then "PROCESSES MICROSECONDS"). A bandwidth ("NAME: N MB/sec") is the time of a megabyte; those of tables by
// size are left out.
#include "perf/import/imported.h"

#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

bool lmbench_knows(const char *text)
{
    return strstr(text, "[lmbench") || strstr(text, " microseconds") || strstr(text, " nanoseconds") ||
           strstr(text, "\"size=");
}

static void take_header(struct imported *im, const char *line)
{
    const char *version = import_after(line, "[LMBENCH_VER:"), *host = import_after(line, "[lmbench");
    const char *of = host ? strstr(host, "results for ") : NULL;
    if (version && !im->version)
        im->version = x_printf("%.*s", (int)strcspn(version, "]"), version);
    if (of && !im->host)
        im->host = x_printf("%.*s", (int)strcspn(of + 12, "]"), of + 12);
}

// "Simple syscall: 0.0512 microseconds"
static void take_latency(struct imported *im, int number, const char *line, const char *unit)
{
    const char *colon = strrchr(line, ':'), *end;
    double v, scale = *unit == 'n' ? 1 : 1e3;
    if (!colon || colon == line || !import_number(colon + 1, &end, &v) || import_after(end, "") != unit) {
        import_fault(im, number, "not \"NAME: NUMBER UNIT\": \"%.60s\"", line);
        return;
    }
    char *slug = import_slug(line, colon - line), *name = x_printf("lmbench/%s", slug);
    import_sample(im, name, "mean_ns", "ns", v * scale, import_after(colon + 1, ""));
    free(slug);
    free(name);
}

// "Pipe bandwidth: 1234.56 MB/sec"; one that is damaged is left out with those of the tables.
static void take_bandwidth(struct imported *im, const char *line)
{
    const char *colon = strrchr(line, ':'), *end;
    double v;
    if (!colon || colon == line || !import_number(colon + 1, &end, &v) || !(v > 0) || strcmp(import_after(end, ""), "MB/sec")) {
        im->left_out++;
        return;
    }
    char *slug = import_slug(line, colon - line), *name = x_printf("lmbench/%s", slug);
    import_sample(im, name, "mean_ns", "ns/MB", 1e9 / v, import_after(colon + 1, ""));
    free(slug);
    free(name);
}

// "size=16k ovr=1.02 -> "16k"; the caller frees it.
static char *context_size(const char *line)
{
    const char *at = import_after(line, "\"size=");
    size_t n = at ? strcspn(at, " \t") : 0;
    return n && n < 12 ? x_printf("%.*s", (int)n, at) : NULL;
}

// "8 2.34" below a size; false when it is no such line.
static bool take_context(struct imported *im, const char *line, const char *size)
{
    const char *end;
    double processes, us;
    if (!import_number(line, &end, &processes) || !import_number(end, &end, &us) || *import_after(end, "") || processes < 1 ||
        processes > 1e6)
        return false;
    char *name = x_printf("lmbench/ctx/%.0fx%s", processes, size);
    import_sample(im, name, "mean_ns", "ns", us * 1e3, import_after(line, ""));
    free(name);
    return true;
}

static void take_line(struct imported *im, int number, const char *line, char **size)
{
    const char *unit = strstr(line, "microseconds");
    unit = unit ? unit : strstr(line, "nanoseconds");
    if (*line == '[') {
        take_header(im, line);
    } else if (import_after(line, "\"size=")) {
        free(*size);
        if (!(*size = context_size(line)))
            import_fault(im, number, "not \"size=SIZE ovr=TIME: \"%.40s\"", line);
    } else if (*size && *import_after(line, "")) {
        if (!take_context(im, line, *size) && !unit && *line >= '0' && *line <= '9')
            import_fault(im, number, "not \"PROCESSES MICROSECONDS\": \"%.40s\"", line);
        if (*line < '0' || *line > '9') {
            free(*size);
            *size = NULL;
            if (unit)
                take_latency(im, number, line, unit);
        }
    } else if (unit) {
        take_latency(im, number, line, unit);
    } else if (strstr(line, "MB/sec")) {
        take_bandwidth(im, line);
    }
}

void lmbench_read(struct imported *im, const char *text)
{
    struct import_lines l;
    char *line, *size = NULL;
    import_lines_open(&l, text);
    while ((line = import_lines_next(&l)) && !im->why)
        take_line(im, l.number, line, &size);
    free(size);
    import_lines_close(&l);
}
