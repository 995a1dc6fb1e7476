// will-it-scale: the table of runtest.py ("tasks,processes,processes_idle,threads,threads_idle,linear") and the text of one program
// ("testcase:NAME", ..., "average:N"). The table says nowhere what it is of: its file is called by that (open1.csv). Operations a second become the time from one operation of the machine to the next.
#include "perf/import/imported.h"

#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS 6

bool will_it_scale_knows(const char *text)
{
    return strstr(text, "tasks,processes,") || (strstr(text, "testcase:") && strstr(text, "average:"));
}

static void take_rate(struct imported *im, const char *workload, double rate)
{
    char *given = x_printf("%.15g operations/s", rate);
    import_sample(im, workload, "mean_ns", "ns", 1e9 / rate, given);
    free(given);
}

// "open1" of "results/open1.csv"; the caller frees it.
static char *case_of_file(const char *file)
{
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file, *dot = strrchr(name, '.');
    return import_slug(name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

static void take_tasks(struct imported *im, const char *kind, double tasks, double rate)
{
    char *of = case_of_file(im->file), *workload = x_printf("will-it-scale/%s/%s/%.0f", of, kind, tasks);
    take_rate(im, workload, rate);
    free(workload);
    free(of);
}

// "8,1234567,50.00,1200000,50.00,1234567"; with no task there is no operation.
static void take_row(struct imported *im, int number, const char *line)
{
    double v[COLUMNS];
    const char *p = line;
    for (int i = 0; i < COLUMNS; i++) {
        if (!import_number(p, &p, &v[i]) || *p != (i == COLUMNS - 1 ? '\0' : ',')) {
            import_fault(im, number, "not six numbers separated by commas: \"%.60s\"", line);
            return;
        }
        p++;
    }
    if (v[0] >= 1 && v[0] <= 1e6 && v[1] > 0)
        take_tasks(im, "processes", v[0], v[1]);
    if (v[0] >= 1 && v[0] <= 1e6 && v[3] > 0)
        take_tasks(im, "threads", v[0], v[3]);
}

static void take_average(struct imported *im, int number, const char *rest, const char *name)
{
    const char *end;
    double rate;
    if (!name)
        import_fault(im, number, "\"average:\" without \"testcase:\" before it");
    else if (!import_number(rest, &end, &rate) || *import_after(end, "") || !(rate > 0))
        import_fault(im, number, "not a number of operations a second: \"%.40s\"", rest);
    else
        take_rate(im, name, rate);
}

void will_it_scale_read(struct imported *im, const char *text)
{
    struct import_lines l;
    char *line, *name = NULL;
    bool table = false, open = false;
    import_lines_open(&l, text);
    while ((line = import_lines_next(&l)) && !im->why) {
        const char *testcase = import_after(line, "testcase:"), *average = import_after(line, "average:");
        if (import_after(line, "tasks,processes,")) {
            table = true;
        } else if (testcase) {
            free(name);
            name = import_workload(im, "will-it-scale", testcase);
            open = true;
        } else if (average) {
            take_average(im, l.number, average, name);
            open = false;
        } else if (table && *line) {
            take_row(im, l.number, line);
        }
    }
    if (open)
        import_fault(im, l.number, "the text ends before \"average:\"");
    free(name);
    import_lines_close(&l);
}
