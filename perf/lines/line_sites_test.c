// Which places meet: lines and windows are counted apart, and one line has its name in however many windows it is met.
#include "perf/lines/line_sites.h"
#include "perf/util/cmocka_all.h"
#include "perf/util/json_get.h"

#include <stdlib.h>
#include <string.h>

#define DATA 0xffffffff81200000ull

static struct line_meet meet(uint64_t line, uint64_t pc)
{
    return (struct line_meet){.kind = 'r', .count = 2, .line = line, .vaddr = DATA + line, .pc = pc, .offset = 8, .size = 8, .met_pc = pc + 4, .met_size = 8};
}

// The sites of three windows: a place met in all of them on one line, in the second on another one too if `more`.
static json_t *first_site(bool more)
{
    struct line_meet a[] = {meet(64, ~0ull - 99)}, b[] = {meet(128, ~0ull - 99), meet(64, ~0ull - 99)}, c[] = {meet(64, ~0ull - 99), meet(0, ~0ull - 200)};
    struct line_window w[] = {{.meet = a, .meets = 1}, {.meet = b + !more, .meets = 1 + more}, {.meet = c, .meets = 2}};
    struct line_names *names = line_names_open("/nosuch", "ffffffff81200000 d the_data\n");
    size_t sites;
    struct line_site *site = line_sites((struct line_window *[]){&w[0], NULL, &w[1], &w[2]}, 4, &sites, names);
    assert_int_equal(sites, 2);
    json_t *j = line_site_json(&site[0], names, 2);
    free(site);
    line_names_close(names);
    return j;
}

static void one_line_in_three_windows(void **state)
{
    json_t *j = first_site(false);
    (void)state;
    assert_int_equal(number_of(j, "lines"), 1);
    assert_int_equal(number_of(j, "windows"), 3);
    assert_true(number_of(j, "per_op") == 3);
    assert_string_equal(text_of(j, "data"), "the_data+0x48");
    assert_string_equal(text_of(j, "address"), "0xffffffff81200040");
    json_decref(j);
}

static void two_lines_in_three_windows(void **state)
{
    json_t *j = first_site(true);
    (void)state;
    assert_int_equal(number_of(j, "lines"), 2);
    assert_int_equal(number_of(j, "windows"), 3);
    assert_true(number_of(j, "per_op") == 4);
    assert_string_equal(text_of(j, "data"), "");
    assert_string_equal(text_of(j, "address"), "0xffffffff81200040"); // the lower one's
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_line_in_three_windows), cmocka_unit_test(two_lines_in_three_windows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
