// Writes HTML with inline SVG. All text from runs is escaped.
#include "perf/view/report_page.h"

#include "perf/result/comparison.h"
#include "perf/store/triage.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"
#include "perf/view/compare_view.h"
#include "perf/view/html_text.h"
#include "perf/view/ratio_chart.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char report_style[] =
    ":root{--bg:#fff;--fg:#1a1a1a;--dim:#5c6370;--line:#d5d9e0;--card:#f6f7f9;--ahead:#0072b2;--lost:#d55e00;--none:#999;--mark:#1a1a1a;--bad:#b04700}"
    "@media(prefers-color-scheme:dark){:root{--bg:#14171c;--fg:#e8eaed;--dim:#9aa3b0;--line:#343a45;--card:#1d2129;"
    "--ahead:#56b4e9;--lost:#e69f00;--none:#777;--mark:#e8eaed;--bad:#e69f00}}"
    "*{box-sizing:border-box}body{margin:0 auto;padding:1.2rem 1.5rem 4rem;max-width:74rem;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}"
    "h1{font-size:1.75rem;line-height:1.25;letter-spacing:-.01em;margin:0 0 .4rem;text-wrap:balance}"
    "h2{font-size:1.2rem;line-height:1.35;margin:2.6rem 0 .6rem;padding-bottom:.3rem;border-bottom:2px solid var(--line)}"
    "p{margin:.4rem 0;max-width:66rem}.dim{color:var(--dim)}"
    ".banner{background:var(--card);border-left:4px solid var(--ahead);border-radius:0 6px 6px 0;padding:.7rem 1rem;margin:1rem 0;max-width:none}.banner.bad{border-color:var(--lost)}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}thead th{font-size:.85rem;color:var(--dim);vertical-align:bottom}"
    "tbody tr:hover{background:var(--card)}td.n,th.n{text-align:right;white-space:nowrap}"
    // What is lost or failed: a bar before the row and its verdict, not every word of it.
    "tr.bad td:first-child{box-shadow:inset 3px 0 var(--lost)}td.v{white-space:nowrap}td.worse.v,tr.bad td.v{color:var(--bad);font-weight:600}td.good.v{color:var(--ahead)}"
    "td.note-text{min-width:9rem;white-space:normal;overflow-wrap:anywhere}"
    "code,pre{font:13px/1.45 ui-monospace,monospace}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--card);border-radius:6px;padding:.6rem .8rem;margin:.4rem 0}"
    "details{margin:.5rem 0}summary{cursor:pointer;padding:.1rem 0;width:fit-content;overflow-wrap:anywhere}summary:hover{color:var(--ahead)}svg{width:100%;height:auto;display:block}"
    "svg text{fill:var(--fg);font:13px system-ui,sans-serif}svg .dim{fill:var(--dim)}"
    ".ahead{fill:var(--ahead)}.lost{fill:var(--lost)}.none{fill:var(--none)}"
    ".one{stroke:var(--fg);stroke-width:1.5}.grid{stroke:var(--line)}.target{stroke:var(--mark);stroke-width:2}"
    ".final{stroke:var(--mark);stroke-width:2;stroke-dasharray:2 2}"
    "nav{margin:0 0 1.6rem;display:flex;flex-wrap:wrap;gap:0 1.4rem;border-bottom:1px solid var(--line)}nav a{color:var(--dim);text-decoration:none;padding:.35rem 0}"
    "nav a:hover{color:var(--fg)}nav a[aria-current]{color:var(--fg);font-weight:600;box-shadow:inset 0 -3px var(--ahead)}"
    "a{color:var(--ahead);text-underline-offset:.2em;text-decoration-thickness:1px}a:hover{text-decoration-thickness:2px}a:focus-visible,summary:focus-visible{outline:2px solid var(--mark);outline-offset:1px}"
    ".paths td{overflow-wrap:anywhere;min-width:5rem}"
    ".ratios{display:grid;grid-template-columns:max-content max-content 1fr;column-gap:.7rem;font-size:.85rem;line-height:24px;"
    "padding:.4rem 1.8rem .4rem .8rem;background:var(--card);border-radius:6px;font-variant-numeric:tabular-nums}.ratios svg{height:24px;overflow:visible}.ratios .name{text-align:right}.word{color:var(--bad)}"
    "@media(max-width:40rem){body{padding:.8rem 1rem 3rem}h1{font-size:1.4rem}h2{margin-top:2rem}nav{gap:0 .62rem;margin-bottom:1.1rem;font-size:.82rem}"
    "th,td{padding:.25rem .35rem}.extra,.ratios .fine{display:none}td.v{white-space:normal;font-size:.88rem}td.note-text{min-width:5.4rem;font-size:.82rem}"
    ".ratios{grid-template-columns:3rem 1fr}.ratios .name{grid-column:1/3;text-align:left;margin-bottom:-5px}}";

