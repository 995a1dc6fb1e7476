// The symbols of a kernel, as lines "ADDRESS TYPE NAME" for the counting plugin.
#pragma once
#include <stddef.h>

// Function and data symbols of an ELF64 file's .symtab; NULL when it has none or is no ELF. The
// caller frees it.
char *symbol_table_elf(const char *path);
// The lines of /proc/kallsyms found in a console's text (between two marker lines); NULL when there
// are none.
char *symbol_table_console(const char *console);
