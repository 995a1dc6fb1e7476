/* Sets of CPUs and nodes as text: "f,ffffffff" and "0-3,8". */
#pragma once
#include "kernel/fs/procfs.h"
void seq_bitmap(struct seq_buf *s, const unsigned long *bits,
                unsigned n); /* hexadecimal, groups of 32 bits */
void seq_bitmap_list(struct seq_buf *s, const unsigned long *bits,
                     unsigned n); /* ranges; empty set: nothing */
