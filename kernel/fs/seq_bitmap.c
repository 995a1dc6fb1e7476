/* Sets of CPUs and nodes as text, in Linux's formats. Pure. */
#include "kernel/fs/seq_bitmap.h"

static bool has(const unsigned long *bits, unsigned i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

void seq_bitmap(struct seq_buf *s, const unsigned long *bits, unsigned n)
{
    unsigned groups = DIV_ROUND_UP(n, 32u);

    for (unsigned g = groups; g-- > 0;) {
        u32 word = (u32)(bits[g / 2] >> (g % 2 * 32));
        unsigned width = g == groups - 1 && n % 32 ? DIV_ROUND_UP(n % 32, 4u) : 8;

        if (g == groups - 1 && n % 32)
            word &= (1u << (n % 32)) - 1;
        seq_printf(s, "%0*x%s", width, word, g ? "," : "");
    }
}

void seq_bitmap_list(struct seq_buf *s, const unsigned long *bits, unsigned n)
{
    const char *comma = "";

    for (unsigned i = 0; i < n; i++) {
        unsigned first = i;

        if (!has(bits, i))
            continue;
        while (i + 1 < n && has(bits, i + 1))
            i++;
        seq_printf(s, i == first ? "%s%u" : "%s%u-%u", comma, first, i);
        comma = ",";
    }
}