static void cell(struct text_buf *t, const char *class, const char *s)
{
    text_addf(t, "<td%s>", class);
    html_escape(t, s);
    text_add(t, "</td>");
}

static void row_cell(struct text_buf *t, json_t *c)
{
    char *title = row_title(c);
    cell(t, "", title);
    free(title);
}

static void number_cell(struct text_buf *t, const char *class, json_t *v, bool ratio)
{
    char s[64];
    if (ratio)
        snprintf(s, sizeof(s), "%.3f", json_number_value(v));
    else
        format_number(s, sizeof(s), json_number_value(v));
    text_addf(t, "<td%s>", class);
    if (json_is_number(v))
        html_data(t, json_number_value(v), s);
    text_add(t, "</td>");
}

static bool is_bad(json_t *c)
{
    const char *v = text_of(c, "verdict");
    return !strcmp(v, "regressed") || !strcmp(v, "failed") || !strcmp(v, "unsupported");
}

static void add_banner(struct text_buf *t, json_t *rows)
{
    struct comparison_summary s;
    comparison_summarise(rows, &s);
    bool bad = s.unsupported + s.failed + s.lost > 0;
    text_addf(t,
              "<p class='banner%s'><b>%d rows: %d unsupported, %d failed, %d lost</b>, %d same, %d "
              "inconclusive, "
              "%d ahead.",
              bad ? " bad" : "", s.rows, s.unsupported, s.failed, s.lost, s.same, s.inconclusive,
              s.improved);
    if (s.only_a + s.only_b)
        text_addf(t, " %d only in a, %d only in b.", s.only_a, s.only_b);
    if (s.with_target)
        text_addf(t, " %d of %d reach the first target.", s.reached, s.with_target);
    if (s.more)
        text_addf(t, " %d use more of what an instruction count cannot see (named in the table).",
                  s.more);
    if (s.absent)
        text_addf(t, " In %d a kernel failed, and a is the best of the others.", s.absent);
    text_add(t, "</p>");
}

// Who a and b are, and how long each kernel took to its first program.
static void add_sides(struct text_buf *t, json_t *run, json_t *rows)
{
    json_t *kernels = json_object_get(json_object_get(run, "identity"), "kernels"), *k, *boot;
    const char *name;
    size_t i;
    bool first_kernel = true;
    bool two_runs = rows_of_two_runs(rows);
    text_add(t, "<p>");
    if (two_runs)
        text_add(t, "a: first run, b: second run");
    else
        html_sides(t, run);
    text_add(t, ".</p><p>Boot to the first program, seconds of QEMU's CPU time: ");
    json_object_foreach (kernels, name, k) {
        double best = -1;
        json_array_foreach (json_object_get(run, "boots"), i, boot) {
            double s = json_number_value(json_object_get(boot, "init_cpu_seconds"));
            if (!strcmp(text_of(boot, "kernel"), name) && s >= 0 && (best < 0 || s < best))
                best = s;
        }
        text_add(t, first_kernel ? "" : "; ");
        first_kernel = false;
        html_escape(t, text_of(k, "label"));
        char seconds[32];
        snprintf(seconds, sizeof(seconds), "%.2f", best);
        text_add(t, " <b>");
        if (best >= 0)
            html_data(t, best, seconds);
        text_add(t, best >= 0 ? "</b>" : "not reached</b>");
    }
    text_add(t, ".</p>");
}

static void add_note(struct text_buf *t, json_t *c)
{
    json_t *name;
    size_t i;
    text_add(t, "<td class=note-text>");
    html_escape(t, text_of(c, "reason"));
    json_array_foreach (json_object_get(c, "more"), i, name)
        text_addf(t, "%s%s", i ? ", " : " more ", json_string_value(name));
    html_failed_kernels(t, c);
    char *note = triage_line(c);
    text_add(t, *note ? " " : "");
    html_escape(t, note);
    free(note);
    text_add(t, "</td></tr>");
}

