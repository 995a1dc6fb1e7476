/* The one symbol map: names of text addresses, linked into the kernel by the second link
 * (kernel/debug/ksyms.awk). Read only after the link; any context. Before the second link the table
 * is empty and addresses print as numbers. */
#pragma once
#include "kernel/lib/types.h"
/* Name of the function that holds addr; offset and size of it. NULL: not in the kernel's text. */
const char *ksym_lookup(unsigned long addr, unsigned long *offset, unsigned long *size);
/* "name+0x12/0x80" or "0x1234"; always terminated. */
void ksym_format(unsigned long addr, char *buf, size_t size);
