/*
 * bench.c: the main program around every workload: arguments, pinning, window, record.
 * It writes one record and exits; it must never write inside the window.
 */
#include "bench/guest/bench.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/guest/record.h"

static pid_t main_pid; /* set once by main: only this process writes the record */

uint64_t bench_now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* CB_GATE=READY,GATE: one byte into READY, then the end of GATE, which opens for all copies at once. */
static void pass_gate(struct bench *b)
{
    const char *gate = getenv("CB_GATE"), *comma = gate ? strchr(gate, ',') : NULL;
    char byte = 0;
    if (!comma || getpid() != main_pid) {
        return;
    }
    bench_check(b, write(atoi(gate), &byte, 1) == 1, "no gate to wait at");
    close(atoi(gate));
    bench_check(b, read(atoi(comma + 1), &byte, 1) == 0, "a gate that did not open");
    close(atoi(comma + 1));
}

void bench_begin(struct bench *b)
{
    pass_gate(b);
    getrusage(RUSAGE_CHILDREN, &b->children_begin);
    getrusage(RUSAGE_SELF, &b->self_begin);
    b->ns_begin = bench_now_ns();
    b->tsc_begin = b->laps.last = lap_clock();
    BENCH_MARK(BENCH_MARK_WINDOW_BEGIN);
}

void bench_end(struct bench *b, uint64_t ops)
{
    BENCH_MARK(BENCH_MARK_WINDOW_END);
    b->tsc_end = lap_clock();
    b->ns_end = bench_now_ns();
    getrusage(RUSAGE_SELF, &b->self_end);
    getrusage(RUSAGE_CHILDREN, &b->children_end);
    b->ops = ops;
}

static long long us_between(struct timeval a, struct timeval z)
{
    return (z.tv_sec - a.tv_sec) * 1000000ll + (z.tv_usec - a.tv_usec);
}

void bench_value(struct bench *b, const char *name, uint64_t value)
{
    bench_check(b, b->nvalues < BENCH_VALUES_MAX, "more values than a record holds");
    b->values[b->nvalues++] = (struct bench_value){name, value};
}

/* ,"values":{...} or nothing. */
static const char *values_json(const struct bench *b, char *out, size_t size)
{
    size_t n = 0;
    *out = 0;
    for (int i = 0; i < b->nvalues; i++) {
        n += (size_t)snprintf(out + n, size - n, "%s\"%s\":%16llu", i ? "," : ",\"values\":{", b->values[i].name,
                              (unsigned long long)b->values[i].value);
    }
    if (n) {
        snprintf(out + n, size - n, "}");
    }
    return out;
}

/* Numbers have a fixed width, so that a record costs the same whatever it says. */
static void emit_result(struct bench *b, const char *check)
{
    const struct rusage *s0 = &b->self_begin, *s1 = &b->self_end;
    const struct rusage *c0 = &b->children_begin, *c1 = &b->children_end;
    char values[BENCH_VALUES_MAX * 64];
    char *tail = b->laps.tick && b->laps.count ? laps_json(&b->laps) : NULL;
    record_emit(tail, "{\"type\":\"result\",\"workload\":\"%s\",\"iters\":%10ld,\"cpu_a\":%4d,\"cpu_b\":%4d,"
                "\"tsc_begin\":%20llu,\"tsc_end\":%20llu,\"ns\":%16llu,\"ops\":%12llu,\"check\":\"%s\","
                "\"counts\":{\"utime_us\":%12lld,\"stime_us\":%12lld,\"nvcsw\":%10ld,\"nivcsw\":%10ld,"
                "\"minflt\":%10ld,\"majflt\":%10ld,\"children_utime_us\":%12lld,"
                "\"children_stime_us\":%12lld,\"children_nvcsw\":%10ld,\"children_nivcsw\":%10ld,"
                "\"children_minflt\":%10ld}%s",
                b->name, b->iters, b->cpu[0], b->cpu[1], (unsigned long long)b->tsc_begin,
                (unsigned long long)b->tsc_end, (unsigned long long)(b->ns_end - b->ns_begin),
                (unsigned long long)b->ops, check, us_between(s0->ru_utime, s1->ru_utime),
                us_between(s0->ru_stime, s1->ru_stime), s1->ru_nvcsw - s0->ru_nvcsw,
                s1->ru_nivcsw - s0->ru_nivcsw, s1->ru_minflt - s0->ru_minflt,
                s1->ru_majflt - s0->ru_majflt, us_between(c0->ru_utime, c1->ru_utime),
                us_between(c0->ru_stime, c1->ru_stime), c1->ru_nvcsw - c0->ru_nvcsw,
                c1->ru_nivcsw - c0->ru_nivcsw, c1->ru_minflt - c0->ru_minflt,
                values_json(b, values, sizeof values));
}

void bench_fail(struct bench *b, const char *fmt, ...)
{
    char why[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    for (char *p = why; *p; p++) {
        if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ') {
            *p = '\'';
        }
    }
    if (getpid() == main_pid) {
        emit_result(b, why);
    } else { /* one record a run: the parent reports a child's failure, the reason goes to the console */
        fprintf(stderr, "%s: %s\n", b->name, why);
    }
    _exit(1);
}

