// A frame of the graph is a function with all that it called, whatever the names beside it are.
#include "perf/profile/flame_graph.h"
#include "perf/util/cmocka_all.h"

#include <string.h>

static int times(const char *text, const char *what)
{
    int n = 0;
    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

// Neither f.cold, which the compiler splits off f, nor f2 stands between f and what f calls.
static void names_that_begin_alike_do_not_split_a_frame(void **state)
{
    json_t *folded = json_pack("{s:i,s:i,s:i,s:i,s:i}", "a;f", 10, "a;f.cold", 20, "a;f;pick", 30, "a;f2", 10, "a;f;pick;deep", 30);
    struct text_buf t = {0};
    (void)state;
    flame_graph(&t, folded, 1, "title", "heading");
    assert_int_equal(times(text_str(&t), "<title>f:"), 1);
    assert_non_null(strstr(text_str(&t), "<title>f: 70.0 instructions an operation, 70.00 %"));
    assert_non_null(strstr(text_str(&t), "<title>f.cold: 20.0 instructions"));
    assert_non_null(strstr(text_str(&t), "<title>pick: 60.0 instructions"));
    assert_non_null(strstr(text_str(&t), "<title>a: 100.0 instructions"));
    text_free(&t);
    json_decref(folded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_that_begin_alike_do_not_split_a_frame)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
