// Writes the pages. The overview and the histories are written anew each time, runs once.
#include "perf/publish/site_state.h"

#include "perf/lines/line_document.h"
#include "perf/publish/console_tails.h"
#include "perf/publish/html_table.h"
#include "perf/result/comparison.h"
#include "perf/result/run_store.h"
#include "perf/store/run_history.h"
#include "perf/store/triage.h"
#include "perf/util/host_file.h"
#include "perf/util/json_file.h"
#include "perf/util/json_get.h"
#include "perf/util/say.h"
#include "perf/util/sha256.h"
#include "perf/view/compare_view.h"
#include "perf/view/html_text.h"
#include "perf/view/report_page.h"
#include "perf/vm/host_signals.h"

#include <errno.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LAST_RUNS 50 // below a chart
#define OTHER_LINES 5 // besides that of CloudOS: l1 to l5 of the style
#define HISTORIES 0.5 // what all pages of histories take, in pages of all runs
#define NAME_LENGTH 200 // of a file; longer ones end in a digest

static const char site_style[] =
    ".chart{background:var(--card);border-radius:6px;padding:14px 36px 30px 66px;margin:.3rem 0 .5rem;container-type:inline-size}"
    ".chart.headed{padding-top:44px}.chart.titled{padding-bottom:44px}.chart svg{overflow:visible;height:100%}"
    "@container(max-width:22rem){.fine{display:none}}"
    ".chart polyline,.chart polygon{vector-effect:non-scaling-stroke}.line{fill:none;stroke-width:2}"
    ".l0{stroke:#0072b2}.l1{stroke:#d55e00;stroke-dasharray:6 3}.l2{stroke:#009e73;stroke-dasharray:2 3}"
    ".l3{stroke:#cc79a7;stroke-dasharray:8 3 2 3}.l4{stroke:#6a4fb3;stroke-dasharray:12 3}.l5{stroke:#7a5c00;stroke-dasharray:1 4}.dot{fill:var(--bg);stroke-dasharray:none;stroke-width:2}.end{fill:none;stroke-width:2;stroke-dasharray:none}"
    ".change{stroke:var(--mark);stroke-dasharray:4 4}.legend span{margin-right:1.2rem;display:inline-block}"
    ".key{width:30px;display:inline-block;vertical-align:middle}.spark{width:90px;height:20px;display:inline-block}"
    "th,td.extra{white-space:nowrap}h3{font-size:1rem;margin:1.4rem 0 .4rem}"
    ".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:.8rem}"
    ".strip{margin-top:.8rem}.thin{stroke-width:1;opacity:.45;stroke-dasharray:none}.band{stroke:none;opacity:.16}"
    ".band.l0{fill:#0072b2}.band.l1{fill:#d55e00}.band.l2{fill:#009e73}.band.l3{fill:#cc79a7}.band.l4{fill:#6a4fb3}.band.l5{fill:#7a5c00}"
    ".ideal{stroke:var(--dim);stroke-width:1;opacity:.7}.full.l1{fill:#d55e00}.bar{width:200px;display:inline-block;vertical-align:middle}.bar .track{fill:var(--card)}.bar .grid{stroke:var(--dim)}"
    ".band.better{fill:var(--ahead);opacity:.09}"
    ".note{border:1px solid var(--line);border-radius:4px;padding:0 .4em;font-size:.85em}.note.bug{border-color:var(--lost)}"
    ".heat{width:auto;min-width:20rem}.heat td{text-align:right;min-width:4rem}.heat th{font-weight:normal;white-space:nowrap}.heat td.s1{background:color-mix(in srgb,var(--lost) 14%,transparent)}"
    ".heat td.s2{background:color-mix(in srgb,var(--lost) 28%,transparent)}.heat td.s3{background:color-mix(in srgb,var(--lost) 46%,transparent)}"
    "td.r{--bar:color-mix(in srgb,var(--dim) 22%,transparent);min-width:11rem;--room:calc(100% - 4.2rem);"
    "background:linear-gradient(var(--dim),var(--dim)) calc(var(--room)*.667) 0/1px 100% no-repeat,"
    "linear-gradient(var(--bar),var(--bar)) 0 .45rem/calc(var(--room)*var(--w)) 1rem no-repeat}"
    "td.good{--bar:color-mix(in srgb,var(--ahead) 42%,transparent)}td.worse{--bar:color-mix(in srgb,var(--lost) 46%,transparent)}"
    "@media(max-width:40rem){td.r{min-width:7.2rem}.chart{padding-right:36px}}"
    "@media(prefers-color-scheme:dark){.l0{stroke:#56b4e9}.l1{stroke:#e69f00}.l2{stroke:#2bd3a0}.l4{stroke:#b39ddb}.l5{stroke:#f0e442}.band.l4{fill:#b39ddb}.band.l5{fill:#f0e442}.full.l1,.band.l1{fill:#e69f00}.band.l0{fill:#56b4e9}}";