static void add_table(struct text_buf *t, json_t *rows)
{
    json_t *c;
    size_t i;
    bool several = rows_of_several_kernels(rows);
    text_addf(t, "<h2>Rows</h2><div class=wide tabindex=0><table><thead><tr><th>workload%s", several ? "<th>kernel" : "");
    text_add(t, "<th class=extra>unit<th class='n extra'>a<th class='n extra'>b"
                "<th class=n>b/a<th class='n extra'>noise floor<th class='n extra'>first target<th "
                "class='n extra'>final<th>verdict<th>note</tr></thead><tbody>");
    json_array_foreach (rows, i, c) {
        text_addf(t, "<tr%s>", is_bad(c) ? " class=bad" : "");
        row_cell(t, c);
        if (several)
            cell(t, "", row_kernel(c));
        cell(t, " class=extra", text_of(c, "unit"));
        number_cell(t, " class='n extra'", json_object_get(c, "a"), false);
        number_cell(t, " class='n extra'", json_object_get(c, "b"), false);
        number_cell(t, " class=n", json_object_get(c, "ratio"), true);
        html_noise_floor_cell(t, c);
        number_cell(t, " class='n extra'", json_object_get(c, "target"), true);
        number_cell(t, " class='n extra'", json_object_get(c, "target_final"), true);
        cell(t, strcmp(text_of(c, "verdict"), "improved") ? " class=v" : " class='v good'", verdict_word(c));
        add_note(t, c);
    }
    text_add(t, "</tbody></table></div>");
}

// Of one kernel there are only values.
static void add_values(struct text_buf *t, json_t *run)
{
    json_t *row;
    size_t i;
    text_add(t, "<h2>Rows</h2><div class=wide tabindex=0><table><thead><tr><th>workload<th>metric<th class=n>value<th>unit<th>note</tr></thead><tbody>");
    json_array_foreach (json_object_get(run, "rows"), i, row) {
        json_t *value = json_object_get(row, "value");
        text_addf(t, "<tr%s>", json_is_number(value) ? "" : " class=bad");
        cell(t, "", text_of(row, "workload"));
        cell(t, "", text_of(row, "metric"));
        number_cell(t, " class=n", value, false);
        cell(t, "", text_of(row, "unit"));
        char *note = json_is_number(value) ? x_strdup("") : x_printf("%s: %s", text_of(row, "status"), text_of(row, "reason"));
        cell(t, " class='v note-text'", note);
        free(note);
        text_add(t, "</tr>");
    }
    text_add(t, "</tbody></table></div>");
}

// Slopes may fall below 0 by a hair: shown as 0.
static void add_pair(struct text_buf *t, const char *name, double a, double b)
{
    char shown[32];
    html_escape(t, name);
    text_add(t, " ");
    snprintf(shown, sizeof(shown), "%.2f", fmax(a, 0));
    html_data(t, a, shown);
    text_add(t, " &rarr; ");
    snprintf(shown, sizeof(shown), "%.2f", fmax(b, 0));
    html_data(t, b, shown);
}

static void add_pairs(struct text_buf *t, json_t *hidden)
{
    const char *name;
    json_t *v;
    bool any = false;
    json_object_foreach (hidden, name, v) {
        double a = json_number_value(json_array_get(v, 0)), b = json_number_value(json_array_get(v, 1));
        if (a <= 0.005 && b <= 0.005)
            continue;
        text_add(t, any ? "; " : "");
        add_pair(t, name, a, b);
        any = true;
    }
}

static void add_hidden(struct text_buf *t, json_t *rows)
{
    json_t *c;
    size_t i;
    bool any = false;
    json_array_foreach (rows, i, c)
        any |= json_object_size(json_object_get(c, "hidden")) > 0;
    if (!any)
        return;
    text_add(t, "<h2>What an instruction count cannot see</h2><p class=dim>Per operation, a &rarr; "
                "b.</p><div class=wide tabindex=0>"
                "<table><tbody>");
    json_array_foreach (rows, i, c) {
        if (!json_object_size(json_object_get(c, "hidden")))
            continue;
        text_add(t, "<tr>");
        row_cell(t, c);
        text_add(t, "<td>");
        add_pairs(t, json_object_get(c, "hidden"));
        text_add(t, "</td></tr>");
    }
    text_add(t, "</tbody></table></div>");
}

static void add_json(struct text_buf *t, const char *title, json_t *j)
{
    char *s = j ? json_dumps(j, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) : NULL;
    if (!s)
        return;
    text_addf(t, "<details><summary>%s</summary><pre>", title);
    html_escape(t, s);
    text_add(t, "</pre></details>");
    free(s);
}

static void add_kernels(struct text_buf *t, json_t *id)
{
    json_t *k;
    const char *name;
    text_add(t, "<div class=wide tabindex=0><table class=paths><thead><tr><th>kernel<th>image<th>SHA-256<th>command "
                "line</tr></thead><tbody>");
    json_object_foreach (json_object_get(id, "kernels"), name, k) {
        text_add(t, "<tr>");
        cell(t, "", text_of(k, "label"));
        cell(t, "", text_of(k, "path"));
        char *digest = x_printf("%.16s", text_of(k, "sha256"));
        text_add(t, "<td><code>");
        html_escape(t, digest);
        text_add(t, "&hellip;</code></td>");
        free(digest);
        cell(t, "", text_of(k, "cmdline"));
        text_add(t, "</tr>");
    }
    text_add(t, "</tbody></table></div>");
}

