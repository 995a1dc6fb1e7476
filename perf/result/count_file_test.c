// The counting plugin's file: what is cut short anywhere is a fault where the whole was to be there.
#include "perf/result/count_file.h"
#include "perf/util/cmocka_all.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

static const char *const whole = "marker 3 0 0\nmarker 4 0 900\ncount halts 5\ntotal 950\nwindows 1\nsym 600 schedule\nsym 300 [user]\n"
                                 "sum halts 5\nend\n";

static void a_whole_file(void **state)
{
    struct count_file c;
    (void)state;
    count_file_parse(&c, whole, true);
    assert_null(c.fault);
    assert_int_equal(c.windows, 1);
    assert_int_equal(c.window[0].insns, 900);
    assert_int_equal(json_array_size(c.symbols), 2);
    count_file_free(&c);
}

static void each_cut_is_a_fault(void **state)
{
    (void)state;
    for (size_t n = 0; n + 1 < strlen(whole); n++) {
        struct count_file c;
        char *cut = x_printf("%.*s", (int)n, whole);
        count_file_parse(&c, cut, true);
        assert_non_null(c.fault);
        count_file_free(&c);
        free(cut);
    }
}

// A VM that was ended: the windows before that count.
static void a_file_without_an_end_where_none_must_be(void **state)
{
    struct count_file c;
    (void)state;
    count_file_parse(&c, "marker 3 0 0\nmarker 4 0 900\nmarker 3 0 950\n", false);
    assert_null(c.fault);
    assert_int_equal(c.windows, 1);
    count_file_free(&c);
}

static void nothing_follows_the_end(void **state)
{
    struct count_file c;
    (void)state;
    count_file_parse(&c, "total 1\nend\ntotal 2\n", true);
    assert_non_null(c.fault);
    count_file_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_whole_file), cmocka_unit_test(each_cut_is_a_fault),
                                       cmocka_unit_test(a_file_without_an_end_where_none_must_be), cmocka_unit_test(nothing_follows_the_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
