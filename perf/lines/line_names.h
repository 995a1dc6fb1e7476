// Names for a kernel's addresses: functions and data by its symbol table, source lines by addr2line
// where the image carries them.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct line_names;

// image: the ELF file; table: nm-style lines, may be NULL.
struct line_names *line_names_open(const char *image, const char *table);
void line_names_close(struct line_names *n);
// Ask for many code addresses at once, before naming them: one addr2line for all. When there is none, or it cannot read the image, that is said
// once for each kernel, and the names have no source lines. Its files lie in a folder of temp_dir.h.
void line_names_prepare(struct line_names *n, const uint64_t *pc, size_t count);
// "inner < function file.c:12", "function+0x1c", "user" or "0x..."; valid until close.
const char *line_names_code(struct line_names *n, uint64_t pc);
// "symbol+0x40" for static data, "" for memory without a name; the caller frees it.
char *line_names_data(struct line_names *n, uint64_t address);
