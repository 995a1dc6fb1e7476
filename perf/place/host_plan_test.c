// Placement on described hosts, memory and huge pages that are not there, counters and statistics read and refused.
#include "perf/place/boot_watch.h"
#include "perf/place/kvm_stats.h"
#include "perf/place/memory_plan.h"
#include "perf/place/memory_seen.h"
#include "perf/util/cmocka_all.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"

#include <hwloc.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// 2 packages of a node each, 2 caches of 4 cores of 2 threads in each: 32 processors, cores are pairs (0,1), (2,3), ...
#define TWO_NODES "pack:2 [numa] l3:2 core:4 pu:2"

static void plan(struct host_plan *p, enum place_rule rule, const char *shape, const char *host)
{
    struct vm_topology t;
    char *why;
    assert_true(vm_topology_find(&t, shape, &why));
    host_plan_make(p, rule, &t, host);
    host_plan_finish(p, &t, 0, false);
    vm_topology_free(&t);
}

static void assert_cpus(const struct host_plan *p, int n, const int *cpu)
{
    assert_int_equal(p->vcpus, n);
    for (int c = 0; c < n; c++)
        assert_int_equal(p->cpu[c], cpu[c]);
}

static bool misses(const struct host_plan *p, const char *what)
{
    for (size_t i = 0; i < p->missing.count; i++)
        if (strstr(p->missing.items[i], what))
            return true;
    return false;
}

static void compact_takes_one_cache(void **state)
{
    struct host_plan p;
    (void)state;
    plan(&p, PLACE_COMPACT, "4", TWO_NODES);
    assert_cpus(&p, 4, (int[]){0, 2, 4, 6});
    assert_string_equal(p.others, "8-31");
    assert_string_equal(p.host.memory_nodes[0], "0");
    assert_true(misses(&p, "another machine") && p.missing.count == 1);
    assert_null(host_plan_options(&p));
    host_plan_free(&p);
}

static void compact_grows_to_what_is_large_enough(void **state)
{
    struct host_plan p;
    (void)state;
    plan(&p, PLACE_COMPACT, "5", TWO_NODES); // two caches, one node
    assert_cpus(&p, 5, (int[]){0, 2, 4, 6, 8});
    assert_string_equal(p.host.memory_nodes[0], "0");
    host_plan_free(&p);
    plan(&p, PLACE_COMPACT, "16", TWO_NODES); // all cores: their second threads are left
    assert_int_equal(p.vcpus, 16);
    assert_string_equal(p.others, "1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31");
    assert_string_equal(p.host.memory_nodes[0], "0-1");
    assert_true(misses(&p, "run on the vCPUs' cores"));
    host_plan_free(&p);
}

static void spread_goes_node_by_node(void **state)
{
    struct host_plan p;
    (void)state;
    plan(&p, PLACE_SPREAD, "4", TWO_NODES);
    assert_cpus(&p, 4, (int[]){0, 16, 2, 18});
    assert_true(p.host.interleave);
    assert_string_equal(p.host.memory_nodes[0], "0-1");
    host_plan_free(&p);
    plan(&p, PLACE_SPREAD, "2", "numa:8 core:2 pu:1"); // far apart
    assert_cpus(&p, 2, (int[]){0, 8});
    host_plan_free(&p);
    plan(&p, PLACE_SPREAD, "8x4", TWO_NODES); // guest nodes 0..3 on host nodes 0, 1, 0, 1
    assert_cpus(&p, 8, (int[]){0, 2, 16, 18, 4, 6, 20, 22});
    assert_false(p.host.interleave);
    assert_string_equal(p.host.memory_nodes[1], "1");
    assert_string_equal(p.host.memory_nodes[2], "0");
    host_plan_free(&p);
}

static void what_is_missing_is_said(void **state)
{
    struct host_plan p;
    (void)state;
    plan(&p, PLACE_COMPACT, "64", TWO_NODES);
    assert_int_equal(p.vcpus, 0);
    assert_true(misses(&p, "64 want a core each, compact; the host has 16"));
    host_plan_free(&p);
    plan(&p, PLACE_SPREAD, "2", "core:2 pu:1");
    assert_cpus(&p, 2, (int[]){0, 1});
    assert_true(misses(&p, "the host has one node") && misses(&p, "no other is left"));
    host_plan_free(&p);
    plan(&p, PLACE_COMPACT, "1", "this is no topology");
    assert_true(misses(&p, "cannot read") && !p.topology);
    host_plan_free(&p);
}

