// Two kernels get the same machine: only -kernel and -append may differ, in every tier and shape.
#include "perf/util/cmocka_all.h"
#include "perf/vm/vm_spec.h"

#include <stdlib.h>
#include <string.h>

static struct kernel_image one = {.path = "/k/one", .cmdline = "console=ttyS0 a"};
static struct kernel_image two = {.path = "/k/two", .cmdline = "console=ttyS0 b"};

static const struct vm_host_options *host; // of the next build
static int turn_ns;                        // too

static void build(struct str_list *v, enum tier tier, const char *topology,
                  const struct kernel_image *k)
{
    struct vm_topology t;
    char *why;
    assert_true(vm_topology_find(&t, topology, &why));
    struct vm_spec s = {.host = host,
                        .tier = tier,
                        .qemu = "/q",
                        .cpu = vm_default_cpu(tier),
                        .topology = &t,
                        .kernel = k,
                        .initrd = "/i",
                        .turn_ns = turn_ns,
                        .guest_args = "bench r pipe:1",
                        .plugin = tier == TIER_DET ? "/p.so" : NULL,
                        .plugin_io = vm_plugin_io(&t)};
    vm_argv(&s, v);
    vm_topology_free(&t);
}

static const char *value(const struct str_list *v, const char *option)
{
    for (size_t i = 0; i + 1 < v->count; i++)
        if (!strcmp(v->items[i], option))
            return v->items[i + 1];
    return NULL;
}

static void only_kernel_and_append_differ(void **state)
{
    static const char *const shapes[] = {"1", "8x4", "cpuless", "memless", "128x8"};
    (void)state;
    for (int tier = 0; tier < TIERS; tier++)
        for (size_t s = 0; s < sizeof(shapes) / sizeof(*shapes); s++) {
            struct str_list a = {0}, b = {0};
            build(&a, tier, shapes[s], &one);
            build(&b, tier, shapes[s], &two);
            json_t *diff = vm_argv_diff(&a, &b);
            assert_int_equal(json_array_size(diff), 2);
            assert_string_equal(
                json_string_value(json_object_get(json_array_get(diff, 0), "option")), "-kernel");
            assert_string_equal(
                json_string_value(json_object_get(json_array_get(diff, 1), "option")), "-append");
            json_decref(diff);
            list_free(&a);
            list_free(&b);
        }
}

static void det_is_deterministic(void **state)
{
    struct str_list v = {0};
    (void)state;
    build(&v, TIER_DET, "1", &one);
    assert_string_equal(value(&v, "-accel"), "tcg,thread=single");
    assert_string_equal(value(&v, "-icount"), "shift=0,sleep=off");
    assert_string_equal(value(&v, "-cpu"), "max,-erms,-fsrm,-x2apic");
    assert_string_equal(value(&v, "-rtc"), "base=2024-01-01T00:00:00,clock=vm");
    assert_string_equal(value(&v, "-seed"), "1");
    assert_string_equal(value(&v, "-plugin"), "/p.so,out=count.txt");
    assert_string_equal(value(&v, "-append"), "console=ttyS0 a -- bench r pipe:1");
    list_free(&v);
}

static void turns_are_the_plugins(void **state)
{
    struct str_list v = {0}, w = {0};
    (void)state;
    turn_ns = 1000;
    build(&v, TIER_DET, "2", &one);
    build(&w, TIER_TCG, "2", &one);
    turn_ns = 0;
    assert_string_equal(value(&v, "-plugin"), "/p.so,out=count.txt,io=on,turn=1000");
    assert_null(value(&w, "-plugin"));
    list_free(&v);
    list_free(&w);
}

static void nodes_are_described(void **state)
{
    struct str_list v = {0};
    (void)state;
    build(&v, TIER_TCG, "cpuless", &one);
    assert_null(value(&v, "-icount"));
    assert_string_equal(value(&v, "-smp"), "4,sockets=2,cores=2,threads=1");
    assert_true(list_has(&v, "node,nodeid=0,memdev=mem0,cpus=0-1"));
    assert_true(list_has(&v, "node,nodeid=2,memdev=mem2"));
    list_free(&v);
}

static void another_shape_is_seen(void **state)
{
    struct str_list a = {0}, b = {0};
    (void)state;
    build(&a, TIER_TCG, "1", &one);
    build(&b, TIER_TCG, "2x2", &one);
    json_t *diff = vm_argv_diff(&a, &b);
    assert_string_equal(json_string_value(json_object_get(json_array_get(diff, 0), "option")),
                        "shape");
    json_decref(diff);
    list_free(&a);
    list_free(&b);
}

// A backend of its own for what is bound; nothing of it without a placement.
static void memory_is_bound(void **state)
{
    static const struct vm_host_options bound = {.memory_nodes = {"0", "1,3"}, .halt_in_guest = true};
    static const struct vm_host_options mixed = {.memory_nodes = {"0-1"}, .interleave = true, .huge_page_kb = 2048};
    struct str_list v = {0}, w = {0}, none = {0};
    (void)state;
    build(&none, TIER_KVM, "2", &one);
    assert_string_equal(value(&none, "-machine"), "q35");
    assert_null(value(&none, "-object"));
    host = &bound;
    build(&v, TIER_KVM, "2x2", &one);
    assert_string_equal(value(&v, "-machine"), "q35");
    assert_string_equal(value(&v, "-overcommit"), "cpu-pm=on");
    assert_true(list_has(&v, "memory-backend-ram,id=mem0,size=1024M,host-nodes=0,policy=bind"));
    assert_true(list_has(&v, "memory-backend-ram,id=mem1,size=1024M,host-nodes=1,host-nodes=3,policy=bind"));
    host = &mixed;
    build(&w, TIER_TCG, "2", &one);
    assert_string_equal(value(&w, "-machine"), "q35,memory-backend=mem0");
    assert_string_equal(value(&w, "-object"), "memory-backend-memfd,id=mem0,size=2048M,hugetlb=on,hugetlbsize=2048k,"
                                              "prealloc=on,host-nodes=0-1,policy=interleave");
    host = NULL;
    list_free(&v);
    list_free(&w);
    list_free(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_kernel_and_append_differ), cmocka_unit_test(det_is_deterministic),
        cmocka_unit_test(nodes_are_described), cmocka_unit_test(turns_are_the_plugins),
        cmocka_unit_test(memory_is_bound), cmocka_unit_test(another_shape_is_seen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