void bench_unsupported(struct bench *b, const char *call)
{
    if (getpid() != main_pid) {
        _exit(77);
    }
    record_emit(NULL, "{\"type\":\"unsupported\",\"workload\":\"%s\",\"errno\":%d,\"call\":\"%s\"", b->name,
                errno, call);
    _exit(77);
}

void bench_call_failed(struct bench *b, const char *call)
{
    if (errno == ENOSYS || errno == EOPNOTSUPP) {
        bench_unsupported(b, call);
    }
    bench_fail(b, "%s: %s", call, strerror(errno));
}

void bench_pin(struct bench *b, int cpu)
{
    unsigned long mask[16] = {0};
    mask[cpu / 64] = 1ul << (cpu % 64);
    if (syscall(SYS_sched_setaffinity, 0, sizeof mask, mask) < 0) {
        bench_call_failed(b, "sched_setaffinity");
    }
}

void *bench_shared(struct bench *b, size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        bench_call_failed(b, "mmap shared");
    }
    memset(p, 0, bytes);
    return p;
}

int bench_fork(struct bench *b)
{
    int pid = fork();
    if (pid < 0) {
        bench_call_failed(b, "fork");
    }
    return pid;
}

void bench_reap(struct bench *b, int pid, int code)
{
    int status;
    if (waitpid(pid, &status, 0) != pid) {
        bench_call_failed(b, "waitpid");
    }
    bench_check(b, WIFEXITED(status) && WEXITSTATUS(status) == code,
                "child ended with status %#x, want exit code %d", status, code);
}

void bench_check_switches(struct bench *b, long n)
{
    long seen = b->self_end.ru_nvcsw - b->self_begin.ru_nvcsw + b->self_end.ru_nivcsw -
                b->self_begin.ru_nivcsw;
    bench_check(b, seen >= n, "%ld context switches counted, at least %ld happened", seen, n);
}

void bench_check_cputime(struct bench *b)
{
    uint64_t wall_us = (b->ns_end - b->ns_begin) / 1000;
    long long cpu_us = us_between(b->self_begin.ru_utime, b->self_end.ru_utime) +
                       us_between(b->self_begin.ru_stime, b->self_end.ru_stime);
    if (wall_us > 100000) {
        bench_check(b, cpu_us >= (long long)wall_us / 8, "%lld us of CPU time charged for %llu us of work",
                    cpu_us, (unsigned long long)wall_us);
    }
}

/* cpus=A or cpus=A,B; without it both parties run on the first CPU. */
static void parse_cpus(struct bench *b, const char *s)
{
    char *end;
    b->cpu[0] = b->cpu[1] = (int)strtol(s, &end, 10);
    if (*end == ',') {
        b->cpu[1] = (int)strtol(end + 1, &end, 10);
    }
    if (*end || b->cpu[0] < 0 || b->cpu[1] < 0 || b->cpu[0] >= 1024 || b->cpu[1] >= 1024) {
        bench_fail(b, "bad CPU list %s", s);
    }
}

/* N[/M] */
static void parse_pad(struct bench *b, const char *s)
{
    char *end;
    b->pad.instructions = strtol(s, &end, 10);
    b->pad.every = *end == '/' ? strtol(end + 1, &end, 10) : 0;
    bench_check(b, !*end && b->pad.instructions > 2 && b->pad.instructions % 2 && b->pad.every >= 0, "pad=N[/M] wants an odd N above 2");
}

/* cpus=A,B, laps, pad=N[/M], pad_ns=N: as they stand in the SPEC. */
static void parse_option(struct bench *b, const char *s)
{
    if (strncmp(s, "cpus=", 5) == 0) {
        parse_cpus(b, s + 5);
    } else if (strncmp(s, "pad=", 4) == 0) {
        b->pad.option = s;
        parse_pad(b, s + 4);
    } else if (strncmp(s, "pad_ns=", 7) == 0) {
        b->pad.option = s;
        bench_check(b, strtod(s + 7, NULL) > 0, "pad_ns=N wants an N above 0");
        pad_set_ns(&b->pad, strtod(s + 7, NULL));
    } else if (strcmp(s, "laps") == 0) {
        bench_check(b, laps_prepare(&b->laps, b->iters) == 0, "no memory for the laps");
    } else {
        bench_fail(b, "unknown option %s", s);
    }
}

/* /bench/PROGRAM NAME[/VARIANT] ITERS [cpus=A,B] [laps] [pad=N[/M]] [pad_ns=N] */
int main(int argc, char **argv)
{
    static struct bench b;
    if (argc < 3) {
        fprintf(stderr, "usage: %s WORKLOAD[/VARIANT] ITERS [cpus=A,B] [laps] [pad=N[/M]] [pad_ns=N]\n", argv[0]);
        return 2;
    }
    main_pid = getpid();
    personality(PER_LINUX); /* what a workload executes has its addresses drawn, as ever (guest_init.c) */
    b.name = argv[1];
    const char *slash = strchr(b.name, '/');
    b.variant = slash ? slash + 1 : "";
    b.iters = strtol(argv[2], NULL, 10);
    if (b.iters < 0) {
        bench_fail(&b, "bad count %s", argv[2]);
    }
    for (int i = 3; i < argc; i++) {
        parse_option(&b, argv[i]);
    }
    workload_run(&b);
    bench_check(&b, b.pad.taken || !pad_asked(&b.pad), "this workload has no padding");
    emit_result(&b, "ok");
    return 0;
}
