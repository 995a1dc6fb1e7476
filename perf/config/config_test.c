// YAML: values, lines, refusals; schema messages; --set; and noise, from which only NULL with a
// reason may come.
#include "perf/config/config.h"
#include "perf/config/config_schema.h"
#include "perf/config/knob_file.h"
#include "perf/config/yaml_text.h"
#include "perf/util/cmocka_all.h"
#include "perf/util/project.h"

#include <stdlib.h>
#include <string.h>

static json_t *parse(const char *text, json_t *origins, char **why)
{
    return yaml_parse("f.yaml", text, strlen(text), "top", origins, why);
}

static void values_and_lines(void **state)
{
    char *why;
    json_t *origins = json_object();
    json_t *j = parse("# head\na: 1\nb: {c: -2.5, d: \"7\"}\ne:\n  - yes it is\n  - true\n  - ~\n",
                      origins, &why);
    (void)state;
    assert_non_null(j);
    assert_int_equal(json_integer_value(json_object_get(j, "a")), 1);
    json_t *b = json_object_get(j, "b"), *e = json_object_get(j, "e");
    assert_true(json_real_value(json_object_get(b, "c")) == -2.5);
    assert_string_equal(json_string_value(json_object_get(b, "d")), "7");
    assert_string_equal(json_string_value(json_array_get(e, 0)), "yes it is");
    assert_true(json_is_true(json_array_get(e, 1)));
    assert_true(json_is_null(json_array_get(e, 2)));
    assert_string_equal(json_string_value(json_object_get(origins, "top.a")), "f.yaml:2");
    assert_string_equal(json_string_value(json_object_get(origins, "top.b.c")), "f.yaml:3");
    assert_string_equal(json_string_value(json_object_get(origins, "top.e[1]")), "f.yaml:6");
    json_decref(j);
    json_decref(origins);
}

static void refusals(void **state)
{
    static const char *const bad[][2] = {
        {"", "f.yaml:1: the file is empty"},
        {"a: 1\na: 2\n", "f.yaml:2: the key \"a\" stands twice"},
        {"a: [1, 2\n", "f.yaml:2: did not find expected ',' or ']'"},
        {"a: &x 1\nb: *x\n", "f.yaml:1: tags and anchors are not taken"},
        {"a: !!int 1\n", "f.yaml:1: tags and anchors"},
        {"a: 1\n---\nb: 2\n", "f.yaml:2: a second document"},
        {"a: .inf\n", "f.yaml:1: the number is not finite"},
        {"a: -.NaN\n", "f.yaml:1: the number is not finite"},
        {"a: 1e999\n", "f.yaml:1: the number is not finite"},
        {"a: 99999999999999999999\n", "f.yaml:1: the number does not fit"},
        {"a.b: 1\n", "f.yaml:1: a key must be a word without dots"},
        {"? [a]\n: 1\n", "f.yaml:1: a key must be a word"},
        {"a: \"x\\0y\"\n", "f.yaml:1: a NUL byte"},
        {"\tb: 1\n", "f.yaml:1: "},
        {"a: \xff\n", "f.yaml:"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char *why;
        assert_null(parse(bad[i][0], NULL, &why));
        assert_non_null(why);
        if (strncmp(why, bad[i][1], strlen(bad[i][1])))
            fail_msg("\"%s\" is not \"%s\"", why, bad[i][1]);
        free(why);
    }
}

static void depth_is_bounded(void **state)
{
    char text[200] = "", *why;
    (void)state;
    for (int i = 0; i < 100; i++)
        strcat(text, "[");
    assert_null(parse(text, NULL, &why));
    assert_string_equal(why, "f.yaml:1: nested too deep");
    free(why);
}

static void hex_and_words_are_text(void **state)
{
    static const char *const words[] = {"0x10", "nan", "infinity", "1e", "4x2", "0-3", "."};
    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        char *why;
        json_t *j = parse(words[i], NULL, &why);
        assert_true(json_is_string(j));
        json_decref(j);
    }
}

