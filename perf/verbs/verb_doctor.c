// cloudbench doctor: what this host can measure, and why not more.
#include "perf/util/host_file.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"
#include "perf/verbs/host_tools.h"
#include "perf/verbs/tool_options.h"
#include "perf/verbs/verb.h"
#include "perf/view/compare_view.h"
#include "perf/view/objects_view.h"
#include "perf/vm/kvm_probe.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct argp_option options[] = {
    OPTION_FORMAT,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    if (key != OPT_FORMAT)
        return ARGP_ERR_UNKNOWN;
    *(const char **)state->input = arg;
    return 0;
}

// state: "ok", "limited" or "missing".
static void check(json_t *list, const char *what, const char *state, const char *detail,
                  const char *mend)
{
    json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s}", "check", what, "state", state,
                                          "detail", detail, "mend", mend));
}

static bool check_qemu(json_t *list)
{
    char *qemu = find_program("qemu-system-x86_64");
    char line[200] = "not on the path";
    FILE *p = qemu ? popen("qemu-system-x86_64 --version 2>/dev/null", "r") : NULL;
    if (p && fgets(line, sizeof(line), p))
        line[strcspn(line, "\n")] = '\0';
    if (p)
        pclose(p);
    check(list, "QEMU", qemu ? "ok" : "missing", line,
          qemu ? "" : "apt-get install qemu-system-x86");
    bool ok = qemu != NULL;
    free(qemu);
    return ok;
}

static bool check_file(json_t *list, const char *what, const char *pattern, const char *mend)
{
    char *full = project_path(pattern), *path = newest_match(full);
    bool ok = path != NULL;
    check(list, what, ok ? "ok" : "missing", ok ? path : full, ok ? "" : mend);
    free(full);
    free(path);
    return ok;
}

static bool check_kernels(json_t *list)
{
    json_t *config = project_config("kernels"), *k;
    const char *name;
    bool all = true;
    json_object_foreach (config, name, k)
        all &= check_file(list, json_string_value(json_object_get(k, "label")),
                          json_string_value(json_object_get(k, "image")),
                          json_string_value(json_object_get(k, "missing")));
    json_decref(config);
    return all;
}

static void check_tiers(json_t *list, bool qemu, bool plugin)
{
    struct kvm_probe p;
    char cpus[100];
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    kvm_probe(&p);
    check(list, "tier det", qemu && plugin ? "ok" : "missing",
          "guest instructions; exact on any machine", qemu && plugin ? "" : "ci/build");
    snprintf(cpus, sizeof(cpus), "%ld host CPU%s: wider guests share them; times are emulated", n,
             n == 1 ? "" : "s");
    char *wide = find_wide_qemu();
    check(list, "tier det, 2 to 8 CPUs", wide && plugin ? "ok" : "limited",
          wide ? wide : "needs a newer QEMU beside the installed one",
          wide ? "" : "ci/qemu unpacks it (nothing is installed)");
    bool turns = wide && plugin && qemu_takes_turns(wide);
    check(list, "turns of its CPUs", turns ? "ok" : "limited",
          turns ? "of any length (--turn): waits between CPUs show" : "until the machine's next timer only: waits between CPUs say nothing",
          turns ? "" : wide ? "a QEMU that exports cpu_exit" : "ci/qemu unpacks it (nothing is installed)");
    free(wide);
    check(list, "tier tcg", qemu ? "ok" : "missing", cpus, "");
    check(list, "tier kvm",
          p.state == KVM_GOOD && qemu ? "ok"
          : p.state == KVM_ABSENT     ? "missing"
                                      : "limited",
          p.why,
          p.state == KVM_DENIED ? "sudo usermod -aG kvm \"$USER\", then log in again"
          : p.state == KVM_GOOD ? ""
                                : "--tier auto takes det instead");
}

static void show(json_t *list, const char *format)
{
    struct text_table t = {0};
    json_t *c;
    size_t i;
    if (!strcmp(format, "json")) {
        json_dumpf(list, stdout, JSON_INDENT(1));
        puts("");
        return;
    }
    table_head(&t, "check");
    table_head(&t, "state");
    table_head(&t, "detail");
    table_head(&t, "what mends it");
    json_array_foreach (list, i, c) {
        const char *state = json_string_value(json_object_get(c, "state"));
        table_row(&t, !strcmp(state, "ok")        ? TINT_GREEN
                      : !strcmp(state, "limited") ? TINT_YELLOW
                                                  : TINT_RED);
        table_cell(&t, 0, "%s", json_string_value(json_object_get(c, "check")));
        table_cell(&t, 1, "%s", state);
        table_cell(&t, 2, "%s", json_string_value(json_object_get(c, "detail")));
        table_cell(&t, 3, "%s", json_string_value(json_object_get(c, "mend")));
    }
    table_print(&t, table_format_of(format), stdout);
    table_free(&t);
}

// Exit code 0 when the det tier can compare both kernels, 5 when something for it is missing.
const struct argp doctor_argp = {
    options, parse, "", "What this host can measure, and why not more.", 0, 0, 0};

int verb_doctor(int argc, char **argv)
{
    const char *format = "text";
    json_t *list = json_array();
    argp_parse(&doctor_argp, argc, argv, 0, 0, &format);
    if (!format_known(format)) {
        json_decref(list);
        return EXIT_USAGE;
    }
    bool qemu = check_qemu(list);
    bool ok = check_kernels(list) && qemu;
    ok &= check_file(list, "initramfs", "build/initramfs.cpio", "ci/build makes it");
    bool plugin = check_file(list, "counting plugin", "build/lib/cloudbench-count-v1.so",
                             "ci/build makes it");
    check_tiers(list, qemu, plugin);
    show(list, format);
    json_decref(list);
    return ok && plugin ? EXIT_OK : EXIT_REFUSED;
}
