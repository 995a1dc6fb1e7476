// Suites, families, iteration counts, placements, and what the guest is told.
#include "perf/config/config.h"
#include "perf/result/run_plan.h"
#include "perf/util/cmocka_all.h"
#include "perf/util/project.h"

#include <stdlib.h>
#include <string.h>

static bool make(struct run_plan *p, const char *name, enum tier tier, const char *topology,
                 char **why)
{
    struct vm_topology t;
    struct str_list names = {0};
    assert_true(vm_topology_find(&t, topology, why));
    list_add(&names, name);
    bool ok = run_plan_make(p, &names, tier, &t, 1, why);
    list_free(&names);
    vm_topology_free(&t);
    return ok;
}

static void det_asks_n_and_2n(void **state)
{
    struct run_plan p;
    char *why;
    (void)state;
    assert_true(make(&p, "pipe", TIER_DET, "1", &why));
    assert_int_equal(p.count, 1 + 2 * DET_REPEATS);
    long n = p.step[1].iters;
    assert_int_equal(p.step[2].iters, 2 * n);
    char *args = run_plan_guest_args(&p, "id", NULL, false);
    char *want = x_printf("bench id pipe:%ld,%ld,%ld,%ld,%ld,%ld,%ld", n, n, 2 * n, n, 2 * n, n, 2 * n);
    assert_string_equal(args, want);
    free(args);
    free(want);
    run_plan_free(&p);
}

// Each boot has the canary, too, where there is one; rows of boots that it leaves no room for still come to one.
static void boots_that_rows_take(void **state)
{
    struct run_plan p;
    char *why;
    (void)state;
    assert_true(make(&p, "ctx", TIER_TCG, "1", &why));
    struct str_list rows = {0};
    run_plan_rows(&p, &rows);
    int own = rows.count - 2;
    assert_true(own > 4 && row_is_canary(rows.items[0]) && row_is_canary(rows.items[rows.count - 1]));
    assert_int_equal(run_plan_room(&p, 24), 22);
    assert_int_equal(run_plan_room(&p, 1), 1);
    assert_int_equal(run_plan_boots(&p, own + 2), 1);
    assert_int_equal(run_plan_boots(&p, own + 1), 2);
    assert_int_equal(run_plan_boots(&p, 1), own);
    assert_int_equal(run_plan_steps(&p, 1), p.count);
    assert_int_equal(run_plan_steps(&p, 3), p.count + 2 * 4); // of both canaries the warm-up and the other
    list_free(&rows);
    run_plan_free(&p);
    assert_true(make(&p, "pipe", TIER_DET, "1", &why));
    assert_int_equal(run_plan_room(&p, 24), 24);
    run_plan_free(&p);
}

// A workload with values of its own: once each; profiles and traces take the first of a kind.
static void steps_that_are_not_repeated(void **state)
{
    struct run_plan p;
    char *why;
    bool skip[1 + 2 * DET_REPEATS];
    (void)state;
    assert_true(make(&p, "cyclic/1", TIER_DET, "1", &why));
    assert_int_equal(p.count, 3);
    run_plan_free(&p);
    assert_true(make(&p, "pipe", TIER_DET, "1", &why));
    run_plan_first(&p, STEP_2N, skip);
    for (size_t i = 0; i < p.count; i++)
        assert_true(skip[i] == (i != 2));
    run_plan_free(&p);
}

static void two_parties_are_placed(void **state)
{
    struct run_plan p;
    struct str_list rows = {0};
    char *why;
    (void)state;
    assert_true(make(&p, "pipe", TIER_TCG, "4x2", &why));
    run_plan_rows(&p, &rows);
    assert_int_equal(rows.count, 5);
    assert_string_equal(rows.items[0], CANARY);
    assert_string_equal(rows.items[2], "pipe@cross-cpu");
    assert_string_equal(rows.items[3], "pipe@cross-node");
    assert_string_equal(rows.items[4], CANARY_END);
    char *args = run_plan_guest_args(&p, "id", NULL, false);
    assert_non_null(strstr(args, ":cpus=0,0:laps"));
    assert_non_null(strstr(args, ":cpus=0,1"));
    assert_non_null(strstr(args, ":cpus=0,2"));
    free(args);
    list_free(&rows);
    run_plan_free(&p);
}

