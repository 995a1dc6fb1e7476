/* table_json.c: table.h's file: {"machine": ..., "rows": [...], "comparisons": [...]}, times in ns. */
#include <jansson.h>
#include "bench/host/place.h"
#include "bench/host/table.h"

static const char *const side_names[] = {"ours", "peer", "other contract"};
static const char *const verdict_names[] = {"lost", "too few", "same", "ahead"};

static json_t *row_json(const struct bench_row *r)
{
    json_t *ns = json_array(), *o;
    const struct bench_subject *s = r->subject;

    for (unsigned i = 0; i < r->taken; i++)
        json_array_append_new(ns, json_real(r->ns[i]));
    o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:f, s:f, s:f, s:f, s:b}", "structure", s->structure, "contract",
                  s->contract, "name", s->name, "library", s->library, "side", side_names[s->side], "threads", (int)r->cell.threads,
                  "section_ns", (int)r->cell.section_ns, "writers_percent", (int)r->cell.writers, "place", place_name(r->cell.place),
                  "median_ns", r->median, "mad_ns", r->mad, "instructions", r->instructions, "cycles", r->cycles, "failed", r->failed);
    json_object_set_new(o, "ns", ns);
    return o;
}

static json_t *comparison_json(const struct bench_comparison *c)
{
    const struct bench_subject *s = c->ours.subject, *p = c->peer.subject;

    return json_pack("{s:s, s:s, s:b, s:i, s:i, s:s, s:f, s:f, s:s?, s:s?, s:f, s:f, s:f, s:f, s:s}", "structure", s->structure, "contract",
                     s->contract, "contended", c->contended, "cells", (int)c->ours.cells, "taken", (int)c->ours.taken, "ours", s->name, "ours_ns", c->ours.ns,
                     "ours_spread_ns", c->ours.spread, "peer", p ? p->name : NULL, "peer_library", p ? p->library : NULL, "peer_ns",
                     c->peer.ns, "limit_ns_at_3ghz", s->limit_ns, "ratio", c->ratio, "worst_cell_ratio", c->worst_ratio, "verdict",
                     c->ours.failed ? "failed" : p || s->limit_ns > 0 ? verdict_names[c->verdict] : "no peer");
}

bool table_write_json(const struct bench_comparisons *all, const char *path)
{
    json_t *rows = json_array(), *comparisons = json_array(), *o;
    int bad;

    for (unsigned i = 0; i < bench_rows.count; i++)
        json_array_append_new(rows, row_json(&bench_rows.row[i]));
    for (unsigned i = 0; i < all->count; i++)
        json_array_append_new(comparisons, comparison_json(&all->c[i]));
    o = json_pack("{s:{s:i, s:f, s:s, s:s}, s:o, s:o}", "machine", "processors", (int)place_cpus(), "ghz", measure_ghz(), "placement",
                  place_report(), "counters", counters_report(), "rows", rows, "comparisons", comparisons);
    bad = json_dump_file(o, path, JSON_INDENT(1));
    json_decref(o);
    return !bad;
}
