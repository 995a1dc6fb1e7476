// Names of files and of lines: what is different must not look the same.
#include "perf/publish/site.h"
#include "perf/util/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

static void named(const char *name, const char *want)
{
    char *s = site_file_name(name);
    assert_string_equal(s, want);
    free(s);
}

static void usual_names_stay(void **state)
{
    (void)state;
    named("fork/64M", "fork_64M");
    named("pipe@cross-cpu-det-2-QEMU 7.2, turns of 500 ns", "pipe@cross-cpu-det-2-QEMU_7.2__turns_of_500_ns");
    named("a-tcg-1-Intel(R) Xeon(R) CPU @ 2.10GHz, 2 CPUs", "a-tcg-1-Intel_R__Xeon_R__CPU_@_2.10GHz__2_CPUs");
}

static void other_names_have_a_digest(void **state)
{
    char *a = site_file_name("c++"), *b = site_file_name("c##"), longer[400];
    (void)state;
    assert_string_not_equal(a, b);
    assert_int_equal(strncmp(a, "c__-", 4), 0);
    assert_int_equal(strlen(a), strlen("c__-") + 8);
    free(a);
    free(b);
    memset(longer, 'x', sizeof(longer));
    longer[399] = '\0';
    a = site_file_name(longer);
    longer[398] = 'y';
    b = site_file_name(longer);
    assert_string_not_equal(a, b);
    assert_true(strlen(a) < 230);
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(usual_names_stay), cmocka_unit_test(other_names_have_a_digest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
