// The code of several parts: none that failed is hidden by a later one.
#include "perf/util/cmocka_all.h"
#include "perf/util/say.h"

static void the_worst_code_stays(void **state)
{
    (void)state;
    assert_int_equal(exit_worst(EXIT_OK, EXIT_OK), EXIT_OK);
    assert_int_equal(exit_worst(EXIT_OK, EXIT_GUEST), EXIT_GUEST);
    assert_int_equal(exit_worst(EXIT_GUEST, EXIT_OK), EXIT_GUEST);
    assert_int_equal(exit_worst(EXIT_REFUSED, EXIT_GUEST), EXIT_REFUSED);
    assert_int_equal(exit_worst(EXIT_GUEST, EXIT_SKIPPED), EXIT_GUEST);
    assert_int_equal(exit_worst(EXIT_INTERRUPTED, EXIT_INTERNAL), EXIT_INTERRUPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_worst_code_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
