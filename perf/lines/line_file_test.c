// The lines plugin's text: a cut window is none, a log that was cut short is known, nothing else is taken.
#include "perf/lines/line_file.h"
#include "perf/util/cmocka_all.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

static const char *const whole = "run\nwindow\nvcpu 0 loads 5 stores 3\ncount halts 2\nmeet r 0 1 2 40 ffffffff81000040 ffffffff80000000 8 4 ffffffff80000010 0 8\nend\n";

static void a_whole_window(void **state)
{
    struct line_file f;
    (void)state;
    line_file_parse(&f, whole);
    assert_null(f.fault);
    assert_null(f.log_fault);
    assert_true(f.runs == 1 && f.run[0].closed && f.run[0].meets == 1);
    assert_true(line_total(&f.run[0], "loads") == 5);
    line_file_free(&f);
}

static void a_cut_window_is_none(void **state)
{
    (void)state;
    for (size_t n = 0; n + 1 < strlen(whole); n++) {
        struct line_file f;
        char *cut = x_printf("%.*s", (int)n, whole);
        line_file_parse(&f, cut);
        assert_true(!f.runs || !f.run[0].closed);
        line_file_free(&f);
        free(cut);
    }
}

static void a_log_that_is_cut_short(void **state)
{
    struct line_file f;
    char *text = x_printf("%sfault log No space left on device\n", whole);
    (void)state;
    line_file_parse(&f, text);
    assert_null(f.fault);
    assert_string_equal(f.log_fault, "No space left on device");
    assert_true(f.runs == 1 && f.run[0].closed);
    line_file_free(&f);
    free(text);
}

static void other_words_are_a_fault(void **state)
{
    static const char *const texts[] = {"window\n", "run\nend\n", "run\nwindow\nfault log x\n", "fault log x\nfault log y\n", "fault\n", "run\nwindow\nwindow\n"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct line_file f;
        line_file_parse(&f, texts[i]);
        assert_non_null(f.fault);
        line_file_free(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_whole_window), cmocka_unit_test(a_cut_window_is_none),
                                       cmocka_unit_test(a_log_that_is_cut_short), cmocka_unit_test(other_words_are_a_fault)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
