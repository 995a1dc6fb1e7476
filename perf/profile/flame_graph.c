// See flame_graph.h. Paths, sorted, are runs of common prefixes: each run is a frame. The root lies at the bottom.
#include "perf/profile/flame_graph.h"

#include "perf/view/html_text.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH  1200.0
#define MARGIN 10.0
#define ROW    18.0
#define HEAD   64.0
#define LEAST  0.001 // of the whole
#define GLYPH  6.6   // the width of a letter
#define TONES  6

static const char style[] =
    "svg{background:#fff;color-scheme:light dark}text{font:11px ui-monospace,monospace;fill:#10151c}"
    ".h{font:600 17px system-ui,sans-serif}.s{font:13px system-ui,sans-serif;fill:#4a5260}"
    "rect{stroke:#fff;stroke-width:.6;rx:2}g:hover>rect{stroke:#10151c;stroke-width:1.4}"
    ".u{fill:#c3cad4}.k0{fill:#f7c58b}.k1{fill:#f4b183}.k2{fill:#fad7a0}.k3{fill:#f0a57a}.k4{fill:#f8cf9c}.k5{fill:#f3bd79}"
    ".r{fill:#dfe4ea}"
    "@media(prefers-color-scheme:dark){svg{background:#14171c}text{fill:#f3f5f8}.s{fill:#9aa3b0}rect{stroke:#14171c}"
    "g:hover>rect{stroke:#fff}.u{fill:#465062}.k0{fill:#8a4f1d}.k1{fill:#7d4422}.k2{fill:#96611f}.k3{fill:#863c1c}"
    ".k4{fill:#7a521f}.k5{fill:#914a24}.r{fill:#2b313b}}";

struct path {
    const char *text;
    double n;
};

struct graph {
    struct text_buf *t;
    struct path *path;
    double total, ops;
    int depth; // of the deepest frame that is drawn, from 1
};

// Part by part: what ends a part comes before every letter, lest f.cold stand between f and what f calls.
static int by_text(const void *a, const void *b)
{
    const char *x = ((const struct path *)a)->text, *y = ((const struct path *)b)->text;
    while (*x && *x == *y)
        x++, y++;
    int p = *x == ';' ? 1 : (unsigned char)*x, q = *y == ';' ? 1 : (unsigned char)*y;
    return p - q;
}

// The d-th part of a path (from 0) and its length; NULL when there are fewer.
static const char *part(const char *path, int d, size_t *len)
{
    for (; d > 0; d--) {
        path = strchr(path, ';');
        if (!path++)
            return NULL;
    }
    *len = strcspn(path, ";");
    return path;
}

static unsigned tone(const char *name, size_t len)
{
    unsigned h = 2166136261u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)name[i]) * 16777619u;
    return h % TONES;
}

static double sum(const struct graph *g, size_t from, size_t to)
{
    double n = 0;
    for (size_t i = from; i < to; i++)
        n += g->path[i].n;
    return n;
}

static void frame(struct graph *g, const char *name, size_t len, int row, double x, double n, const char *class)
{
    double w = (WIDTH - 2 * MARGIN) * n / g->total, y = HEAD + (g->depth - row) * ROW;
    size_t fits = w > 8 ? (size_t)((w - 6) / GLYPH) : 0;
    char *full = x_printf("%.*s", (int)len, name);
    char *shown = fits >= len ? x_strdup(full) : fits > 3 ? x_printf("%.*s..", (int)fits - 2, name) : NULL;
    text_addf(g->t, "<g><title>");
    html_escape(g->t, full);
    text_addf(g->t, ": %.1f instructions an operation, %.2f %%</title><rect class='%s' x='%.2f' y='%.0f' width='%.2f' height='%.0f'/>",
              n / g->ops, 100 * n / g->total, class, x, y, w, ROW - 1);
    if (shown) {
        text_addf(g->t, "<text x='%.2f' y='%.0f'>", x + 3, y + ROW - 5.5);
        html_escape(g->t, shown);
        text_add(g->t, "</text>");
    }
    text_add(g->t, "</g>\n");
    free(shown);
    free(full);
}

// The frames of one level among the paths from..to, which share the parts before it; x is where the first begins.
// With draw false only finds how deep the graph is.
static void level(struct graph *g, size_t from, size_t to, int d, double x, bool draw)
{
    while (from < to) {
        size_t len = 0, other = 0, end = from + 1;
        const char *name = part(g->path[from].text, d, &len), *next;
        while (name && end < to && (next = part(g->path[end].text, d, &other)) && other == len && !strncmp(next, name, len))
            end++;
        double n = sum(g, from, end);
        if (name && n >= LEAST * g->total) {
            char class[8];
            snprintf(class, sizeof(class), *name == '[' ? "u" : "k%u", tone(name, len));
            if (draw)
                frame(g, name, len, d + 1, x, n, class);
            else if (g->depth < d + 1)
                g->depth = d + 1;
            level(g, from, end, d + 1, x, draw);
        }
        x += (WIDTH - 2 * MARGIN) * n / g->total;
        from = end;
    }
}

static size_t load(struct graph *g, json_t *folded)
{
    size_t n = 0;
    json_t *v;
    const char *text;
    g->path = x_alloc((json_object_size(folded) + 1) * sizeof(*g->path));
    json_object_foreach (folded, text, v) {
        g->path[n++] = (struct path){text, json_number_value(v)};
        g->total += json_number_value(v);
    }
    qsort(g->path, n, sizeof(*g->path), by_text);
    return n;
}

static void head(struct graph *g, const char *title, const char *heading)
{
    double height = HEAD + (g->depth + 1) * ROW + MARGIN;
    text_addf(g->t, "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %.0f %.0f' width='%.0f' height='%.0f' "
                    "style='max-width:100%%;height:auto' role='img'><title>", WIDTH, height, WIDTH, height);
    html_escape(g->t, title);
    text_addf(g->t, "</title><style>%s</style>\n<text class='h' x='%.0f' y='26'>", style, MARGIN);
    html_escape(g->t, title);
    text_addf(g->t, "</text><text class='s' x='%.0f' y='48'>", MARGIN);
    html_escape(g->t, heading);
    text_add(g->t, "</text>\n");
}

void flame_graph(struct text_buf *t, json_t *folded, double ops, const char *title, const char *heading)
{
    struct graph g = {.t = t, .ops = ops};
    size_t n = load(&g, folded);
    if (g.total > 0)
        level(&g, 0, n, 0, MARGIN, false);
    head(&g, title, heading);
    if (g.total > 0) {
        frame(&g, "all", 3, 0, MARGIN, g.total, "r");
        level(&g, 0, n, 0, MARGIN, true);
    }
    text_add(t, "</svg>\n");
    free(g.path);
}
