// Reads the plugin's lines. Windows do not nest; an unfinished last window is dropped (the guest
// died in it).
#include "perf/result/count_file.h"

#include "perf/util/text_buf.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTER_BEGIN 3
#define OUTER_END   4

struct reader {
    struct count_file *file;
    bool open, ended;
    uint64_t begin;
};

static bool take_marker(struct reader *r, const char *rest)
{
    unsigned region, vcpu;
    uint64_t total;
    if (sscanf(rest, "%u %u %" SCNu64, &region, &vcpu, &total) != 3)
        return false;
    if (region == OUTER_BEGIN) {
        r->open = true;
        r->begin = total;
    } else if (region == OUTER_END) {
        struct count_file *f = r->file;
        if (!r->open || total < r->begin)
            return false;
        r->open = false;
        f->window = x_realloc(f->window, (f->windows + 1) * sizeof(*f->window));
        f->window[f->windows++] = (struct count_window){.insns = total - r->begin};
    }
    return true;
}

static bool take_count(struct reader *r, const char *rest)
{
    char name[64];
    uint64_t n;
    struct count_file *f = r->file;
    if (sscanf(rest, "%63s %" SCNu64, name, &n) != 2)
        return false;
    if (!f->windows)
        return true;
    struct count_window *w = &f->window[f->windows - 1];
    if (!w->counts)
        w->counts = json_object();
    json_object_set_new(w->counts, name, json_integer(n));
    return true;
}

static bool take_symbol(struct reader *r, const char *rest)
{
    char name[256];
    uint64_t n;
    if (sscanf(rest, "%" SCNu64 " %255s", &n, name) != 2)
        return false;
    json_array_append_new(r->file->symbols, json_pack("[s,I]", name, (json_int_t)n));
    return true;
}

static bool take_line(struct reader *r, const char *line)
{
    if (r->ended)
        return false;
    if (!strcmp(line, "end"))
        return r->ended = true;
    if (!strncmp(line, "marker ", 7))
        return take_marker(r, line + 7);
    if (!strncmp(line, "count ", 6))
        return take_count(r, line + 6);
    if (!strncmp(line, "sym ", 4))
        return take_symbol(r, line + 4);
    if (!strncmp(line, "total ", 6))
        return sscanf(line + 6, "%" SCNu64, &r->file->total) == 1;
    return islower((unsigned char)*line) || *line == '#'; // a word of a later plugin
}

void count_file_parse(struct count_file *c, const char *text, bool to_the_end)
{
    struct reader r = {.file = c};
    char *copy = x_strdup(text), *save = NULL;
    *c = (struct count_file){.symbols = json_array()};
    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (take_line(&r, line))
            continue;
        c->fault =
            x_printf("the counting plugin wrote a line that is not understood: \"%.80s\"", line);
        break;
    }
    if (to_the_end && !r.ended && !c->fault)
        c->fault = x_strdup("the counting plugin's file is cut short: it has no end");
    free(copy);
}

void count_file_free(struct count_file *c)
{
    for (size_t i = 0; i < c->windows; i++)
        json_decref(c->window[i].counts);
    free(c->window);
    free(c->fault);
    json_decref(c->symbols);
    *c = (struct count_file){0};
}
