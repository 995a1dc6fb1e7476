// Tables of comparisons. The summary line stands above the rows, unsupported and lost ones first.
#include "perf/view/compare_view.h"

#include "perf/result/comparison.h"
#include "perf/result/host_counts.h"
#include "perf/store/triage.h"
#include "perf/util/json_get.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"
#include "perf/view/html_text.h"
#include "perf/view/text_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool format_known(const char *format)
{
    static const char *const known[] = {"text", "md", "json", "csv"};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (!strcmp(format, known[i]))
            return true;
    say_error("no format is called \"%s\": text, md, json or csv", format);
    return false;
}

void format_number(char *out, size_t n, double v)
{
    char digits[64];
    if (fabs(v) < 100) {
        snprintf(out, n, "%.2f", v);
        return;
    }
    snprintf(digits, sizeof(digits), "%.0f", v);
    size_t len = strlen(digits), k = 0;
    for (size_t i = 0; i < len && k + 2 < n; i++) {
        if (i && (len - i) % 3 == 0 && digits[i - 1] != '-')
            out[k++] = ',';
        out[k++] = digits[i];
    }
    out[k] = '\0';
}

char *tier_line(json_t *run)
{
    json_t *t = json_object_get(run, "topology"), *imported = json_object_get(run, "imported");
    if (imported)
        return x_printf("imported: %s %s, by its file %s; host: %s", text_of(imported, "tool"),
                        *text_of(imported, "version") ? text_of(imported, "version") : "(version not given)",
                        text_of(imported, "file"),
                        *text_of(json_object_get(json_object_get(run, "identity"), "host"), "name")
                            ? text_of(json_object_get(json_object_get(run, "identity"), "host"), "name")
                            : "not named");
    int cpus = json_integer_value(json_object_get(t, "cpus")),
        nodes = json_array_size(json_object_get(t, "nodes")),
        turn = number_of(json_object_get(run, "identity"), "turn_ns");
    char *turns = turn ? x_printf(" in turns of %d ns", turn) : NULL;
    char *line = x_printf("tier %s (%s); %d CPU%s%s, %d node%s, %d MiB; QEMU %s", text_of(run, "tier"),
                          text_of(run, "tier_why"), cpus, cpus == 1 ? "" : "s", turns ? turns : "", nodes ? nodes : 1,
                          nodes > 1 ? "s" : "", (int)json_integer_value(json_object_get(t, "memory_mb")),
                          text_of(json_object_get(json_object_get(run, "identity"), "qemu"), "version"));
    free(turns);
    return line;
}

static void number_cell(struct text_table *t, int column, json_t *v)
{
    char s[64];
    if (!json_is_number(v))
        return;
    format_number(s, sizeof(s), json_number_value(v));
    table_cell(t, column, "%s", s);
}

static void ratio_cell(struct text_table *t, int column, json_t *c)
{
    json_t *ratio = json_object_get(c, "ratio"), *i = json_object_get(c, "interval");
    if (json_is_array(i))
        table_cell(t, column, "%.3f [%.3f, %.3f]", json_number_value(ratio),
                   json_number_value(json_array_get(i, 0)),
                   json_number_value(json_array_get(i, 1)));
    else if (json_is_number(ratio))
        table_cell(t, column, "%.3f", json_number_value(ratio));
}

// "p50_ns" -> "p50", "p999_ns" -> "p99.9", "worst_ns" -> "worst"; the cost itself has no name
char *row_title(json_t *c)
{
    const char *metric = text_of(c, "metric");
    size_t digits = *metric == 'p' ? strspn(metric + 1, "0123456789") : 0;
    if (!strcmp(metric, "instructions") || !strcmp(metric, "mean_ns"))
        return x_strdup(text_of(c, "workload"));
    if (!digits) {
        const char *unit = strrchr(metric, '_');
        return x_printf("%s %.*s", text_of(c, "workload"),
                        (int)(unit ? unit - metric : (long)strlen(metric)), metric);
    }
    return x_printf("%s p%.2s%s%.*s", text_of(c, "workload"), metric + 1, digits > 2 ? "." : "",
                    digits > 2 ? (int)digits - 2 : 0, metric + 3);
}

