// The plugin's text is input: a line that does not parse is kept as the fault and the rest is not
// read.
#include "perf/lines/line_file.h"

#include "perf/util/text_buf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct line_file *file;
    bool open;
};

static struct line_window *last(struct reader *r)
{
    return r->file->runs ? &r->file->run[r->file->runs - 1] : NULL;
}

void line_window_free(struct line_window *w)
{
    json_decref(w->vcpus);
    json_decref(w->totals);
    json_decref(w->counts);
    free(w->meet);
    *w = (struct line_window){0};
}

static bool start_run(struct reader *r)
{
    struct line_file *f = r->file;
    f->run = x_realloc(f->run, (f->runs + 1) * sizeof(*f->run));
    f->run[f->runs++] = (struct line_window){0};
    r->open = false;
    return true;
}

static bool start_window(struct reader *r)
{
    struct line_window *w = last(r);
    if (!w || r->open)
        return false;
    line_window_free(w);
    w->vcpus = json_array();
    w->totals = json_object();
    w->counts = json_object();
    return r->open = true;
}

static bool take_vcpu(struct line_window *w, char *rest)
{
    char *save = NULL, *name, *value = strtok_r(rest, " ", &save);
    json_t *one = json_object();
    json_array_append_new(w->vcpus, one);
    if (!value)
        return false;
    json_object_set_new(one, "vcpu", json_integer(atoi(value)));
    while ((name = strtok_r(NULL, " ", &save))) {
        if (!(value = strtok_r(NULL, " ", &save)))
            return false;
        json_int_t n = strtoll(value, NULL, 10), sum = json_integer_value(json_object_get(w->totals, name));
        if (n < 0 || n > INT64_MAX - sum)
            return false;
        sum += n;
        json_object_set_new(one, name, json_integer(n));
        json_object_set_new(w->totals, name, json_integer(sum));
    }
    return true;
}

static bool take_count(struct line_window *w, const char *rest)
{
    char name[64];
    long long n;
    if (sscanf(rest, "%63s %lld", name, &n) != 2)
        return false;
    json_object_set_new(w->counts, name, json_integer(n));
    return true;
}

static bool take_meet(struct line_window *w, const char *rest)
{
    struct line_meet m = {0};
    int far, apart;
    if (sscanf(rest,
               "%c %d %d %" SCNu64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %u %u %" SCNx64 " %u %u",
               &m.kind, &far, &apart, &m.count, &m.line, &m.vaddr, &m.pc, &m.offset, &m.size,
               &m.met_pc, &m.met_offset, &m.met_size) != 12)
        return false;
    m.far = far;
    m.apart = apart;
    if ((w->meets & (w->meets + 1)) == 0)
        w->meet = x_realloc(w->meet, 2 * (w->meets + 1) * sizeof(m));
    w->meet[w->meets++] = m;
    return true;
}

static bool take_inside(struct reader *r, char *line)
{
    struct line_window *w = last(r);
    if (!r->open)
        return false;
    if (!strcmp(line, "end")) {
        r->open = false;
        return w->closed = true;
    }
    return !strncmp(line, "vcpu ", 5)    ? take_vcpu(w, line + 5)
           : !strncmp(line, "count ", 6) ? take_count(w, line + 6)
           : !strncmp(line, "meet ", 5)  ? take_meet(w, line + 5)
                                         : false;
}

static bool take_log_fault(struct reader *r, const char *why)
{
    if (r->file->log_fault || r->open)
        return false;
    r->file->log_fault = x_strdup(why);
    return true;
}

static bool take_line(struct reader *r, char *line)
{
    if (!strncmp(line, "fault log ", 10))
        return take_log_fault(r, line + 10);
    if (!strcmp(line, "run"))
        return start_run(r);
    return strcmp(line, "window") ? take_inside(r, line) : start_window(r);
}

void line_file_parse(struct line_file *f, const char *text)
{
    struct reader r = {.file = f};
    *f = (struct line_file){0};
    for (const char *p = text; *p && !f->fault;) {
        size_t len = strcspn(p, "\n");
        char *line = x_printf("%.*s", (int)len, p), *copy = x_strdup(line);
        if (!take_line(&r, line))
            f->fault = x_printf("the lines plugin wrote \"%.80s\"", copy);
        free(line);
        free(copy);
        p += len + (p[len] == '\n');
    }
}

void line_file_free(struct line_file *f)
{
    for (size_t i = 0; i < f->runs; i++)
        line_window_free(&f->run[i]);
    free(f->run);
    free(f->fault);
    free(f->log_fault);
    *f = (struct line_file){0};
}

double line_total(const struct line_window *w, const char *name)
{
    return json_number_value(json_object_get(w->totals, name));
}

double line_transfers(const struct line_window *w, bool kernel)
{
    double user = line_total(w, "user_transfers");
    return kernel ? line_total(w, "read_transfers") + line_total(w, "write_transfers") - user
                  : user;
}
