// Names of files and of lines: what is different must not look the same.
#include "perf/publish/site.h"
#include "perf/util/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

static void named(const char *workload, const char *board, const char *want)
{
    char *s = site_file_name(workload, board);
    assert_string_equal(s, want);
    free(s);
}

static void usual_names_stay(void **state)
{
    (void)state;
    named("fork/64M", "", "fork_64M");
    named("pipe@cross-cpu", "-det-2-QEMU 7.2, turns of 500 ns", "pipe@cross-cpu-det-2-QEMU_7.2__turns_of_500_ns");
    named("a", "-tcg-1-Intel(R) Xeon(R) CPU @ 2.10GHz, 2 CPUs", "a-tcg-1-Intel_R__Xeon_R__CPU_@_2.10GHz__2_CPUs");
    named("a", "-tcg-1-Intel(R) Core(TM) i7, 2 CPUs", "a-tcg-1-Intel_R__Core_TM__i7__2_CPUs");
    named("request/8-hog", "-import-host-schbench (version not given) on box", "request_8-hog-import-host-schbench__version_not_given__on_box");
}

// Two names look alike in `looks`, but are two files; the digest is of eight digits.
static void told_apart(const char *a, const char *of_a, const char *b, const char *of_b, const char *looks)
{
    char *x = site_file_name(a, of_a), *y = site_file_name(b, of_b);
    assert_string_not_equal(x, y);
    assert_int_equal(strncmp(x, looks, strlen(looks)), 0);
    assert_int_equal(strncmp(y, looks, strlen(looks)), 0);
    assert_true(strlen(x) == strlen(looks) + 9 || strlen(y) == strlen(looks) + 9);
    free(x);
    free(y);
}

static void other_names_have_a_digest(void **state)
{
    static const char *const board = "-det-1-QEMU 7.2";
    char longer[400];
    (void)state;
    told_apart("c++", "", "c##", "", "c__");
    told_apart("a/b", board, "a_b", board, "a_b-det-1-QEMU_7.2");
    told_apart("a/b", board, "a b", board, "a_b-det-1-QEMU_7.2");
    told_apart("a//b", board, "a, b", board, "a__b-det-1-QEMU_7.2");
    told_apart("a", "-det-1-QEMU 7.2", "a", "-det-1-QEMU_7.2", "a-det-1-QEMU_7.2");
    told_apart("a", "-tcg-1-My CPU, 2 CPUs", "a", "-tcg-1-My CPU  2 CPUs", "a-tcg-1-My_CPU__2_CPUs");
    told_apart("a", "-tcg-1-My(R) CPU", "a", "-tcg-1-My R, CPU", "a-tcg-1-My_R__CPU");
    told_apart("a", "-tcg-1/2", "a", "-tcg-1 2", "a-tcg-1_2");
    told_apart("_a", "", ".a", "", "_a");
    memset(longer, 'x', sizeof(longer));
    longer[399] = '\0';
    char *a = site_file_name(longer, board);
    longer[398] = 'y';
    char *b = site_file_name(longer, board);
    assert_string_not_equal(a, b);
    assert_true(strlen(a) < 230);
    free(a);
    free(b);
}

// Which is whose, in an array and in an object.
static void each_kernel_has_a_line(void **state)
{
    static const char *const names[] = {"linux", "cloudos", "cloudos-old", "linux-612", "linux-stock", "mine"};
    static const int want[] = {1, 0, 2, 3, 4, 5};
    json_t *array = json_array(), *object = json_object();
    (void)state;
    for (int i = 0; i < 6; i++) {
        json_array_append_new(array, json_string(names[i]));
        json_object_set_new(object, names[i], json_object());
    }
    for (int i = 0; i < 6; i++) {
        assert_int_equal(site_line_of(array, names[i]), want[i]);
        assert_int_equal(site_line_of(object, names[i]), want[i]);
    }
    json_decref(array);
    json_decref(object);
}

// The dot has a radius of 2 and an edge.
static void a_small_line_is_not_cut_off(void **state)
{
    struct text_buf one = {0}, two = {0};
    json_t *single = json_pack("{s:[{s:f}]}", "points", "value", 5.0);
    json_t *pair = json_pack("{s:[{s:f},{s:f}]}", "points", "value", 5.0, "value", 6.0);
    (void)state;
    history_spark(&one, single);
    history_spark(&two, pair);
    assert_non_null(strstr(one.data, "points='4.0,"));
    assert_non_null(strstr(one.data, "cx='4.0'"));
    assert_non_null(strstr(two.data, "points='4.0,"));
    assert_non_null(strstr(two.data, "cx='86.0'"));
    text_free(&one);
    text_free(&two);
    json_decref(single);
    json_decref(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(usual_names_stay), cmocka_unit_test(other_names_have_a_digest),
                                       cmocka_unit_test(each_kernel_has_a_line), cmocka_unit_test(a_small_line_is_not_cut_off)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
