// Reads what the lines plugin wrote (docs/lines.md): one run a workload, each with at most one
// closed window.
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct line_meet {
    char kind; // 'r', 'w': a transfer; 'i': an invalidation only
    bool far, apart;
    uint64_t count, line, vaddr, pc, met_pc;
    unsigned offset, size, met_offset, met_size;
};

struct line_window {
    bool closed;
    json_t *vcpus;  // [{vcpu, insns_user, ...}]
    json_t *totals; // the same members over all vCPUs
    json_t *counts; // {cr3_writes, ...}
    struct line_meet *meet;
    size_t meets;
};

struct line_file {
    struct line_window *run;
    size_t runs;
    char *fault;     // the first line that does not parse, or NULL
    char *log_fault; // why the log of accesses is not whole, or NULL
};

void line_file_parse(struct line_file *f, const char *text);
void line_file_free(struct line_file *f);
void line_window_free(struct line_window *w);
double line_total(const struct line_window *w, const char *name);
// Read and write transfers whose access is in the kernel, or in user code.
double line_transfers(const struct line_window *w, bool kernel);