static bool is_one_of(char c, const char *these)
{
    return c && strchr(these, c);
}

// The name with the first digits of its digest, which tells it from others that look like it.
static char *told_apart(const char *name, char *looks)
{
    struct sha256 s;
    char hex[SHA256_HEX];
    sha256_start(&s);
    sha256_add(&s, name, strlen(name));
    sha256_end(&s, hex);
    char *out = x_printf("%s-%.8s", looks, hex);
    free(looks);
    return out;
}

// What '_' in a file's name stands for in that of a board, the first that fits; in a workload's it is '/'.
static const struct {
    const char *written, *meant;
} usual[] = {{"_R_", "(R)"}, {"_TM_", "(TM)"}, {"_tm_", "(tm)"}, {"__version_not_given__", " (version not given) "}, {"__", ", "}, {"_", " "}};

// The sign, or signs, of `looks` at `at` as they are meant; returns how many they are.
static size_t add_meant(struct text_buf *t, const char *at, bool of_workload)
{
    if (*at != '_' || of_workload) {
        text_add_bytes(t, *at == '_' ? "/" : at, 1);
        return 1;
    }
    size_t i = 0;
    while (strncmp(at, usual[i].written, strlen(usual[i].written)))
        i++;
    text_add(t, usual[i].meant);
    return strlen(usual[i].written);
}

// Is `looks` what no other usual name looks like? Its first `workload` bytes are the workload's.
static bool means_only(const char *looks, size_t workload, const char *name)
{
    struct text_buf t = {0};
    for (const char *at = looks; *at;)
        at += add_meant(&t, at, (size_t)(at - looks) < workload);
    bool same = !strcmp(text_str(&t), name);
    text_free(&t);
    return same;
}