static void check_says(const char *document, const char *text, const char *want)
{
    char *why;
    json_t *origins = json_object();
    json_t *j = yaml_parse("f.yaml", text, strlen(text), document, origins, &why);
    assert_non_null(j);
    char *got = config_check(j, config_rule_of(document), document, origins);
    if (!got != !want || (want && !strstr(got, want)))
        fail_msg("\"%s\" is not \"%s\"", got ? got : "(fits)", want ? want : "(fits)");
    free(got);
    json_decref(j);
    json_decref(origins);
}

static void schema_messages(void **state)
{
    (void)state;
    check_says("suites", "s: {about: x, workloads: [pipe]}", NULL);
    check_says("suites", "s:\n  about: x\n  workloads:\n    - 7\n",
               "f.yaml:4: suites.s.workloads[0]: must be text");
    check_says("suites", "s: {about: x, workloads: []}", "must have 1 to 512 items");
    check_says("suites", "s: {about: x}", "f.yaml:1: suites.s: the key \"workloads\" is missing");
    check_says("suites", "s: [x]", "must be a map");
    check_says("kernels", "k: {label: a, family: bsd, image: x, cmdline: y}",
               "kernels.k.family: \"bsd\" is none of: cloudos, linux");
    check_says("kernels", "k: {label: a, lable: b}", "kernels.k.lable: there is no such key");
    check_says("workloads", "w: {about: x, det: 0, wall: 1}", "workloads.w.det: 0 is not within");
    check_says("workloads", "w: {about: x, det: 1.5, wall: 1}", "must be a whole number");
    check_says("workloads", "w: {about: x, det: 1, wall: 1, two_party: 1}", "true or false");
    check_says("topologies", "t: {cpus: 4, memory_mb: 16, nodes: 2}", NULL);
    check_says("topologies", "t: {cpus: 4, memory_mb: 16, nodes: [{cpus: 1, memory_mb: 1}]}",
               "topologies.t.nodes[0].cpus: must be text");
    check_says("topologies", "t: {cpus: 4, memory_mb: 16, nodes: 65}", "not within 1 to 64");
    check_says("topologies", "t: {cpus: 4, memory_mb: 15}", "15 is not within 16");
}

static void set_goes_over_the_files(void **state)
{
    char *why;
    json_t *origins = json_object();
    (void)state;
    assert_true(config_set("suites.quick.workloads=[pipe, futex]", &why));
    assert_true(config_set("suites.mine.about=a=b", &why));
    assert_true(config_set("suites.mine.workloads=[fork]", &why));
    json_t *j = config_read(project_root(), "suites", origins, &why);
    assert_non_null(j);
    json_t *quick = json_object_get(j, "quick"), *mine = json_object_get(j, "mine");
    assert_int_equal(json_array_size(json_object_get(quick, "workloads")), 2);
    assert_string_equal(json_string_value(json_object_get(mine, "about")), "a=b");
    assert_string_equal(
        json_string_value(json_object_get(origins, "suites.quick.workloads")), "--set");
    assert_null(json_object_get(origins, "suites.quick.workloads[0]"));
    json_decref(j);
    json_decref(origins);
    assert_true(config_set("suites.mine.workloads.x=1", &why)); // below a list
    assert_null(config_read(project_root(), "suites", NULL, &why));
    assert_non_null(strstr(why, "--set suites.mine.workloads.x=1: there is no place"));
    free(why);
    assert_true(config_set("workloads.pipe.det=many", &why));
    assert_null(config_read(project_root(), "workloads", NULL, &why));
    assert_string_equal(why, "--set: workloads.pipe.det: must be a whole number");
    free(why);
    assert_true(config_set("policy.run.turn_ns=1.5", &why));
    assert_null(config_read(project_root(), "policy", NULL, &why));
    assert_string_equal(why, "--set: policy.run.turn_ns: must be a whole number");
    free(why);
    assert_true(config_set("policy.run.turn_ns=-1", &why));
    assert_null(config_read(project_root(), "policy", NULL, &why));
    assert_string_equal(why, "--set: policy.run.turn_ns: -1 is not within 0 to 1e+06");
    free(why);
}