static void add_identity(struct text_buf *t, json_t *run)
{
    json_t *id = json_object_get(run, "identity");
    if (json_object_get(run, "imported")) {
        text_add(t, "<h2>Where it comes from</h2>");
        add_json(t, "File, tool, version", json_object_get(run, "imported"));
        return;
    }
    text_add(t, "<h2>What was compared</h2><p>One initramfs, one QEMU, one argument list; only "
                "<code>-kernel</code> and "
                "<code>-append</code> differ.</p>");
    add_kernels(t, id);
    add_json(t, "Argument lists that differ", json_object_get(id, "argv_diff"));
    add_json(t, "Argument lists", json_object_get(id, "argv"));
    add_json(t, "QEMU, initramfs and every program in it (SHA-256)",
             json_object_get(id, "initramfs"));
    add_json(t, "QEMU", json_object_get(id, "qemu"));
    add_json(t, "Counting plugin", json_object_get(id, "plugin"));
    add_json(t, "Host", json_object_get(id, "host"));
    add_json(t, "Boots", json_object_get(run, "boots"));
}

static void add_method(struct text_buf *t, json_t *run)
{
    bool det = !strcmp(text_of(run, "tier"), "det");
    text_add(t, "<h2>How each number was made</h2>");
    if (json_object_get(run, "imported"))
        text_add(t, "<p>Measured by another tool and imported: each number is one of the tool's text, which is kept beside the run, "
                    "in nanoseconds; a rate of operations became the time from one to the next. Nothing here was measured by "
                    "cloudbench, and what the machine was is what the importer was told.</p>");
    else if (det)
        text_add(t, "<p>Guest instructions per operation. Each workload runs to warm up, then "
                    "three times with N and three times with 2N iterations, each in a fresh process; "
                    "the medians count. A plugin counts every instruction of the whole "
                    "virtual machine between the start "
                    "of the workload's process and its last trace (exit, deferred work, idle). The "
                    "figure is "
                    "(I(2N) &minus; I(N)) / operations; the same slope of the time stamp counter "
                    "stands beside it and the larger "
                    "of the two is the row's. Instructions are not time: caches, TLB refills and "
                    "address-space switches count "
                    "like any other instruction.</p>");
    else
        text_add(t, "<p>Nanoseconds per operation: the mean, or where the row says so a percentile, "
                    "of one boot; the row is the median over fresh boots in blocks A B B A. Ratio: "
                    "Hodges-Lehmann estimate over pairs of boots with a 95 % bootstrap interval; p by "
                    "the Mann-Whitney test over boots, adjusted over the suite. A difference must also "
                    "exceed the metric's floor, the row's own noise between boots of one kernel, and "
                    "what the canary, the same arithmetic on both kernels, moved.</p>");
    if (!strcmp(text_of(run, "tier"), "tcg"))
        text_add(t, "<p><b>All times are emulated</b>: they compare the kernels under QEMU's TCG, "
                    "not on hardware.</p>");
    add_json(t, "Every sample: N and 2N, both slopes, counts per operation",
             json_object_get(run, "rows"));
}

char *report_page_html(json_t *run, json_t *rows)
{
    struct text_buf t = {0};
    char *line = tier_line(run);
    text_add(&t, "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport "
                 "content='width=device-width'>"
                 "<meta name=color-scheme content='light dark'><title>CloudOS and Linux, side by "
                 "side</title><style>");
    text_add(&t, report_style);
    text_add(&t, "</style></head><body><h1>CloudOS and Linux in the same virtual machine</h1><p "
                 "class=dim>run ");
    html_escape(&t, text_of(run, "id"));
    text_add(&t, ", ");
    html_escape(&t, text_of(run, "created"));
    text_add(&t, "<br>");
    html_escape(&t, line);
    text_add(&t, "</p>");
    if (rows && json_array_size(rows)) {
        add_banner(&t, rows);
        add_sides(&t, run, rows);
        ratio_chart(&t, rows);
        add_table(&t, rows);
        add_hidden(&t, rows);
    } else {
        text_add(&t, "<p class=banner>This run has one kernel: there is nothing to compare.</p>");
        add_values(&t, run);
    }
    add_method(&t, run);
    add_identity(&t, run);
    text_add(&t, "</body></html>\n");
    free(line);
    return t.data;
}

bool report_page_write(json_t *run, json_t *rows)
{
    char *dir = project_path("out/report"), *path = x_printf("%s/index.html", dir);
    char *html = report_page_html(run, rows);
    bool ok = make_dirs(dir) && file_replace(path, html, strlen(html));
    if (ok)
        say("report: %s", path);
    else
        say_error("cannot write %s: %s", path, strerror(errno));
    free(html);
    free(path);
    free(dir);
    return ok;
}
