// A run is measured again as it was: every option that it was measured with is given, and files that are gone are left out.
#include "perf/verbs/self_run.h"
#include "perf/util/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static json_t *a_run(const char *tier, const char *qemu, const char *initrd)
{
    return json_pack("{s:s,s:s,s:{s:s,s:i},s:i,s:f,s:i,s:[s],s:{s:{s:s},s:{s:s},s:{s:{}}}}", "id", "r1", "tier", tier, "topology", "name", "2",
                     "cpus", 2, "boots_per_kernel", 3, "scale", 0.5, "seed", 77, "settings", "workloads.pipe.pad=3", "identity", "qemu", "path",
                     qemu, "initramfs", "path", initrd, "kernels", "cloudos");
}

// "run pipe --tier ...", after which the run is gone.
static char *line_of(json_t *run)
{
    struct str_list workloads = {0}, l = {0};
    struct text_buf t = {0};
    list_add(&workloads, "pipe");
    self_run_as(run, &workloads, "out", &l);
    for (size_t i = 0; i < l.count; i++)
        text_addf(&t, "%s%s", i ? " " : "", l.items[i]);
    list_free(&workloads);
    list_free(&l);
    json_decref(run);
    return t.data;
}

static void line_is(json_t *run, const char *want)
{
    char *line = line_of(run);
    assert_string_equal(line, want);
    free(line);
}

static char qemu[] = "/tmp/self-run-test-XXXXXX", initrd[] = "/tmp/self-run-test-XXXXXX";

static void every_option_is_given(void **state)
{
    char want[512];
    (void)state;
    snprintf(want, sizeof(want), "run pipe --tier tcg -t 2 -o out -b 3 --scale 0.5 --seed 77 --place none --qemu %s --initrd %s -k cloudos --set "
             "workloads.pipe.pad=3", qemu, initrd);
    line_is(a_run("tcg", qemu, initrd), want);
    snprintf(want, sizeof(want), "run pipe --tier det -t 2 -o out -b 3 --scale 0.5 --seed 77 --turn 0 --qemu %s --initrd %s -k cloudos --set "
             "workloads.pipe.pad=3", qemu, initrd);
    line_is(a_run("det", qemu, initrd), want);
}

static void what_is_gone_is_left_out(void **state)
{
    char want[512];
    (void)state;
    snprintf(want, sizeof(want), "run pipe --tier tcg -t 2 -o out -b 3 --scale 0.5 --seed 77 --place none --qemu %s -k cloudos --set "
             "workloads.pipe.pad=3", qemu);
    line_is(a_run("tcg", qemu, "/nonexistent/initramfs"), want);
}

// The run beside itself; `control` is taken.
static json_t *beside_itself(json_t *control)
{
    json_t *run = a_run("det", "", ""), *kernels = json_object_get(json_object_get(run, "identity"), "kernels");
    json_object_set_new(kernels, "cloudos-again", json_object());
    json_object_set_new(run, "settings", json_array());
    json_object_set_new(run, "control", control);
    return run;
}

// No kernel is called as a second arm is; a control's workload must be among those that are measured.
static void a_second_arm_is_made_again(void **state)
{
    static const char *const more[] = {"", " --control pipe:21/10", " --control pipe:301", ""};
    json_t *run[] = {beside_itself(NULL),
                     beside_itself(json_pack("{s:s,s:i,s:i}", "workload", "pipe", "instructions", 21, "every", 10)),
                     beside_itself(json_pack("{s:s,s:i,s:i}", "workload", "pipe", "ns", 301, "every", 1)),
                     beside_itself(json_pack("{s:s,s:i,s:i}", "workload", "fork", "ns", 301, "every", 1))};
    (void)state;
    for (int i = 0; i < 4; i++) {
        char want[256];
        snprintf(want, sizeof(want), "run pipe --tier det -t 2 -o out -b 3 --scale 0.5 --seed 77 --turn 0 -k cloudos --aa%s", more[i]);
        line_is(run[i], want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_option_is_given), cmocka_unit_test(what_is_gone_is_left_out),
                                       cmocka_unit_test(a_second_arm_is_made_again)};
    close(mkstemp(qemu));
    close(mkstemp(initrd));
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(qemu);
    unlink(initrd);
    return rc;
}
