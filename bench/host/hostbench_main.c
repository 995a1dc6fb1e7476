/* hostbench_main.c: the program: options, the order of the steps, the first and the last lines. */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bench/host/place.h"
#include "bench/host/runner.h"
#include "bench/host/table.h"
#include "lockfree/env.h"

struct options {
    unsigned repetitions;
    double seconds;
    struct measure_times times;
    const char *filter, *out;
    enum rows_extent extent;
};

void lockfree_fail(const char *expr, const char *file, int line, const void *object)
{
    fprintf(stderr, "%s:%d: %s: object %p\n", file, line, expr, object);
    abort();
}

static void usage(FILE *to)
{
    fprintf(to, "usage: hostbench [--quick | --smoke] [--alone] [--seconds N] [--out DIR] [--repetitions N] [STRUCTURE or SUBJECT]\n"
                "Compares the structures of lockfree/ and percpu/ with the best libraries on this machine.\n"
                "  --quick   three repetitions and short windows: about a minute\n"
                "  --smoke   few cells, each once for a few milliseconds: only the checks count\n"
                "  --alone   only the rows of one thread\n"
                "  --seconds N  what is not measured by then is left out (420; 75 with --quick)\n"
                "  --out DIR where hostbench.json and hostbench-gbench.json go (default: written nowhere)\n");
}

static struct options parse(int argc, char **argv)
{
    static const struct option names[] = {{"quick", 0, 0, 'q'}, {"smoke", 0, 0, 's'}, {"out", 1, 0, 'o'}, {"alone", 0, 0, 'a'},
                                          {"repetitions", 1, 0, 'r'}, {"seconds", 1, 0, 't'}, {"help", 0, 0, 'h'}, {0}};
    struct options o = {.repetitions = 10, .seconds = 420, .times = {.batch_s = 2e-4, .batches = 20, .window_s = 0.02}};
    int c;

    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (c == 'q') {
            o.repetitions = 3;
            o.seconds = 75;
            o.times = (struct measure_times){.batch_s = 1e-4, .batches = 10, .window_s = 0.006};
        } else if (c == 's') {
            o.extent = ROWS_FEW;
            o.repetitions = 1;
            o.times = (struct measure_times){.batch_s = 2e-5, .batches = 2, .window_s = 0.002};
        } else if (c == 'a') {
            o.extent = ROWS_ALONE;
        } else if (c == 'o') {
            o.out = optarg;
        } else if (c == 't' && atof(optarg) > 0) {
            o.seconds = atof(optarg);
        } else if (c == 'r' && atoi(optarg) > 0 && atoi(optarg) <= ROWS_MAX_REPETITIONS) {
            o.repetitions = (unsigned)atoi(optarg);
        } else {
            usage(c == 'h' ? stdout : stderr);
            exit(c == 'h' ? 0 : 2);
        }
    }
    o.filter = argv[optind];
    return o;
}

static char *in_folder(const char *folder, const char *file)
{
    char *path = NULL;

    return folder && asprintf(&path, "%s/%s", folder, file) > 0 ? path : NULL;
}

/* Whoever else runs here takes processors away in the middle of a window. */
static void tell_load(void)
{
    double load;

    if (getloadavg(&load, 1) == 1 && load > place_cpus() * 0.5)
        printf("load average %.1f on %u processors: the contended figures say little now\n", load, place_cpus());
}

/* jemalloc's thread data need room that the loader sets aside only when it is told before the program starts. */
static void reserve_static_tls(char **argv)
{
    if (getenv("HOSTBENCH_TLS"))
        return;
    setenv("HOSTBENCH_TLS", "1", 1);
    setenv("GLIBC_TUNABLES", "glibc.rtld.optional_static_tls=65536", 1);
    execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
    struct options o = parse(argc, argv);
    struct bench_comparisons all;
    char *path = in_folder(o.out, "hostbench.json");
    bool ok;

    reserve_static_tls(argv);
    setvbuf(stdout, NULL, _IOLBF, 0);
    place_start();
    counters_start();
    measure_start(o.times);
    rows_make(o.filter, place_cpus(), o.extent);
    printf("%s\n%s\n%s\nprocessor clock: %.2f GHz; %u rows, %u repetitions\n", runner_report(), place_report(), counters_report(),
           measure_ghz(), bench_rows.count, o.repetitions);
    tell_load();
    rows_limit(o.seconds);
    if (!runner_run(o.repetitions, in_folder(o.out, "hostbench-gbench.json"))) {
        fprintf(stderr, "hostbench: no row matches%s%s\n", o.filter ? " " : "", o.filter ? o.filter : "");
        return 2;
    }
    rows_finish();
    all = compare_rows();
    ok = table_print(&all);
    if (rows_left_out())
        printf("%u of %u repetitions were left out: the time was over after %.0f s\n", rows_left_out(), bench_rows.count * o.repetitions,
               o.seconds);
    if (path && !table_write_json(&all, path)) {
        fprintf(stderr, "hostbench: cannot write %s\n", path);
        ok = false;
    }
    fflush(NULL);
    _exit(ok ? 0 : 1); /* liburcu's destructors refuse a program whose threads still live */
}
