/* Host test of the kernel command line: known words, words for init, quotes, limits, bad values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define printk test_printk
#include "kernel/lib/param.c"
#include "kernel/lib/string.c"

static int warnings, notices, flag;
static u64 number;

void test_printk(int level, const char *fmt, ...)
{
    warnings += level == LOG_WARN;
    notices += level == LOG_NOTICE;
}

static int set_flag(const char *value)
{
    flag++;
    return *value ? -EINVAL : 0;
}

static int set_number(const char *value)
{
    return param_u64(value, &number);
}

const struct kernel_param __kparams_start[] = {{"flag", set_flag}, {"a_number", set_number}};
__asm__(".globl __kparams_end\n.set __kparams_end, __kparams_start + 32\n");

static int fresh(void **state)
{
    memset(&init_words, 0, sizeof(init_words));
    warnings = notices = flag = 0;
    number = 0;
    return 0;
}

static void test_known(void **state)
{
    params_parse("  flag a-number=0x10  ");
    assert_int_equal(flag, 1);
    assert_int_equal(number, 16);
    assert_int_equal(warnings + notices, 0);
    assert_string_equal(saved_command_line, "  flag a-number=0x10  ");
}

static void test_prefixes_are_not_names(void **state)
{
    params_parse("fla flagg a_numbe=1");
    assert_int_equal(flag, 0);
    assert_int_equal(init_words.nargs, 2);
    assert_int_equal(init_words.nenvs, 1);
    assert_int_equal(notices, 3);
}

static void test_options_of_modules(void **state)
{
    params_parse("mod mod.word mod.key=1 key=with.dot");
    assert_int_equal(init_words.nargs, 1);
    assert_int_equal(init_words.nenvs, 1);
    assert_string_equal(init_words.envs[0], "key=with.dot");
    assert_int_equal(notices, 4);
}

static void test_bad_values(void **state)
{
    params_parse("a_number=12x a_number= flag=1");
    assert_int_equal(number, 0);
    assert_int_equal(warnings, 3);
}

static void test_for_init(void **state)
{
    params_parse("word KEY=value -- flag bench \"two words\" --");
    assert_int_equal(flag, 0);
    assert_string_equal(init_words.envs[0], "KEY=value");
    assert_int_equal(init_words.nargs, 5);
    assert_string_equal(init_words.args[0], "word");
    assert_string_equal(init_words.args[3], "two words");
    assert_string_equal(init_words.args[4], "--");
    assert_null(init_words.args[5]);
}

static void test_too_many(void **state)
{
    char line[1024] = "--";

    for (int i = 2; i < 400; i += 2)
        memcpy(line + i, " x", 3);
    params_parse(line);
    assert_int_equal(init_words.nargs, PARAM_INIT_MAX);
    assert_null(init_words.args[PARAM_INIT_MAX]);
    assert_true(warnings > 0);
}

static void test_long_line_is_cut(void **state)
{
    static char line[CMDLINE_BYTES + 100];

    memset(line, 'y', sizeof(line) - 1);
    params_parse(line);
    assert_int_equal(strlen(saved_command_line), CMDLINE_BYTES - 1);
    assert_int_equal(init_words.nargs, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, fresh)
    const struct CMUnitTest tests[] = {T(test_known),           T(test_prefixes_are_not_names),
                                       T(test_bad_values),      T(test_options_of_modules),
                                       T(test_for_init),        T(test_too_many),
                                       T(test_long_line_is_cut)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