char *site_file_name(const char *workload, const char *board)
{
    static const char kept[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.@";
    char *name = x_printf("%s%s", workload, board), *looks = x_printf("%.*s", NAME_LENGTH, name);
    for (char *p = looks; *p; p++)
        *p = is_one_of(*p, kept) && (p > looks || *p != '.') ? *p : '_';
    char *file = means_only(looks, strlen(workload), name) ? looks : told_apart(name, looks);
    free(name);
    return file;
}

void site_number(struct text_buf *t, double v)
{
    char s[64];
    format_number(s, sizeof(s), v);
    html_data(t, v, s);
}

void site_exact(struct text_buf *t, double v)
{
    char six[64];
    snprintf(six, sizeof(six), "%.6g", v);
    if (fabs(v) >= 1e4)
        site_number(t, v);
    else
        html_data(t, v, six);
}

static bool is_ours(const char *kernel)
{
    return !strncasecmp(kernel, "cloudos", strlen("cloudos"));
}

struct lines {
    bool ours;  // has its line
    int others; // have theirs
};

static int next_line(struct lines *l, const char *kernel)
{
    if (is_ours(kernel) && !l->ours) {
        l->ours = true;
        return 0;
    }
    return l->others++ % OTHER_LINES + 1;
}

int site_line_of(json_t *kernels, const char *kernel)
{
    struct lines l = {0};
    const char *name;
    json_t *v;
    size_t i;
    json_array_foreach (kernels, i, v) {
        int line = next_line(&l, text_at(kernels, i));
        if (!strcmp(text_at(kernels, i), kernel))
            return line;
    }
    json_object_foreach (kernels, name, v) {
        int line = next_line(&l, name);
        if (!strcmp(name, kernel))
            return line;
    }
    return is_ours(kernel) ? 0 : 1;
}

void site_key(struct text_buf *t, int line, const char *label)
{
    text_addf(t, "<span><svg class=key viewBox='0 0 30 10' aria-hidden=true><line class='line l%d' x1=0 x2=30 y1=5 y2=5 /></svg> ", line);
    html_escape(t, label);
    text_add(t, "</span> ");
}

void site_dot(struct text_buf *t, const char *class, const char *label)
{
    text_addf(t, "<span><svg class=key viewBox='0 0 30 14' aria-hidden=true><circle class='%s' r=5 cx=15 cy=7 /></svg> ", class);
    html_escape(t, label);
    text_add(t, "</span> ");
}

static json_t *shown_runs; // ids of the runs that have a page

void site_run_link(struct text_buf *t, const char *id, const char *up)
{
    bool there = json_object_get(shown_runs, id);
    if (there) {
        text_addf(t, "<a href='%srun/", up);
        html_escape(t, id);
        text_add(t, ".html'>");
    }
    html_escape(t, id);
    text_add(t, there ? "</a>" : "");
}

// `current`: the page's own file, where it is one of these.
static void navigation(struct text_buf *t, const char *up, const char *current)
{
    static const struct {
        const char *file, *name;
    } page[] = {{"index.html", "Overview"}, {"compare.html", "Compare"}, {"scaling.html", "Scaling"}, {"lines.html", "Lines"}, {"tuning.html", "Tuning"}, {"method.html", "Method"}};
    text_add(t, "<nav>");
    for (size_t i = 0; i < sizeof(page) / sizeof(*page); i++)
        text_addf(t, "<a href='%s%s'%s>%s</a>", up, page[i].file, strcmp(page[i].file, current) ? "" : " aria-current=page", page[i].name);
    text_add(t, "</nav>");
}

static void page_open(struct text_buf *t, const char *title, const char *up, const char *current)
{
    text_add(t, "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport "
                "content='width=device-width'><meta name=color-scheme content='light dark'><title>");
    html_escape(t, title);
    text_add(t, "</title><style>");
    text_add(t, report_style);
    text_add(t, site_style);
    text_add(t, "</style></head><body>");
    navigation(t, up, current);
    text_add(t, "<h1>");
    html_escape(t, title);
    text_add(t, "</h1>");
}

void site_page_open(struct text_buf *t, const char *title, const char *up)
{
    page_open(t, title, up, "");
}

void site_main_page_open(struct text_buf *t, const char *title, const char *file)
{
    page_open(t, title, "", file);
}

void site_page_close(struct text_buf *t)
{
    text_add(t, "</body></html>\n");
}

static bool write_page(struct site *s, const char *relative, struct text_buf *t)
{
    char *path = x_printf("%s/%s", s->dir, relative);
    bool ok = file_replace(path, t->data, t->len);
    if (!ok)
        say_error("cannot write %s: %s", path, strerror(errno));
    s->pages += ok;
    free(path);
    text_free(t);
    return ok;
}

bool site_same_board(json_t *a, json_t *b)
{
    return !strcmp(text_of(a, "tier"), text_of(b, "tier")) &&
           !strcmp(text_of(a, "topology"), text_of(b, "topology")) &&
           !strcmp(text_of(a, "host"), text_of(b, "host"));
}

void site_board_title(struct text_buf *t, json_t *board)
{
    text_add(t, "tier ");
    html_escape(t, text_of(board, "tier"));
    text_add(t, ", topology ");
    html_escape(t, text_of(board, "topology"));
    text_add(t, ", ");
    html_escape(t, text_of(board, "host"));
}

// The page of a workload's history on a board, relative to the site.
char *site_history_path(json_t *board, const char *workload)
{
    char *of = x_printf("-%s-%s-%s", text_of(board, "tier"), text_of(board, "topology"), text_of(board, "host"));
    char *name = site_file_name(workload, of), *path = x_printf("history/%s.html", name);
    free(of);
    free(name);
    return path;
}

// *any: the run has one. False when it has and cannot be written.
static bool write_distribution(struct site *s, const char *id, json_t *run, bool *any)
{
    struct text_buf t = {0};
    char *dir = x_printf("%s/%s", s->base, id), *relative = x_printf("dist/%s.html", id);
    *any = distribution_page(&t, run, dir);
    bool ok = !*any || write_page(s, relative, &t);
    text_free(&t);
    free(dir);
    free(relative);
    return ok;
}

// The report with the site's navigation before it and the consoles, whose files are in `dir`, after it.
static void run_page(struct text_buf *t, const char *html, const char *distribution, json_t *run, const char *dir)
{
    static const char body[] = "<body>";
    const char *at = strstr(html, body) + strlen(body), *end = strstr(at, "</body>");
    text_add_bytes(t, html, at - html);
    navigation(t, "../", "");
    if (distribution) {
        text_add(t, "<p>How its times lie: <a href='../dist/");
        html_escape(t, distribution);
        text_add(t, ".html'>distribution</a></p>");
    }
    text_add_bytes(t, at, end - at);
    console_tails(t, run, dir);
    text_add(t, end);
}

// One page a run, by its id: a permanent address. Only after its distribution: where there is a page, both are there.
static bool write_run(struct site *s, const char *id)
{
    char *relative = x_printf("run/%s.html", id), *path = x_printf("%s/%s", s->dir, relative), *folder = x_printf("%s/%s", s->base, id);
    char *why = NULL;
    bool ok = file_exists(path);
    json_t *run = ok ? NULL : run_store_load(s->base, id);
    if (run) {
        json_t *rows = compare_kernels(run, &why);
        char *html = report_page_html(run, rows);
        bool distribution;
        struct text_buf t = {0};
        ok = write_distribution(s, id, run, &distribution);
        run_page(&t, html, distribution ? id : NULL, run, folder);
        ok = ok && write_page(s, relative, &t);
        text_free(&t);
        free(html);
        json_decref(rows);
        json_decref(run);
    }
    free(why);
    free(folder);
    free(path);
    free(relative);
    return ok;
}

static void last_values(struct text_buf *t, json_t *series)
{
    json_t *one, *p;
    size_t i, k;
    html_folded_table_open(t, "Values", false, "run|kernel|>value");
    json_array_foreach (series, i, one) {
        json_t *points = json_object_get(one, "points");
        size_t n = json_array_size(points), from = n > LAST_RUNS ? n - LAST_RUNS : 0;
        for (k = n; k-- > from;) {
            p = json_array_get(points, k);
            text_add(t, "<tr><td><a href='../run/");
            html_escape(t, text_of(p, "run"));
            text_add(t, ".html'>");
            html_escape(t, text_of(p, "run"));
            text_add(t, "</a>");
            html_text_cell(t, text_of(one, "kernel"));
            html_number_cell(t, p, "value");
        }
    }
    html_folded_table_close(t);
}

char *site_metric_name(const char *metric, const char *unit)
{
    const char *end = strrchr(metric, '_');
    if (!strcmp(metric, "instructions"))
        return x_strdup(unit);
    return x_printf("%.*s, %s", (int)(end ? end - metric : (long)strlen(metric)), metric, unit);
}

// The series of one metric among those of a workload, in a section of their own.
static void add_metric(struct text_buf *t, json_t *of_workload, const char *metric)
{
    json_t *list = json_array(), *one;
    size_t i;
    json_array_foreach (of_workload, i, one)
        if (!strcmp(text_of(one, "metric"), metric))
            json_array_append(list, one);
    char *name = site_metric_name(metric, text_of(json_array_get(list, 0), "unit"));
    text_add(t, "<h2>");
    html_escape(t, name);
    text_add(t, "</h2>");
    free(name);
    history_chart(t, list);
    last_values(t, list);
    json_decref(list);
}

static bool is_web_address(const char *link)
{
    return !strncmp(link, "https://", 8) || !strncmp(link, "http://", 7);
}

void site_show_note(struct text_buf *t, json_t *note)
{
    text_addf(t, "<span class='note %s'>", text_of(note, "state"));
    html_escape(t, text_of(note, "state"));
    text_add(t, "</span> ");
    html_escape(t, text_of(note, "text"));
    if (is_web_address(text_of(note, "link"))) {
        text_add(t, " <a href='");
        html_escape(t, text_of(note, "link"));
        text_add(t, "'>more</a>");
    }
    json_object_set_new(note, "used", json_true());
}

// What is known of a change of level between two neighbouring points.
static void change_notes(struct text_buf *t, struct site *s, json_t *one, size_t at)
{
    json_t *points = json_object_get(one, "points"), *note;
    const char *before = text_of(json_array_get(points, at - 1), "run"), *after = text_of(json_array_get(points, at), "run");
    struct triage_change c = {.workload = text_of(one, "workload"), .metric = text_of(one, "metric"), .kernel = text_of(one, "kernel"),
                              .tier = text_of(one, "tier"), .before = text_of(s->commits, before), .after = text_of(s->commits, after)};
    size_t i;
    json_array_foreach (s->notes, i, note) {
        if (!triage_applies(note, &c))
            continue;
        text_add(t, "<p>Change of ");
        html_escape(t, c.kernel);
        text_add(t, " at <a href='../run/");
        html_escape(t, after);
        text_add(t, ".html'>");
        html_escape(t, after);
        text_add(t, "</a>: ");
        site_show_note(t, note);
        text_add(t, "</p>");
    }
}

static void all_change_notes(struct text_buf *t, struct site *s, json_t *of_workload)
{
    json_t *one, *at;
    size_t i, k;
    json_array_foreach (of_workload, i, one)
        json_array_foreach (history_changes(one), k, at)
            change_notes(t, s, one, json_integer_value(at));
}

static bool write_history(struct site *s, json_t *of_workload)
{
    struct text_buf t = {0};
    struct str_list metrics = {0};
    json_t *first = json_array_get(of_workload, 0), *one;
    char *path = site_history_path(first, text_of(first, "workload"));
    size_t i;
    site_page_open(&t, text_of(first, "workload"), "../");
    text_add(&t, "<p class=dim>");
    site_board_title(&t, first);
    text_add(&t, ". A dashed upright line: the level changed there (E-divisive, p 0.001).</p>");
    json_array_foreach (of_workload, i, one)
        if (!list_has(&metrics, text_of(one, "metric"))) {
            list_add(&metrics, text_of(one, "metric"));
            add_metric(&t, of_workload, text_of(one, "metric"));
        }
    all_change_notes(&t, s, of_workload);
    site_page_close(&t);
    bool ok = write_page(s, path, &t);
    list_free(&metrics);
    free(path);
    return ok;
}

// Series come ordered, so those of one workload on one board stand together.
static bool write_histories(struct site *s)
{
    json_t *group = json_array(), *one;
    bool ok = true;
    size_t i;
    json_array_foreach (s->series, i, one) {
        json_t *first = json_array_get(group, 0);
        if (first && (!site_same_board(first, one) ||
                      strcmp(text_of(first, "workload"), text_of(one, "workload")))) {
            ok = write_history(s, group) && ok;
            json_array_clear(group);
        }
        json_array_append(group, one);
        progress_add(&s->progress, HISTORIES * json_array_size(s->runs) / (double)json_array_size(s->series));
        progress_caption(&s->progress, "histories: %zu of %zu", i + 1, json_array_size(s->series));
    }
    if (json_array_size(group))
        ok = write_history(s, group) && ok;
    json_decref(group);
    return ok;
}

static bool write_overview(struct site *s)
{
    struct text_buf t = {0};
    overview_page(&t, s);
    return write_page(s, "index.html", &t);
}

static bool write_compare(struct site *s)
{
    struct text_buf t = {0};
    compare_page(&t, s);
    return write_page(s, "compare.html", &t);
}

static bool write_method(struct site *s)
{
    struct text_buf t = {0};
    site_main_page_open(&t, "Method", "method.html");
    text_add(&t,
             "<h2>What is the same</h2><p>Both kernels boot in the same virtual machine, from the same initramfs, under the same QEMU; "
             "only <code>-kernel</code> and <code>-append</code> differ, and every run's page shows the "
             "argument lists, the hashes and the samples. Each workload checks after its timed loop that its work was done.</p>"
             "<h2>Three tiers</h2><div class=wide tabindex=0><table><thead><tr><th>tier<th>figure<th>what it tells</tr></thead><tbody>"
             "<tr><td>det<td>guest instructions an operation<td>Counted from outside: the slope of the whole machine's count between N and 2N iterations, "
             "medians of three each. Exact: two runs are the same to the last digit. Instructions are not time; what a count cannot see is listed beside it."
             "<tr><td>tcg<td>nanoseconds, emulated<td>How throughput and waiting change with the number of CPUs and nodes. No statement about hardware."
             "<tr><td>kvm<td>nanoseconds<td>Latency on the processor that the page names.</tr></tbody></table></div>"
             "<h2>When a difference is called one</h2>"
             "<p>Counts: the ratio must lie beyond the metric's floor and beyond 1.5 times what the row differs from itself between equal windows.</p>"
             "<p>Times: the unit of observation is a fresh boot, in blocks A B B A. The ratio is the Hodges-Lehmann estimate over pairs of neighbouring boots with a "
             "95 % bootstrap interval; the Mann-Whitney test, adjusted over all rows (Benjamini-Hochberg), and the signed-rank test must agree; the estimate must also "
             "exceed the metric's floor, the row's own noise between boots of one kernel, and what the canary moved, the same arithmetic on both kernels.</p>"
             "<div class=wide tabindex=0><table><thead><tr><th>word<th>meaning</tr></thead><tbody>"
             "<tr><td>ahead, lost<td>b needs less, or more, and all of the above holds"
             "<tr><td>same<td>the difference lies within the floor"
             "<tr><td>inconclusive<td>neither: more boots, or more iterations, are needed"
             "<tr><td>unsupported, failed<td>there is no number, and none is made up; such rows stand first</tr></tbody></table></div>"
             "<p>The noise floor of a row is how far from 1 its ratio must be at least: the greatest of the metric's floor, what the row differs from itself, and what the canary "
             "moved.</p>"
             "<h2>Over time</h2><p>Histories are kept apart by tier, topology and host: exact counts by the version of QEMU and the turns of several CPUs, times "
             "by processor, and what was measured with another scale, a control, other knobs or settings by that. A level changed where E-divisive finds it (p 0.001, at least three runs on both sides).</p>"
             "<h2>Where a number comes from</h2><p>Every number on these pages is one of a result file, or the ratio of two; its full figure is in the page's source. "
             "A run's page stays at its address and is never written again.</p>");
    site_page_close(&t);
    return write_page(s, "method.html", &t);
}

// Documents of a schema, from the files of a pattern, in the order of their names.
static json_t *load_documents(const char *pattern, const char *schema)
{
    json_t *out = json_array();
    json_error_t err;
    glob_t g;
    if (glob(pattern, 0, NULL, &g))
        return out;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        json_t *j = file_is_regular(g.gl_pathv[i]) ? json_file_load(g.gl_pathv[i], 0, &err) : NULL;
        if (!j && !file_is_regular(g.gl_pathv[i]))
            say_error("%s is no file", g.gl_pathv[i]);
        else if (!j)
            say_error("%s: line %d: %s", g.gl_pathv[i], err.line, err.text);
        else if (strcmp(text_of(j, "schema"), schema))
            say_error("%s is no document of schema %s", g.gl_pathv[i], schema);
        else
            json_array_append(out, j);
        json_decref(j);
    }
    globfree(&g);
    return out;
}