static void a_control_is_the_second_arms(void **state)
{
    struct run_plan p;
    char *why;
    (void)state;
    assert_true(make(&p, "pipe", TIER_TCG, "1", &why));
    assert_true(run_plan_control(&p, TIER_TCG, &(struct plan_control){"pipe", 300, 1}, &why));
    char *first = run_plan_guest_args(&p, "id", NULL, false), *second = run_plan_guest_args(&p, "id", NULL, true);
    assert_null(strstr(first, "pad"));
    assert_non_null(strstr(second, ":laps:pad_ns=300"));
    free(first);
    free(second);
    assert_false(run_plan_control(&p, TIER_TCG, &(struct plan_control){"fork", 300, 1}, &why));
    free(why);
    assert_false(run_plan_control(&p, TIER_TCG, &(struct plan_control){"pipe", 300, 5}, &why)); // time is added to each
    free(why);
    run_plan_free(&p);
    assert_true(make(&p, "pipe", TIER_DET, "1", &why));
    assert_false(run_plan_control(&p, TIER_DET, &(struct plan_control){"pipe", 300, 1}, &why)); // even
    free(why);
    assert_true(run_plan_control(&p, TIER_DET, &(struct plan_control){"pipe", 21, 10}, &why));
    second = run_plan_guest_args(&p, "id", NULL, true);
    assert_non_null(strstr(second, ":pad=21/10"));
    free(second);
    p.step[0].control = (struct plan_pad){0};
    p.step[0].pad.instructions = 3;
    assert_false(run_plan_control(&p, TIER_DET, &(struct plan_control){"pipe", 301, 1}, &why)); // padded already
    free(why);
    run_plan_free(&p);
}

static void names(void **state)
{
    struct run_plan p;
    struct str_list rows = {0};
    char *why;
    (void)state;
    assert_true(make(&p, "fault", TIER_DET, "1", &why)); // a family
    run_plan_rows(&p, &rows);
    assert_int_equal(rows.count, 2);
    list_free(&rows);
    run_plan_free(&p);
    assert_false(make(&p, "nosuch", TIER_DET, "1", &why));
    assert_non_null(strstr(why, "nosuch"));
    free(why);
    run_plan_free(&p);
}

static void rows_have_boots(void **state)
{
    struct run_plan p;
    char *why;
    (void)state;
    assert_true(make(&p, "quick", TIER_DET, "1", &why)); // 19 rows
    assert_int_equal(run_plan_boots(&p, 1), 19);
    assert_int_equal(run_plan_boots(&p, 18), 2);
    assert_int_equal(run_plan_boots(&p, 24), 1);
    run_plan_free(&p);
}

static void every_suite_expands(void **state)
{
    json_t *suites = project_config("suites"), *s;
    const char *name;
    (void)state;
    json_object_foreach (suites, name, s) {
        struct run_plan p;
        struct str_list rows = {0};
        char *why;
        assert_true(make(&p, name, TIER_DET, "1", &why));
        run_plan_rows(&p, &rows);
        assert_true(rows.count > 0);
        list_free(&rows);
        run_plan_free(&p);
    }
    json_decref(suites);
}

static void too_few_cpus_leave_a_workload_out(void **state)
{
    struct run_plan p;
    struct str_list rows = {0};
    char *why;
    (void)state;
    assert_false(make(&p, "migrate", TIER_DET, "1", &why));
    assert_non_null(strstr(why, "more than 1 CPU "));
    free(why);
    run_plan_free(&p);
    assert_true(make(&p, "sched", TIER_DET, "1", &why));
    run_plan_rows(&p, &rows);
    assert_true(list_has(&rows, "forkjoin"));
    assert_false(list_has(&rows, "migrate"));
    list_free(&rows);
    run_plan_free(&p);
    assert_true(make(&p, "migrate", TIER_DET, "2", &why));
    run_plan_free(&p);
}

// Last: what is set stays.
static void a_padding_that_no_guest_takes(void **state)
{
    static const char *const bad[] = {"100", "1"};
    struct run_plan p;
    char *why;
    (void)state;
    for (int i = 0; i < 2; i++) {
        char *set = x_printf("workloads.pipe.pad=%s", bad[i]);
        assert_true(config_set(set, &why));
        assert_false(make(&p, "pipe", TIER_DET, "1", &why));
        assert_non_null(strstr(why, "workloads.pipe.pad: the number of instructions is odd and above 2"));
        run_plan_free(&p);
        free(why);
        free(set);
    }
    assert_true(config_set("workloads.pipe.pad=101", &why) && make(&p, "pipe", TIER_DET, "1", &why));
    run_plan_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(det_asks_n_and_2n), cmocka_unit_test(boots_that_rows_take), cmocka_unit_test(steps_that_are_not_repeated), cmocka_unit_test(two_parties_are_placed),
        cmocka_unit_test(a_control_is_the_second_arms), cmocka_unit_test(names), cmocka_unit_test(rows_have_boots), cmocka_unit_test(every_suite_expands),
        cmocka_unit_test(too_few_cpus_leave_a_workload_out), cmocka_unit_test(a_padding_that_no_guest_takes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