static void bad_sets(void **state)
{
    static const char *const bad[] = {"", "x", "x=1", "kernels=1", "nosuch.a=1", "kernels.=1", "=.a"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char *why;
        assert_false(config_set(bad[i], &why));
        assert_non_null(why);
        free(why);
    }
}

static void every_document_fits_its_rules(void **state)
{
    (void)state;
    for (size_t i = 0; config_names[i]; i++) {
        char *why = NULL;
        json_t *j = config_read(project_root(), config_names[i], NULL, &why);
        if (!j)
            fail_msg("%s", why);
        json_decref(j);
    }
}

// Bytes of a good document changed, doubled and dropped: a value or a reason, never both or neither.
static void noise(void **state)
{
    static const char seed_text[] = "a: {b: [1, 2.5, \"x\"], c: ~}\nd:\n  - e: 'f'\n  - >-\n    g\n";
    unsigned seed = 1;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char text[sizeof(seed_text) + 8], *why;
        size_t n = sizeof(seed_text) - 1;
        memcpy(text, seed_text, n);
        for (int k = rand_r(&seed) % 4; k >= 0; k--) {
            size_t at = rand_r(&seed) % n;
            if (rand_r(&seed) % 3)
                text[at] = "[]{}:,-&*!|>'\"%@`#\n\t ~.09ax\xc3\x80"[rand_r(&seed) % 28];
            else
                memmove(text + at, text + at + 1, --n - at);
        }
        json_t *j = yaml_parse("f", text, n, "p", NULL, &why);
        assert_true((j != NULL) != (why != NULL));
        json_decref(j);
        free(why);
    }
}

static void series_compare_by_number(void **state)
{
    static const char *const older[][2] = {{"6.1", "6.6"}, {"6.6", "6.12"}, {"6.10", "6.12"}, {"5.19", "6.1"}, {"6", "6.6"}, {"x", "6.6"}};
    (void)state;
    for (size_t i = 0; i < sizeof(older) / sizeof(*older); i++) {
        assert_true(series_is_older(older[i][0], older[i][1]));
        assert_false(series_is_older(older[i][1], older[i][0]));
    }
    assert_false(series_is_older("6.6", "6.6"));
}

static void knob_file_by_series(void **state)
{
    char *why = NULL;
    json_t *knob = parse("{cloudos: /c, linux: [{before: '6.6', file: /old}, {before: '6.9', file: /new}]}", NULL, &why);
    json_t *kernel = json_pack("{s:s}", "family", "cloudos");
    (void)state;
    assert_string_equal(knob_file(knob, kernel, &why), "/c");
    json_object_set_new(kernel, "family", json_string("linux"));
    assert_null(knob_file(knob, kernel, &why));
    assert_non_null(strstr(why, "depends on the kernel's `series`"));
    free(why);
    why = NULL;
    json_object_set_new(kernel, "series", json_string("6.1"));
    assert_string_equal(knob_file(knob, kernel, &why), "/old");
    json_object_set_new(kernel, "series", json_string("6.6"));
    assert_string_equal(knob_file(knob, kernel, &why), "/new");
    json_object_set_new(kernel, "series", json_string("6.12"));
    assert_null(knob_file(knob, kernel, &why));
    assert_null(why);
    json_decref(kernel);
    json_decref(knob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_lines),       cmocka_unit_test(refusals),
        cmocka_unit_test(depth_is_bounded),       cmocka_unit_test(hex_and_words_are_text),
        cmocka_unit_test(schema_messages),        cmocka_unit_test(every_document_fits_its_rules),
        cmocka_unit_test(set_goes_over_the_files), cmocka_unit_test(bad_sets),
        cmocka_unit_test(noise),                  cmocka_unit_test(series_compare_by_number),
        cmocka_unit_test(knob_file_by_series)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