// A host described by a file, as of a machine that is not here.
static void a_host_from_a_file(void **state)
{
    char path[] = "/tmp/cb-host-XXXXXX";
    int fd = mkstemp(path);
    struct host_plan p;
    hwloc_topology_t t;
    (void)state;
    assert_true(fd >= 0 && !hwloc_topology_init(&t) && !hwloc_topology_set_synthetic(t, TWO_NODES) &&
                !hwloc_topology_load(t) && !hwloc_topology_export_xml(t, path, 0));
    hwloc_topology_destroy(t);
    setenv("HWLOC_XMLFILE", path, 1);
    plan(&p, PLACE_SPREAD, "4", NULL);
    unsetenv("HWLOC_XMLFILE");
    assert_cpus(&p, 4, (int[]){0, 16, 2, 18});
    assert_false(p.here);
    host_plan_free(&p);
    close(fd);
    unlink(path);
}

// What cannot be read does not become this machine in silence.
static void a_description_that_is_none(void **state)
{
    struct host_plan p;
    (void)state;
    setenv("HWLOC_SYNTHETIC", "nonsense:x", 1);
    plan(&p, PLACE_COMPACT, "1", NULL);
    unsetenv("HWLOC_SYNTHETIC");
    assert_true(misses(&p, "cannot read what HWLOC_SYNTHETIC says (nonsense:x)") && !p.vcpus && !p.topology);
    host_plan_free(&p);
    setenv("HWLOC_XMLFILE", "/nonexistent.xml", 1);
    plan(&p, PLACE_COMPACT, "1", NULL);
    unsetenv("HWLOC_XMLFILE");
    assert_true(misses(&p, "cannot read") && !p.vcpus && !p.topology);
    host_plan_free(&p);
}

static void a_plan_as_json(void **state)
{
    struct host_plan p;
    (void)state;
    plan(&p, PLACE_SPREAD, "8x4", TWO_NODES);
    json_t *j = host_plan_json(&p);
    assert_string_equal(text_of(j, "rule"), "spread");
    assert_int_equal(json_integer_value(json_array_get(json_object_get(j, "vcpus"), 3)), 18);
    assert_int_equal(json_array_size(json_object_get(j, "memory_nodes")), 4);
    json_decref(j);
    host_plan_free(&p);
}

// Memory that no machine has is not bound; what QEMU gets then is no backend at all.
static void memory_that_is_not_there(void **state)
{
    struct vm_topology t = {.name = "t", .cpus = 1, .memory_mb = 1 << 30};
    struct host_plan p;
    (void)state;
    host_plan_make(&p, PLACE_COMPACT, &t, NULL);
    if (p.here) {
        host_plan_finish(&p, &t, 0, false);
        assert_true(misses(&p, "memory is not bound: "));
        assert_null(p.host.memory_nodes[0]);
    }
    host_plan_free(&p);
}

static void huge_pages_as_far_as_there_are(void **state)
{
    struct vm_topology t = {.name = "t", .cpus = 1, .memory_mb = 5};
    struct host_plan p = {0};
    char dir[] = "/tmp/cb-huge-XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(dir));
    char *below = x_printf("%s/hugepages-2048kB", dir), *file = x_printf("%s/free_hugepages", below);
    assert_true(make_dirs(below));
    assert_true(file_replace(file, "2\n", 2));
    memory_plan_huge(&p, 2048, &t, dir);
    assert_int_equal(p.host.huge_page_kb, 0);
    assert_true(misses(&p, "2 are free, 3 are needed (echo 3 >"));
    assert_true(file_replace(file, "3\n", 2));
    memory_plan_huge(&p, 2048, &t, dir);
    assert_int_equal(p.host.huge_page_kb, 2048);
    remove_tree(dir);
    free(below);
    free(file);
    host_plan_free(&p);
}

static void memory_is_found(void **state)
{
    (void)state;
    json_t *j = memory_by_node("7f00 bind:1 anon=512 dirty=512 N0=256 N1=256 kernelpagesize_kB=4\n"
                               "7f01 default file=/x huge N1=3 kernelpagesize_kB=2048\n7f02 default N=1 x=2\n");
    assert_true(number_of(j, "0") == 1 && number_of(j, "1") == 7 && json_object_size(j) == 2);
    json_decref(j);
}

