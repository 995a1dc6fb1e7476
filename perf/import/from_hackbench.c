// hackbench of rt-tests: "Running in process mode with 10 groups using 40 file descriptors each (== 400 tasks)",
// "Time: 0.084". Several runs may follow each other.
#include "perf/import/imported.h"

#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

bool hackbench_knows(const char *text)
{
    return strstr(text, "Running in ") && strstr(text, " mode with ");
}

// The workload's name by the heading: hackbench/process/10x40.
static char *name_of(const char *line)
{
    char mode[16];
    int groups, fds;
    if (sscanf(line, "Running in %15[a-z] mode with %d groups using %d", mode, &groups, &fds) != 3 || groups < 1 || fds < 1)
        return NULL;
    return x_printf("hackbench/%s/%dx%d", mode, groups, fds);
}

static void take_time(struct imported *im, int line, const char *name, const char *rest)
{
    const char *end;
    double seconds;
    if (!name)
        import_fault(im, line, "\"Time:\" without \"Running in ... mode\" before it");
    else if (!import_number(rest, &end, &seconds) || *import_after(end, ""))
        import_fault(im, line, "not a time in seconds: \"%.40s\"", rest);
    else
        import_sample(im, name, "total_ns", "ns", seconds * 1e9, rest);
}

void hackbench_read(struct imported *im, const char *text)
{
    struct import_lines l;
    char *line, *name = NULL;
    bool open = false; // a heading without its time yet
    import_lines_open(&l, text);
    while ((line = import_lines_next(&l)) && !im->why) {
        const char *rest = import_after(line, "Time:");
        if (import_after(line, "Running in ")) {
            free(name);
            if (!(name = name_of(line)))
                import_fault(im, l.number, "not understood: \"%.60s\"", line);
            open = true;
        } else if (rest) {
            take_time(im, l.number, name, rest);
            open = false;
        }
    }
    if (open)
        import_fault(im, l.number, "the text ends before \"Time:\"");
    free(name);
    import_lines_close(&l);
}
