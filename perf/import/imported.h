// What another tool measured, on its way to become a run: rows with the numbers that its text gives, and no other.
// The readers (from_*.c) take a whole file's text and must neither guess nor repair: what is not understood where a result
// must stand is a fault with its line.
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct imported {
    const char *file; // for messages
    json_t *rows;     // {workload, metric, unit, status, samples[]}: of run.json, still without value and kernel
    char *version;    // of the tool, where the text says it
    char *kernel;     // the kernel's release, likewise
    char *host;       // likewise
    json_t *names;    // workload -> the full name that it stands for
    int left_out;     // results that are no cost of an operation (bandwidths, aggregates)
    char *why;        // "FILE:LINE: what is wrong", or NULL
};

struct import_tool {
    const char *name;
    bool (*knows)(const char *text); // does it look like this tool's?
    void (*read)(struct imported *im, const char *text);
};
extern const struct import_tool import_tools[]; // ends with a NULL name

// Reads text of len bytes by the tool of that name, or by the one that knows it when name is NULL. The tool, or NULL with im->why.
const struct import_tool *import_read(struct imported *im, const char *text, size_t len, const char *name);
void imported_free(struct imported *im);

// For the readers. A sample of a row; ns: the number in nanoseconds (or in `unit`, where that is something else); given: as the text has it.
void import_sample(struct imported *im, const char *workload, const char *metric, const char *unit, double value,
                   const char *given);
// A row without a number.
void import_failed(struct imported *im, const char *workload, const char *metric, const char *reason);
// The first fault counts.
void import_fault(struct imported *im, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
// "Process fork+exit" -> "process-fork-exit"; the caller frees it.
char *import_slug(const char *name, size_t len);
// "TOOL/SLUG" of a full name; a second name of that slug has "-2" behind it, a third "-3". The caller frees it.
char *import_workload(struct imported *im, const char *tool, const char *name);
// A finite decimal number that is not negative, after blanks; *end behind it. False when there is none.
bool import_number(const char *s, const char **end, double *value);
// s behind the word (and any blanks on both sides), or NULL when it does not stand there. A blank in the word stands for any number.
const char *import_after(const char *s, const char *word);

// The lines of a text: each is NUL-terminated until the next.
struct import_lines {
    char *copy, *next;
    int number; // of the line that was given, from 1
};
void import_lines_open(struct import_lines *l, const char *text);
char *import_lines_next(struct import_lines *l);
void import_lines_close(struct import_lines *l);

// 1-based line of the n-th (from 0) occurrence of the text; 1 when there is none. For messages about JSON.
int import_line_of(const char *text, const char *what, size_t n);

bool lmbench_knows(const char *text);
void lmbench_read(struct imported *im, const char *text);
bool hackbench_knows(const char *text);
void hackbench_read(struct imported *im, const char *text);
bool cyclictest_knows(const char *text);
void cyclictest_read(struct imported *im, const char *text);
bool schbench_knows(const char *text);
void schbench_read(struct imported *im, const char *text);
bool will_it_scale_knows(const char *text);
void will_it_scale_read(struct imported *im, const char *text);
bool perf_bench_knows(const char *text);
void perf_bench_read(struct imported *im, const char *text);
bool google_benchmark_knows(const char *text);
void google_benchmark_read(struct imported *im, const char *text);