static void statistics_are_summed(void **state)
{
    (void)state;
    json_t *a = json_loads("[{\"provider\":\"kvm\",\"stats\":[{\"name\":\"exits\",\"value\":5},{\"name\":\"h\",\"value\":[1]}]},"
                           "{\"stats\":[{\"name\":\"exits\",\"value\":7},{\"name\":\"halt_exits\",\"value\":1}]}, 3]",
                           0, NULL);
    json_t *before = kvm_stats_sum(a), *none = kvm_stats_sum(NULL);
    json_t *after = json_loads("{\"exits\": 20, \"halt_exits\": 1, \"io_exits\": 2}", 0, NULL);
    assert_true(number_of(before, "exits") == 12 && json_object_size(before) == 2 && !json_object_size(none));
    json_t *d = counts_between(before, after);
    assert_true(number_of(d, "exits") == 8 && json_object_size(d) == 2);
    assert_true(json_is_integer(json_object_get(d, "halt_exits")) && number_of(d, "halt_exits") == 0); // none is a count; io_exits was not counted before
    json_decref(a);
    json_decref(before);
    json_decref(none);
    json_decref(after);
    json_decref(d);
}

static bool possible(const char *counts, double seconds, int threads)
{
    json_t *j = json_loads(counts, 0, NULL);
    char *why = counters_impossible(j, seconds, threads);
    bool ok = !why;
    free(why);
    json_decref(j);
    return ok;
}

static void impossible_counts_are_refused(void **state)
{
    (void)state;
    assert_true(possible("{\"instructions\": 9000000000, \"cycles\": 3000000000}", 1, 1));
    assert_false(possible("{\"instructions\": 9000000000, \"cycles\": 300000000}", 1, 1));
    assert_false(possible("{\"instructions\": 1, \"cycles\": 30000000000}", 1, 1));
    assert_true(possible("{\"instructions\": 1, \"cycles\": 30000000000}", 1, 4));
    assert_false(possible("{\"instructions\": 5, \"cycles\": 0}", 1, 1));
    assert_false(possible("{\"cycles\": -1}", 1, 1));
    assert_true(possible("{\"on_cpu_ns\": 1000000000}", 1, 1));
    assert_false(possible("{\"on_cpu_ns\": 9000000000}", 1, 2));
}

static void burn(double seconds)
{
    struct timespec a, b;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    while (b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) * 1e-9 < seconds);
}

// Attached to this thread: its time is counted, and its instructions, or one line says that these are not.
static void a_thread_is_counted(void **state)
{
    pid_t self = syscall(SYS_gettid);
    char *missing;
    (void)state;
    struct vcpu_counters *c = vcpu_counters_open(&self, 1, &missing);
    json_t *before = vcpu_counters_read(c);
    burn(0.02);
    json_t *after = vcpu_counters_read(c), *d = counts_between(before, after);
    bool none = !strcmp(vcpu_counters_kind(c), "none");
    assert_true(number_of(d, "on_cpu_ns") > 10e6 && number_of(d, "on_cpu_ns") < 1e9);
    assert_true(none ? strstr(missing, "no instructions") && !json_object_get(after, "cycles")
                     : number_of(d, "instructions") > 1e6);
    json_decref(before);
    json_decref(after);
    json_decref(d);
    vcpu_counters_close(c);
    free(missing);
}

// This very process stands for a QEMU of one vCPU, its only thread; the plan's processor is one it may use.
static void a_thread_is_bound(void **state)
{
    cpu_set_t before, now;
    struct host_plan p;
    (void)state;
    sched_getaffinity(0, sizeof(before), &before);
    plan(&p, PLACE_COMPACT, "1", NULL);
    json_t *cpus = json_pack("[{s:i,s:i}]", "cpu-index", 0, "thread-id", (int)syscall(SYS_gettid));
    json_t *two = json_pack("[{s:i,s:i},{s:i,s:i}]", "cpu-index", 0, "thread-id", 1, "cpu-index", 1, "thread-id", 1);
    if (p.here && p.vcpus) {
        char *why = host_plan_bind(&p, getpid(), cpus);
        assert_null(why);
        sched_getaffinity(0, sizeof(now), &now);
        assert_true(CPU_COUNT(&now) == 1 && CPU_ISSET(p.cpu[0], &now));
        why = host_plan_bind(&p, getpid(), two);
        assert_true(strstr(why, "not each a thread") != NULL);
        free(why);
        sched_setaffinity(0, sizeof(before), &before);
    }
    json_decref(cpus);
    json_decref(two);
    host_plan_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compact_takes_one_cache),
        cmocka_unit_test(compact_grows_to_what_is_large_enough),
        cmocka_unit_test(spread_goes_node_by_node),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(a_host_from_a_file),
        cmocka_unit_test(a_description_that_is_none),
        cmocka_unit_test(a_plan_as_json),
        cmocka_unit_test(memory_that_is_not_there),
        cmocka_unit_test(huge_pages_as_far_as_there_are),
        cmocka_unit_test(memory_is_found),
        cmocka_unit_test(statistics_are_summed),
        cmocka_unit_test(impossible_counts_are_refused),
        cmocka_unit_test(a_thread_is_counted),
        cmocka_unit_test(a_thread_is_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
