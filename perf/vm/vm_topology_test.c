// Names, short forms, inconsistent shapes, pairs of CPUs, CPU lists.
#include "perf/util/cmocka_all.h"
#include "perf/util/project.h"
#include "perf/vm/vm_topology.h"

#include <stdlib.h>

static void lists(void **state)
{
    struct cpu_list l;
    (void)state;
    assert_true(cpu_list_parse(&l, "0-3,8"));
    assert_int_equal(l.count, 5);
    assert_true(l.has[8] && !l.has[4]);
    assert_true(cpu_list_parse(&l, ""));
    assert_int_equal(cpu_list_first(&l), -1);
    assert_false(cpu_list_parse(&l, "3-1"));
    assert_false(cpu_list_parse(&l, "0-"));
    assert_false(cpu_list_parse(&l, "1,"));
    assert_false(cpu_list_parse(&l, "x"));
    assert_false(cpu_list_parse(&l, "1024"));
    assert_false(cpu_list_parse(&l, "99999999999999999999"));
}

static void short_forms(void **state)
{
    struct vm_topology t;
    char *why;
    (void)state;
    assert_true(vm_topology_find(&t, "6x3", &why));
    assert_int_equal(t.cpus, 6);
    assert_int_equal(t.nodes, 3);
    assert_string_equal(t.node[2].cpus, "4-5");
    vm_topology_free(&t);
}

static void bad_names(void **state)
{
    static const char *const bad[] = {"",   "0",     "256", "-1",     "2x4", "4x",
                                      "x4", "4x2x1", "04",  "nosuch", "4x0"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct vm_topology t;
        char *why;
        assert_false(vm_topology_find(&t, bad[i], &why));
        assert_non_null(why);
        free(why);
        vm_topology_free(&t);
    }
}

static void pairs(void **state)
{
    struct vm_topology t;
    char *why;
    int a, b;
    (void)state;
    assert_true(vm_topology_find(&t, "4x2", &why));
    assert_true(vm_topology_pair(&t, PLACE_CROSS_CPU, &a, &b));
    assert_int_equal(b, 1);
    assert_true(vm_topology_pair(&t, PLACE_CROSS_NODE, &a, &b));
    assert_int_equal(b, 2);
    vm_topology_free(&t);
    assert_true(vm_topology_find(&t, "1", &why));
    assert_true(vm_topology_pair(&t, PLACE_SAME_CPU, &a, &b));
    assert_false(vm_topology_pair(&t, PLACE_CROSS_CPU, &a, &b));
    vm_topology_free(&t);
}

static void every_configured_shape_is_sound(void **state)
{
    json_t *all = project_config("topologies"), *j;
    const char *name;
    (void)state;
    assert_non_null(all);
    json_object_foreach (all, name, j) {
        struct vm_topology t;
        char *why;
        assert_true(vm_topology_find(&t, name, &why));
        vm_topology_free(&t);
    }
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lists), cmocka_unit_test(short_forms),
                                       cmocka_unit_test(bad_names), cmocka_unit_test(pairs),
                                       cmocka_unit_test(every_configured_shape_is_sound)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
