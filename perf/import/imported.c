// What the readers share: rows, faults, numbers, lines. See imported.h.
#include "perf/import/imported.h"

#include "perf/util/json_get.h"
#include "perf/util/text_buf.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX    10000
#define SAMPLES_MAX 1000 // of a row: as many as a comparison looks at
#define NAME_LENGTH 80

const struct import_tool import_tools[] = {
    {"cyclictest", cyclictest_knows, cyclictest_read},
    {"google-benchmark", google_benchmark_knows, google_benchmark_read},
    {"hackbench", hackbench_knows, hackbench_read},
    {"schbench", schbench_knows, schbench_read},
    {"will-it-scale", will_it_scale_knows, will_it_scale_read},
    {"perf-bench", perf_bench_knows, perf_bench_read},
    {"lmbench", lmbench_knows, lmbench_read},
    {NULL, NULL, NULL},
};

void import_fault(struct imported *im, int line, const char *fmt, ...)
{
    struct text_buf t = {0};
    va_list ap;
    if (im->why)
        return;
    text_addf(&t, "%s:%d: ", im->file, line);
    va_start(ap, fmt);
    text_addv(&t, fmt, ap);
    va_end(ap);
    for (char *p = t.data; *p; p++)
        *p = (unsigned char)*p < ' ' ? '?' : *p;
    im->why = t.data;
}

static json_t *row_of(struct imported *im, const char *workload, const char *metric, const char *unit)
{
    json_t *row;
    size_t i;
    json_array_foreach (im->rows, i, row)
        if (!strcmp(text_of(row, "workload"), workload) && !strcmp(text_of(row, "metric"), metric))
            return row;
    if (json_array_size(im->rows) >= ROWS_MAX)
        return NULL;
    row = json_pack("{s:s,s:s,s:s,s:s,s:[]}", "workload", workload, "metric", metric, "unit", unit, "status", "ok",
                    "samples");
    json_array_append_new(im->rows, row); // NULL (a name that is no UTF-8) adds nothing
    return row;
}

void import_sample(struct imported *im, const char *workload, const char *metric, const char *unit, double value,
                   const char *given)
{
    json_t *row = isfinite(value) ? row_of(im, workload, metric, unit) : NULL;
    json_t *samples = json_object_get(row, "samples");
    if (!row || json_array_size(samples) >= SAMPLES_MAX)
        import_fault(im, 1, "more than %d results, a name that is no text or a number too large: %.40s", ROWS_MAX, given);
    else
        json_array_append_new(samples, json_pack("{s:s,s:f,s:s}", "status", "ok", "value", value, "given", given));
}

void import_failed(struct imported *im, const char *workload, const char *metric, const char *reason)
{
    json_t *row = row_of(im, workload, metric, "ns");
    if (!row)
        return;
    json_object_set_new(row, "status", json_string("failed"));
    json_object_set_new(row, "reason", json_string(reason));
}

char *import_slug(const char *name, size_t len)
{
    struct text_buf t = {0};
    for (size_t i = 0; i < len && t.len < NAME_LENGTH; i++) {
        char c = tolower((unsigned char)name[i]);
        if (isalnum((unsigned char)c) || c == '/' || c == ':' || c == '.' || c == '_')
            text_add_bytes(&t, &c, 1);
        else if (t.len && t.data[t.len - 1] != '-')
            text_add(&t, "-");
    }
    while (t.len && t.data[t.len - 1] == '-')
        t.data[--t.len] = '\0';
    text_add(&t, t.len ? "" : "-");
    return t.data;
}

// Is the workload still free, or that of this name already? Then it is from now on.
static bool is_or_becomes(struct imported *im, const char *workload, const char *name)
{
    const char *of = json_string_value(json_object_get(im->names, workload));
    if (!im->names)
        im->names = json_object();
    return of ? !strcmp(of, name) : !json_object_set_new(im->names, workload, json_string(name));
}

