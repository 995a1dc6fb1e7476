// CPU lists as Linux and QEMU write them ("0-3,8"), for up to 1,024 CPUs.
#pragma once
#include <stdbool.h>

#define CPU_LIST_MAX 1024

struct cpu_list {
    bool has[CPU_LIST_MAX];
    int count;
};

// "" and NULL are the empty list. False when the text is no list or a number is 1,024 or more.
bool cpu_list_parse(struct cpu_list *l, const char *text);
int cpu_list_first(const struct cpu_list *l); // -1 when empty
