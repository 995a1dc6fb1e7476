// Which two places in the code meet on shared lines, most first.
#pragma once
#include "perf/lines/line_file.h"
#include "perf/lines/line_names.h"

struct line_site {
    char kind;
    bool apart; // the bytes accessed are none of those that the other wrote
    uint64_t pc, met_pc;
    unsigned offset, size, met_offset, met_size; // within the line
    double count;                                // in all windows given
    unsigned lines;                              // different lines
    unsigned windows;                            // windows in which it occurs
    uint64_t vaddr;                              // of the line, as an access saw it; of several the lowest in physical memory
};

// Transfers of the kernel in the windows (NULL windows are left out), merged over lines; the caller
// frees the array. Code addresses are prepared in names.
struct line_site *line_sites(struct line_window *const *windows, size_t count, size_t *sites,
                             struct line_names *names);
// {kind, per_op, lines, windows, address, data, code, bytes, met_code, met_bytes, apart}; address: vaddr, "0x..."
json_t *line_site_json(const struct line_site *s, struct line_names *names, double ops);