char *import_workload(struct imported *im, const char *tool, const char *name)
{
    char *slug = import_slug(name, strlen(name)), *workload = x_printf("%s/%s", tool, slug);
    for (int n = 2; n <= ROWS_MAX && !is_or_becomes(im, workload, name); n++) {
        free(workload);
        workload = x_printf("%s/%s-%d", tool, slug, n);
    }
    free(slug);
    return workload;
}

bool import_number(const char *s, const char **end, double *value)
{
    char *stop;
    while (*s == ' ' || *s == '\t')
        s++;
    if (!isdigit((unsigned char)*s) && !(*s == '.' && isdigit((unsigned char)s[1])))
        return false;
    if (*s == '0' && (s[1] == 'x' || s[1] == 'X')) // strtod's hexadecimal
        return false;
    *value = strtod(s, &stop);
    *end = stop;
    return isfinite(*value);
}

const char *import_after(const char *s, const char *word)
{
    while (*s == ' ' || *s == '\t')
        s++;
    for (; *word; word++) {
        if (*word == ' ') {
            while (*s == ' ' || *s == '\t')
                s++;
        } else if (*s++ != *word) {
            return NULL;
        }
    }
    while (*s == ' ' || *s == '\t')
        s++;
    return s;
}

void import_lines_open(struct import_lines *l, const char *text)
{
    l->copy = l->next = x_strdup(text);
    l->number = 0;
}

char *import_lines_next(struct import_lines *l)
{
    char *line = l->next;
    if (!line || !*line)
        return NULL;
    size_t n = strcspn(line, "\n");
    l->next = line[n] ? line + n + 1 : NULL;
    line[n] = '\0';
    if (n && line[n - 1] == '\r')
        line[n - 1] = '\0';
    l->number++;
    return line;
}

void import_lines_close(struct import_lines *l)
{
    free(l->copy);
}

// The 1-based line of the byte at `to`.
static int lines_of(const char *text, const char *to)
{
    int line = 1;
    for (; text < to; text++)
        line += *text == '\n';
    return line;
}

int import_line_of(const char *text, const char *what, size_t n)
{
    const char *at = strstr(text, what);
    for (; at && n; n--)
        at = strstr(at + 1, what);
    return at ? lines_of(text, at) : 1;
}

// The 1-based line that a result could not hold, because it is not UTF-8; 0: none.
static int line_not_utf8(const char *text)
{
    for (int line = 1; *text; line++) {
        size_t n = strcspn(text, "\n");
        json_t *j = json_stringn(text, n);
        if (!j)
            return line;
        json_decref(j);
        text += n + (text[n] != '\0');
    }
    return 0;
}

static const struct import_tool *choose(struct imported *im, const char *text, const char *name)
{
    for (const struct import_tool *t = import_tools; t->name; t++)
        if (name ? !strcmp(name, t->name) : t->knows(text))
            return t;
    import_fault(im, 1, "%s", name ? "no such tool" : "no known tool's output (--from TOOL names the tool)");
    return NULL;
}

const struct import_tool *import_read(struct imported *im, const char *text, size_t len, const char *name)
{
    const char *zero = memchr(text, '\0', len);
    const struct import_tool *tool = NULL;
    im->rows = json_array();
    if (zero) {
        import_fault(im, lines_of(text, zero), "a zero byte: no text");
    } else if (line_not_utf8(text)) {
        import_fault(im, line_not_utf8(text), "a byte that is not UTF-8: no text");
    } else if (len && text[len - 1] != '\n' && !import_after(text, "{")) {
        import_fault(im, lines_of(text, text + len), "the text ends in the middle of a line: it is cut");
    } else if ((tool = choose(im, text, name))) {
        tool->read(im, text);
        if (!json_array_size(im->rows))
            import_fault(im, 1, "no result of %s is in it", tool->name);
    }
    return im->why ? NULL : tool;
}

void imported_free(struct imported *im)
{
    json_decref(im->rows);
    json_decref(im->names);
    free(im->version);
    free(im->kernel);
    free(im->host);
    free(im->why);
}
