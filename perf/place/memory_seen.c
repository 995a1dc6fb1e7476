// numa_maps: one line a mapping, "ADDRESS POLICY ... N0=PAGES N1=PAGES kernelpagesize_kB=4".
#include "perf/place/memory_seen.h"

#include "perf/util/host_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_to(json_t *nodes, int node, double mb)
{
    char name[16];
    snprintf(name, sizeof(name), "%d", node);
    json_object_set_new(nodes, name, json_real(json_number_value(json_object_get(nodes, name)) + mb));
}

static void add_mapping(json_t *nodes, const char *line, const char *end)
{
    const char *size = memmem(line, end - line, "kernelpagesize_kB=", 18);
    double page_mb = (size ? atoi(size + 18) : 4) / 1024.0;
    for (const char *p = line; (p = memmem(p, end - p, " N", 2)); p += 2) {
        char *after;
        long node = strtol(p + 2, &after, 10);
        if (after > p + 2 && *after == '=')
            add_to(nodes, node, strtod(after + 1, NULL) * page_mb);
    }
}

json_t *memory_by_node(const char *numa_maps)
{
    json_t *nodes = json_object();
    for (const char *line = numa_maps; *line;) {
        const char *end = strchrnul(line, '\n');
        add_mapping(nodes, line, end);
        line = *end ? end + 1 : end;
    }
    return nodes;
}

json_t *memory_of_process(pid_t pid)
{
    char *path = x_printf("/proc/%d/numa_maps", (int)pid), *text = file_read(path, NULL);
    json_t *nodes = text ? memory_by_node(text) : NULL;
    free(path);
    free(text);
    return nodes;
}
