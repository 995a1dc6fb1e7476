// The heading of a matrix of pairs: which it is, and what is counted.
#include "perf/lines/lines_view.h"
#include "perf/util/cmocka_all.h"

#include <stdlib.h>

static void assert_heading(const char *matrix, const char *wanted)
{
    json_t *j = json_loads(matrix, 0, NULL);
    char *heading = lines_matrix_heading(j);
    assert_string_equal(heading, wanted);
    free(heading);
    json_decref(j);
}

static void shapes_are_told_apart(void **state)
{
    (void)state;
    assert_heading("{\"kernel\": \"K\", \"topology\": \"4x2\", \"cells\": [{\"transfers\": 0}, {\"transfers\": 2}]}",
                   "K, 4x2 CPUs: 1 of 2 pairs of operations on unrelated objects share lines");
    assert_heading("{\"kernel\": \"K\", \"cells\": [{\"transfers\": 0.05}]}", "K: 1 of 1 pairs of operations on unrelated objects share lines");
}

// A pair that was not measured shares neither nothing nor something.
static void what_was_not_measured_is_not_counted(void **state)
{
    (void)state;
    assert_heading("{\"kernel\": \"K\", \"cells\": [{\"transfers\": 0}, {\"transfers\": 2}, {\"reason\": \"x\"}]}",
                   "K: 1 of 2 pairs of operations on unrelated objects share lines; 1 not measured");
    assert_heading("{\"kernel\": \"K\", \"cells\": [{\"reason\": \"x\"}]}",
                   "K: 0 of 0 pairs of operations on unrelated objects share lines; 1 not measured");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shapes_are_told_apart), cmocka_unit_test(what_was_not_measured_is_not_counted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