const char *verdict_word(json_t *c)
{
    const char *v = text_of(c, "verdict");
    return !strcmp(v, "regressed") ? "lost" : !strcmp(v, "improved") ? "ahead" : v;
}

static const char *verdict_tint(json_t *c)
{
    const char *v = text_of(c, "verdict");
    if (!strcmp(v, "regressed") || !strcmp(v, "failed") || !strcmp(v, "unsupported"))
        return TINT_RED;
    if (json_is_false(json_object_get(c, "reached")))
        return TINT_YELLOW;
    return !strcmp(v, "improved") ? TINT_GREEN : NULL;
}

const char *row_other_a(json_t *rows, json_t *c)
{
    const char *first = text_of(json_array_get(rows, 0), "kernel_a"), *own = text_of(c, "kernel_a");
    return *text_of(c, "kernel_b") && strcmp(first, own) && strcmp(own, text_of(c, "kernel_b")) ? own : "";
}

bool rows_of_several_kernels(json_t *rows)
{
    const char *first = NULL;
    json_t *c;
    size_t i;
    json_array_foreach (rows, i, c) {
        const char *name = text_of(c, "kernel_b");
        if (first && *name && strcmp(first, name))
            return true;
        first = *name ? name : first;
    }
    return false;
}

void html_sides(struct text_buf *t, json_t *run)
{
    json_t *kernels = json_object_get(json_object_get(run, "identity"), "kernels");
    if (compare_has_families(run)) {
        text_add(t, "a: Linux, the fastest in each row; b: CloudOS");
        return;
    }
    text_add(t, "a: ");
    html_escape(t, text_of(json_object_iter_value(json_object_iter(kernels)), "label"));
    text_add(t, "; b: each other kernel");
}

void html_failed_kernels(struct text_buf *t, json_t *c)
{
    json_t *name;
    size_t i;
    json_array_foreach (json_object_get(c, "absent"), i, name) {
        text_add(t, " ");
        html_escape(t, json_string_value(name));
        text_add(t, " failed");
    }
}

// Of a count that is neither the same nor certainly another: how far it differs from itself.
static void note_own_noise(struct text_buf *b, json_t *c)
{
    double noise = number_of(c, "noise");
    if (!strcmp(text_of(c, "verdict"), "inconclusive") && noise > 0 && !json_array_size(json_object_get(c, "interval")))
        text_addf(b, "%sdiffers from itself by %.*f %%", b->len ? "; " : "", noise < 0.1 ? 2 : 0, 100 * noise);
}

static void note_cell(struct text_table *t, int column, json_t *rows, json_t *c)
{
    struct text_buf b = {0};
    json_t *more = json_object_get(c, "more"), *name;
    size_t i;
    text_add(&b, text_of(c, "reason"));
    if (json_is_false(json_object_get(c, "reached")) && json_is_number(json_object_get(c, "ratio")))
        text_add(&b, "target missed");
    json_array_foreach (more, i, name)
        text_addf(&b, "%s%s", i ? ", " : b.len ? "; more " : "more ", json_string_value(name));
    note_own_noise(&b, c);
    if (*text_of(c, "unsteady"))
        text_addf(&b, "%sno steady state: %s", b.len ? "; " : "", text_of(c, "unsteady"));
    if (*text_of(c, "program_a"))
        text_addf(&b, "%sanother program", b.len ? "; " : "");
    if (*row_other_a(rows, c))
        text_addf(&b, "%sa: %s", b.len ? "; " : "", row_other_a(rows, c));
    json_array_foreach (json_object_get(c, "absent"), i, name)
        text_addf(&b, "%s%s failed", b.len ? "; " : "", json_string_value(name));
    char *note = triage_line(c);
    table_cell(t, column, "%s%s%s", text_str(&b), b.len && *note ? "; " : "", note);
    free(note);
    text_free(&b);
}

