// Binds the threads of a QEMU that stands still before its guest starts: each vCPU to its processor, all others away from
// them. Threads that QEMU makes later inherit the others' place from its first thread.
#include "perf/place/host_plan.h"

#include <dirent.h>
#include <errno.h>
#include <hwloc.h>
#include <hwloc/linux.h>
#include <stdlib.h>
#include <string.h>

static bool bind_thread(hwloc_topology_t t, pid_t tid, hwloc_const_bitmap_t set)
{
    hwloc_bitmap_t now = hwloc_bitmap_alloc();
    bool held = !hwloc_linux_set_tid_cpubind(t, tid, set) && !hwloc_linux_get_tid_cpubind(t, tid, now) &&
                hwloc_bitmap_isequal(now, set);
    hwloc_bitmap_free(now);
    return held;
}

static bool bind_vcpu(const struct host_plan *p, pid_t tid, int cpu)
{
    hwloc_bitmap_t one = hwloc_bitmap_alloc();
    hwloc_bitmap_set(one, p->cpu[cpu]);
    bool ok = bind_thread(p->topology, tid, one);
    hwloc_bitmap_free(one);
    return ok;
}

static bool is_vcpu(json_t *cpus, pid_t tid)
{
    json_t *c;
    size_t i;
    json_array_foreach (cpus, i, c)
        if (json_integer_value(json_object_get(c, "thread-id")) == tid)
            return true;
    return false;
}

// A thread that ends meanwhile is no failure.
static bool bind_others(const struct host_plan *p, pid_t qemu, json_t *cpus)
{
    char *path = x_printf("/proc/%d/task", (int)qemu);
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    DIR *d = opendir(path);
    bool ok = d && !hwloc_bitmap_list_sscanf(set, p->others);
    struct dirent *e;
    while (ok && (e = readdir(d))) {
        pid_t tid = atoi(e->d_name);
        if (tid > 0 && !is_vcpu(cpus, tid))
            ok = bind_thread(p->topology, tid, set) || errno == ESRCH;
    }
    if (d)
        closedir(d);
    hwloc_bitmap_free(set);
    free(path);
    return ok;
}

// Under TCG with one thread, or when QEMU starts fewer, several vCPUs have one thread: then nothing is bound.
static bool own_threads(const struct host_plan *p, json_t *cpus)
{
    bool ok = (int)json_array_size(cpus) == p->vcpus;
    for (size_t i = 0; ok && i < json_array_size(cpus); i++)
        for (size_t k = 0; k < i; k++)
            ok &= json_integer_value(json_object_get(json_array_get(cpus, i), "thread-id")) !=
                  json_integer_value(json_object_get(json_array_get(cpus, k), "thread-id"));
    return ok;
}

char *host_plan_bind(const struct host_plan *p, pid_t qemu, json_t *cpus)
{
    json_t *c;
    size_t i;
    if (!p->here || !p->vcpus)
        return NULL;
    if (!own_threads(p, cpus))
        return x_printf("vCPUs are not bound: QEMU has %zu vCPUs that are not each a thread", json_array_size(cpus));
    json_array_foreach (cpus, i, c) {
        int index = json_integer_value(json_object_get(c, "cpu-index"));
        pid_t tid = json_integer_value(json_object_get(c, "thread-id"));
        if (index < 0 || index >= p->vcpus || !bind_vcpu(p, tid, index))
            return x_printf("vCPU %d cannot be bound to processor %d: %s", index,
                            index >= 0 && index < p->vcpus ? p->cpu[index] : -1, strerror(errno));
    }
    return bind_others(p, qemu, cpus) ? NULL : x_strdup("QEMU's other threads cannot be bound");
}
