// Meetings are sorted by place and line and merged; the numbers of lines and of windows are counted on the way, each by itself: a line of the kernel's
// data is the same one in every window.
#include "perf/lines/line_sites.h"

#include "perf/util/text_buf.h"

#include <inttypes.h>
#include <stdlib.h>

#define KERNEL_HALF 0xffff800000000000ull

struct one {
    struct line_meet m;
    size_t window;
};

#define BY(field)                                                                                  \
    if (x->field != y->field)                                                                      \
        return x->field < y->field ? -1 : 1;

static int by_place(const void *a, const void *b)
{
    const struct line_meet *x = &((const struct one *)a)->m, *y = &((const struct one *)b)->m;
    BY(kind)
    BY(pc)
    BY(offset)
    BY(met_pc)
    BY(met_offset)
    BY(apart)
    return 0;
}

static int by_line(const void *a, const void *b)
{
    const struct one *p = a, *q = b;
    const struct line_meet *x = &p->m, *y = &q->m;
    int place = by_place(a, b);
    if (place)
        return place;
    BY(line)
    return p->window < q->window ? -1 : p->window > q->window;
}

static int by_count(const void *a, const void *b)
{
    const struct line_site *x = a, *y = b;
    return x->count < y->count ? 1 : -(x->count > y->count);
}

static struct one *gather(struct line_window *const *windows, size_t count, size_t *n)
{
    struct one *all = NULL;
    *n = 0;
    for (size_t w = 0; w < count; w++) {
        size_t meets = windows[w] ? windows[w]->meets : 0;
        all = x_realloc(all, (*n + meets + 1) * sizeof(*all));
        for (size_t i = 0; i < meets; i++)
            if (windows[w]->meet[i].kind != 'i' && windows[w]->meet[i].pc >= KERNEL_HALF)
                all[(*n)++] = (struct one){windows[w]->meet[i], w};
    }
    return all;
}

static struct line_site start_site(const struct line_meet *m)
{
    return (struct line_site){.kind = m->kind,
                              .apart = m->apart,
                              .pc = m->pc,
                              .met_pc = m->met_pc,
                              .offset = m->offset,
                              .size = m->size,
                              .met_offset = m->met_offset,
                              .met_size = m->met_size,
                              .vaddr = m->vaddr};
}

static struct line_site *merge(const struct one *all, size_t n, size_t windows, size_t *sites)
{
    struct line_site *site = x_alloc((n + 1) * sizeof(*site));
    size_t *seen = x_alloc((windows + 1) * sizeof(*seen)); // the last site that was met in each window, from 1 on
    *sites = 0;
    for (size_t i = 0; i < n; i++) {
        bool place = !i || by_place(&all[i - 1], &all[i]);
        if (place)
            site[(*sites)++] = start_site(&all[i].m);
        struct line_site *s = &site[*sites - 1];
        s->count += all[i].m.count;
        s->windows += seen[all[i].window] != *sites;
        s->lines += place || all[i - 1].m.line != all[i].m.line;
        seen[all[i].window] = *sites;
    }
    free(seen);
    return site;
}

static void prepare(const struct line_site *site, size_t sites, struct line_names *names)
{
    uint64_t *pc = x_alloc((2 * sites + 1) * sizeof(*pc));
    for (size_t i = 0; i < sites; i++) {
        pc[2 * i] = site[i].pc;
        pc[2 * i + 1] = site[i].met_pc;
    }
    line_names_prepare(names, pc, 2 * sites);
    free(pc);
}

struct line_site *line_sites(struct line_window *const *windows, size_t count, size_t *sites,
                             struct line_names *names)
{
    size_t n;
    struct one *all = gather(windows, count, &n);
    if (n)
        qsort(all, n, sizeof(*all), by_line);
    struct line_site *site = merge(all, n, count, sites);
    qsort(site, *sites, sizeof(*site), by_count);
    prepare(site, *sites, names);
    free(all);
    return site;
}

json_t *line_site_json(const struct line_site *s, struct line_names *names, double ops)
{
    char *data = line_names_data(names, s->vaddr + s->offset), *address = x_printf("0x%" PRIx64, s->vaddr);
    json_t *j = json_pack("{s:s,s:f,s:i,s:i,s:s,s:s,s:s,s:[i,i],s:s,s:[i,i],s:b}", "kind",
                          s->kind == 'r' ? "read" : "write", "per_op", s->count / ops, "lines",
                          s->lines, "windows", s->windows, "address", address, "data", s->lines == 1 ? data : "",
                          "code", line_names_code(names, s->pc), "bytes", s->offset, s->size,
                          "met_code", line_names_code(names, s->met_pc), "met_bytes", s->met_offset,
                          s->met_size, "apart", s->apart);
    free(data);
    free(address);
    return j;
}
