// What a configuration becomes, by the space of configs/tune/linux-sched.yaml: settings of an arm, lines of sysctl.d and tmpfiles.d.
#include "perf/tune/tune_space.h"

#include "perf/config/config.h"
#include "perf/util/cmocka_all.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

static int knob_of(const struct tune_space *s, const char *name)
{
    for (int k = 0; k < s->knobs; k++)
        if (!strcmp(s->knob[k].name, name))
            return k;
    fail_msg("no knob %s", name);
    return 0;
}

// The default of every knob.
static void load(struct tune_space *s, int level[TUNE_KNOBS_MAX])
{
    char *why;
    assert_true(tune_space_load(s, "linux-sched", &why));
    for (int k = 0; k < s->knobs; k++)
        level[k] = s->knob[k].standard;
}

static void says(char *text, const char *wanted)
{
    assert_string_equal(text, wanted);
    free(text);
}

static void the_default_is_nothing(void **state)
{
    struct tune_space s;
    int level[TUNE_KNOBS_MAX];
    (void)state;
    load(&s, level);
    says(tune_space_text(&s, level), "the default");
    says(tune_space_sysctl(&s, level), "");
    says(tune_space_tmpfiles(&s, level), "");
    tune_space_free(&s);
}

static void files_for_a_host(void **state)
{
    struct tune_space s;
    int level[TUNE_KNOBS_MAX];
    struct str_list settings = {0};
    (void)state;
    load(&s, level);
    level[knob_of(&s, "autogroup")] = 0;
    level[knob_of(&s, "min_granularity")] = 2;
    says(tune_space_sysctl(&s, level), "kernel.sched_autogroup_enabled = 0\n");
    says(tune_space_tmpfiles(&s, level), "w /sys/kernel/debug/sched/min_granularity_ns - - - - 3000000\n");
    tune_space_settings(&s, level, "trial", &settings);
    char *last = settings.items[settings.count - 1];
    assert_non_null(strstr(last, "kernels.trial.set=["));
    assert_non_null(strstr(last, "\"/proc/sys/kernel/sched_autogroup_enabled=0\""));
    assert_non_null(strstr(last, "\"/sys/kernel/debug/sched/min_granularity_ns=3000000\""));
    list_free(&settings);
    tune_space_free(&s);
}

// Under a profile the default has its files: a trial has them, too, but for what a moved knob writes, and so has what is written of it.
// Of features each line moves one word. Comes last: what is set here stays.
static void a_profile_stays(void **state)
{
    struct tune_space s;
    int level[TUNE_KNOBS_MAX];
    struct str_list settings = {0};
    char *why = NULL;
    (void)state;
    assert_true(config_set("kernels.linux.set=[\"/sys/kernel/debug/sched/features=WAKEUP_PREEMPTION\", \"/sys/kernel/debug/sched/features=NO_X\","
                           " \"/sys/kernel/debug/sched/min_granularity_ns=300000\", \"/proc/sys/kernel/sched_rt_runtime_us=-1\"]", &why));
    load(&s, level);
    tune_space_settings(&s, level, "trial", &settings);
    assert_string_equal(settings.items[settings.count - 1],
                        "kernels.trial.set=[\"/sys/kernel/debug/sched/features=WAKEUP_PREEMPTION\", \"/sys/kernel/debug/sched/features=NO_X\","
                        " \"/sys/kernel/debug/sched/min_granularity_ns=300000\", \"/proc/sys/kernel/sched_rt_runtime_us=-1\"]");
    list_free(&settings);
    level[knob_of(&s, "autogroup")] = 0;
    level[knob_of(&s, "min_granularity")] = 2;
    settings = (struct str_list){0};
    tune_space_settings(&s, level, "trial", &settings);
    assert_string_equal(settings.items[settings.count - 1],
                        "kernels.trial.set=[\"/sys/kernel/debug/sched/features=WAKEUP_PREEMPTION\", \"/sys/kernel/debug/sched/features=NO_X\","
                        " \"/proc/sys/kernel/sched_rt_runtime_us=-1\", \"/sys/kernel/debug/sched/min_granularity_ns=3000000\","
                        " \"/proc/sys/kernel/sched_autogroup_enabled=0\"]");
    says(tune_space_sysctl(&s, level), "kernel.sched_rt_runtime_us = -1\nkernel.sched_autogroup_enabled = 0\n");
    says(tune_space_tmpfiles(&s, level), "w+ /sys/kernel/debug/sched/features - - - - WAKEUP_PREEMPTION\n"
                                         "w+ /sys/kernel/debug/sched/features - - - - NO_X\n"
                                         "w /sys/kernel/debug/sched/min_granularity_ns - - - - 3000000\n");
    list_free(&settings);
    tune_space_free(&s);
}

static void no_such_space(void **state)
{
    struct tune_space s;
    char *why;
    (void)state;
    assert_false(tune_space_load(&s, "nosuch", &why));
    assert_non_null(strstr(why, "no space is called \"nosuch\""));
    free(why);
    tune_space_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_default_is_nothing), cmocka_unit_test(files_for_a_host),
                                       cmocka_unit_test(no_such_space), cmocka_unit_test(a_profile_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