static void add_row(struct text_table *t, json_t *rows, json_t *c, bool targets, bool by_kernel)
{
    int k = 0;
    char *title = row_title(c);
    table_row(t, verdict_tint(c));
    table_cell(t, k++, "%s", title);
    free(title);
    if (by_kernel)
        table_cell(t, k++, "%s", row_kernel(c));
    table_cell(t, k++, "%s", text_of(c, "unit"));
    number_cell(t, k++, json_object_get(c, "a"));
    number_cell(t, k++, json_object_get(c, "b"));
    ratio_cell(t, k++, c);
    if (targets) {
        json_t *first = json_object_get(c, "target"), *last = json_object_get(c, "target_final");
        if (json_is_number(first))
            table_cell(t, k, "%g / %g", json_number_value(first), json_number_value(last));
        k++;
    }
    table_cell(t, k++, "%s", verdict_word(c));
    note_cell(t, k, rows, c);
}

static bool any_target(json_t *rows)
{
    json_t *c;
    size_t i;
    json_array_foreach (rows, i, c)
        if (json_is_number(json_object_get(c, "target")))
            return true;
    return false;
}

static void fill(struct text_table *t, json_t *rows)
{
    json_t *c;
    bool targets = any_target(rows);
    bool by_kernel = rows_of_two_runs(rows) || rows_of_several_kernels(rows);
    size_t i;
    table_head(t, "workload");
    if (by_kernel)
        table_head(t, "kernel");
    table_head(t, "unit");
    table_head(t, ">a");
    table_head(t, ">b");
    table_head(t, ">b/a");
    if (targets)
        table_head(t, ">target first/final");
    table_head(t, "verdict");
    table_head(t, "note");
    json_array_foreach (rows, i, c)
        add_row(t, rows, c, targets, by_kernel);
}

static void print_summary(json_t *rows)
{
    struct comparison_summary s;
    comparison_summarise(rows, &s);
    printf("%d row%s: %d unsupported, %d failed, %d lost, %d same, %d inconclusive, %d ahead",
           s.rows, s.rows == 1 ? "" : "s", s.unsupported, s.failed, s.lost, s.same, s.inconclusive,
           s.improved);
    if (s.only_a + s.only_b)
        printf("; %d only in a, %d only in b", s.only_a, s.only_b);
    if (s.with_target)
        printf("; %d of %d reach the first target", s.reached, s.with_target);
    if (s.more)
        printf("; %d with more of what instructions do not show", s.more);
    if (s.absent)
        printf("; in %d a kernel failed, and a is the best of the others", s.absent);
    puts("");
}

// What would print as -0.00 is 0.
static double no_minus_zero(json_t *v)
{
    double d = json_number_value(v);
    return d > -0.005 && d < 0 ? 0 : d;
}

// A second table: counts an operation that rows hold under `member` as {NAME: [a, b]}.
struct pair_table {
    const char *title, *member;
    const char *const *names; // its columns, NULL ends them; those that no row has are left out when `sparse`
    bool sparse;
    const char *cell; // of two doubles
};

static const char *const hidden_names[] = {"cr3_writes", "tlb_flushes", "locked_kernel", "port_io", "msr_writes", "simd_kernel",
                                           "mmio_reads", "mmio_writes", "ipis",          "fences",  "irets",      NULL};

// What instructions do not show; and of rows whose boots the host watched what it counted, of the workload's whole process.
static const struct pair_table pair_tables[] = {
    {"per operation, a -> b", "hidden", hidden_names, true, "%.2f -> %.2f"},
    {"the host's counts per operation, a -> b", "host", host_count_names, true, "%.4g -> %.4g"},
};

static bool any_row_has(json_t *rows, const struct pair_table *p, const char *name)
{
    json_t *c;
    size_t i;
    json_array_foreach (rows, i, c)
        if (json_object_get(json_object_get(c, p->member), name))
            return true;
    return false;
}

static int columns_of(json_t *rows, const struct pair_table *p, const char *shown[])
{
    int n = 0;
    for (const char *const *name = p->names; *name; name++)
        if (!p->sparse || any_row_has(rows, p, *name))
            shown[n++] = *name;
    return n;
}