// A page from the documents of a pattern.
static bool write_documents(struct site *s, const char *folder, const char *files, const char *schema, const char *page,
                            void (*make)(struct text_buf *t, json_t *documents))
{
    struct text_buf t = {0};
    char *pattern = x_printf("%s/%s", folder, files);
    json_t *documents = load_documents(pattern, schema);
    make(&t, documents);
    bool ok = write_page(s, page, &t);
    json_decref(documents);
    free(pattern);
    return ok;
}

static bool make_folders(const char *dir)
{
    static const char *const below[] = {"run", "history", "dist"};
    bool ok = true;
    for (size_t i = 0; i < 3 && ok; i++) {
        char *path = x_printf("%s/%s", dir, below[i]);
        ok = make_dirs(path);
        if (!ok)
            say_error("cannot make %s: %s", path, strerror(errno));
        free(path);
    }
    return ok;
}

static void read_commits(struct site *s)
{
    json_t *run;
    size_t i;
    s->commits = json_object();
    json_array_foreach (s->runs, i, run)
        json_object_set(s->commits, text_of(run, "run"), json_object_get(run, "commit"));
    shown_runs = s->commits;
}

// A note that nothing in the histories fits is said, not hidden.
static void say_stale(const struct site *s)
{
    json_t *note;
    size_t i;
    triage_say_faults(s->notes);
    json_array_foreach (s->notes, i, note) {
        char *fault = triage_fault(note);
        if (!fault && !json_object_get(note, "used") && json_array_size(s->runs))
            say("%s: note %s is stale: no change of level and no loss in the histories fits it", text_of(note, "place"),
                text_of(note, "name"));
        free(fault);
    }
}