static void pair_row(struct text_table *t, const struct pair_table *p, json_t *c, const char *names[], int columns)
{
    json_t *pairs = json_object_get(c, p->member);
    table_row(t, NULL);
    table_cell(t, 0, "%s", text_of(c, "workload"));
    for (int n = 0; n < columns; n++) {
        json_t *v = json_object_get(pairs, names[n]);
        if (v)
            table_cell(t, n + 1, p->cell, no_minus_zero(json_array_get(v, 0)), no_minus_zero(json_array_get(v, 1)));
    }
}

static void print_pairs(json_t *rows, const struct pair_table *p, enum table_format format)
{
    const char *names[TABLE_COLUMNS_MAX];
    int columns = columns_of(rows, p, names);
    struct text_table t = {0};
    json_t *c;
    size_t i;
    table_head(&t, p->title);
    for (int n = 0; n < columns; n++)
        table_head(&t, names[n]);
    json_array_foreach (rows, i, c)
        if (json_object_size(json_object_get(c, p->member)))
            pair_row(&t, p, c, names, columns);
    if (t.rows) {
        puts("");
        table_print(&t, format, stdout);
    }
    table_free(&t);
}

static void print_side(json_t *run, json_t *rows, const char *key, const char *side)
{
    struct str_list seen = {0};
    json_t *kernels = json_object_get(json_object_get(run, "identity"), "kernels"), *c;
    size_t i;
    json_array_foreach (rows, i, c) {
        const char *name = text_of(c, key);
        if (!*name || list_has(&seen, name))
            continue;
        printf("%s%s", seen.count ? " or " : side,
               text_of(json_object_get(kernels, name), "label"));
        list_add(&seen, name);
    }
    list_free(&seen);
}

// How far the host itself moved between the sides, when that hides differences.
static void print_canary(json_t *rows)
{
    double most = 0;
    json_t *c;
    size_t i;
    json_array_foreach (rows, i, c)
        most = fmax(most, json_number_value(json_object_get(c, "canary")));
    if (most >= 0.005)
        printf("the canary, arithmetic in ring 3, differed by up to %.1f %%: differences below that "
               "are the host's\n",
               100 * most);
}

// The label of a row whose runs were not measured alike (compare --across).
static void print_unlike(json_t *row, const char *what, const char *plural)
{
    char *a = x_printf("%s_a", what), *b = x_printf("%s_b", what);
    if (*text_of(row, a))
        printf("different %s: a on %s, b on %s; what differs may be the %s'\n", plural, text_of(row, a), text_of(row, b), plural);
    free(a);
    free(b);
}

static void print_sides(json_t *run, json_t *rows)
{
    json_t *first = json_array_get(rows, 0);
    if (rows_of_two_runs(rows)) {
        puts("a = first run, b = second run");
        print_unlike(first, "host", "hosts");
        print_unlike(first, "emulator", "emulators");
        print_unlike(first, "placement", "placements");
        print_unlike(first, "topology", "topologies");
        print_unlike(first, "turn", "turns");
        print_unlike(first, "boot", "boots");
        print_unlike(first, "scale", "scales");
        print_unlike(first, "setting", "settings");
        print_unlike(first, "iteration", "iterations");
        print_unlike(first, "control", "controls");
        print_unlike(first, "knob", "knobs");
        return;
    }
    print_side(run, rows, "kernel_a", "a = ");
    print_side(run, rows, "kernel_b", ", b = ");
    puts("; below 1 b is ahead");
    print_canary(rows);
}

void compare_view(json_t *run, json_t *rows, const char *format)
{
    if (!strcmp(format, "json")) {
        json_dumpf(rows, stdout, JSON_INDENT(1));
        puts("");
        return;
    }
    struct text_table t = {0};
    enum table_format f = !strcmp(format, "md")    ? TABLE_MD
                          : !strcmp(format, "csv") ? TABLE_CSV
                                                   : TABLE_TEXT;
    char *line = tier_line(run);
    fill(&t, rows);
    if (f != TABLE_CSV) {
        printf("%s\n", line);
        print_summary(rows);
        print_sides(run, rows);
        puts("");
    }
    table_print(&t, f, stdout);
    if (f != TABLE_CSV) {
        for (size_t i = 0; i < sizeof(pair_tables) / sizeof(*pair_tables); i++)
            print_pairs(rows, &pair_tables[i], f);
    }
    table_free(&t);
    free(line);
}