static bool write_all(struct site *s)
{
    bool ok = write_histories(s);
    ok = write_documents(s, s->base, "scale/*.json", "cloudbench-scale/1", "scaling.html", scaling_page) && ok;
    ok = write_documents(s, s->base, "lines/*.json", LINES_SCHEMA, "lines.html", lines_page) && ok;
    ok = write_documents(s, s->tune, "*/result.json", "cloudbench-tune/1", "tuning.html", tuning_page) && ok;
    ok = write_overview(s) && write_compare(s) && write_method(s) && ok;
    say_stale(s);
    return ok;
}

// The index is read again from the start when it could not be kept.
static void on_index(void *ctx, size_t done, size_t of)
{
    struct site *s = ctx;
    if (done == 1)
        progress_start(&s->progress, of * (2 + HISTORIES), s->quiet);
    progress_add(&s->progress, 1);
    progress_caption(&s->progress, "runs read: %zu of %zu", done, of);
}

static bool write_runs(struct site *s)
{
    bool ok = true;
    size_t n = json_array_size(s->runs);
    for (size_t i = 0; i < n && !signals_pending(); i++) {
        ok = write_run(s, text_of(json_array_get(s->runs, i), "run")) && ok;
        progress_add(&s->progress, 1);
        progress_caption(&s->progress, "pages of runs: %zu of %zu", i + 1, n);
    }
    return ok;
}

bool site_write(const char *base, const char *tune, const char *dir, bool quiet, int *pages)
{
    struct site s = {.base = base, .tune = tune, .dir = dir, .quiet = quiet};
    char *why = NULL;
    bool ok = make_folders(dir);
    s.history = ok ? history_open(base, on_index, &s, &why) : NULL;
    if (why)
        say_error("%s", why);
    free(why);
    if (!s.history)
        return false;
    s.runs = history_runs(s.history);
    s.series = history_series(s.history);
    s.notes = triage_read();
    read_commits(&s);
    ok = write_runs(&s) && ok;
    ok = signals_pending() ? false : write_all(&s) && ok;
    progress_clear(&s.progress);
    *pages = s.pages;
    json_decref(s.runs);
    json_decref(s.series);
    json_decref(s.commits);
    json_decref(s.notes);
    history_close(s.history);
    return ok;
}
