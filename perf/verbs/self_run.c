// Starts /proc/self/exe. At a terminal an interrupt reaches both; one that comes to us alone is handed on, and so is our own end.
#include "perf/verbs/self_run.h"

#include "perf/result/run_store.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/util/say.h"
#include "perf/util/sha256.h"
#include "perf/vm/host_signals.h"
#include "perf/vm/kernel_image.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Waits for the child's end; an interrupt meanwhile ends it too. *interrupted: one came.
static int wait_child(pid_t pid, bool *interrupted)
{
    struct pollfd look[2] = {{.fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN},
                             {.fd = signals_open(), .events = POLLIN}};
    int status = 0;
    *interrupted = false;
    while (look[0].fd >= 0 && poll(look, 2, -1) >= 0 && !(look[0].revents & POLLIN)) {
        struct signalfd_siginfo info;
        if (read(look[1].fd, &info, sizeof(info)) == sizeof(info)) {
            *interrupted = true;
            kill(pid, SIGTERM);
        }
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (look[0].fd >= 0)
        close(look[0].fd);
    close(look[1].fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_INTERNAL;
}

// out: where its standard output goes.
static int run_into(const struct str_list *arguments, int out)
{
    char **argv = x_alloc((arguments->count + 2) * sizeof(*argv));
    bool interrupted = signals_pending();
    int rc = EXIT_INTERNAL;
    argv[0] = "cloudbench";
    memcpy(argv + 1, arguments->items, arguments->count * sizeof(*argv));
    fflush(stdout);
    pid_t parent = getpid(), pid = interrupted ? -1 : fork();
    if (pid == 0) {
        if (!signal_at_end_of(parent, SIGTERM))
            _exit(EXIT_INTERNAL);
        if (out >= 0)
            dup2(out, STDOUT_FILENO);
        execv("/proc/self/exe", argv);
        _exit(EXIT_INTERNAL);
    }
    if (pid > 0)
        rc = wait_child(pid, &interrupted);
    free(argv);
    return interrupted ? EXIT_INTERRUPTED : rc;
}

int self_run(const struct str_list *arguments)
{
    return run_into(arguments, STDOUT_FILENO);
}

int self_run_json(struct str_list *arguments, json_t **said)
{
    int out = memfd_create("run", MFD_CLOEXEC);
    list_add(arguments, "--format");
    list_add(arguments, "json");
    int rc = run_into(arguments, out);
    lseek(out, 0, SEEK_SET);
    *said = json_loadfd(out, 0, NULL);
    close(out);
    return *said || rc ? rc : EXIT_INTERNAL;
}

int self_run_loaded(struct str_list *arguments, const char *base, json_t **run)
{
    json_t *said;
    int rc = self_run_json(arguments, &said);
    const char *id = json_string_value(json_object_get(said, "id"));
    *run = id ? run_store_load(base, id) : NULL;
    json_decref(said);
    return *run || rc ? rc : EXIT_INTERNAL;
}

static void option(struct str_list *l, const char *name, const char *value)
{
    list_add(l, name);
    list_add(l, value);
}

// A second arm is no kernel that can be asked for: --aa makes it.
static void add_kernels(struct str_list *l, json_t *run)
{
    json_t *kernels = json_object_get(json_object_get(run, "identity"), "kernels"), *v;
    const char *name;
    bool twice = false;
    json_object_foreach (kernels, name, v) {
        if (!kernel_is_second_arm(name))
            option(l, "-k", name);
        twice |= kernel_is_second_arm(name);
    }
    if (twice)
        list_add(l, "--aa");
}

// What the second arm did more, if its workload is measured now: of another `run` takes no control.
static void add_control(struct str_list *l, json_t *run, const struct str_list *workloads)
{
    json_t *c = json_object_get(run, "control");
    const char *workload = text_of(c, "workload");
    if (!list_has(workloads, workload))
        return;
    list_add(l, "--control");
    list_addf(l, number_of(c, "every") > 1 ? "%s:%.0f/%.0f" : "%s:%.0f", workload,
              number_of(c, json_object_get(c, "ns") ? "ns" : "instructions"), number_of(c, "every"));
}

static void add_settings(struct str_list *l, json_t *run)
{
    json_t *v;
    size_t i;
    json_array_foreach (json_object_get(run, "settings"), i, v)
        option(l, "--set", json_string_value(v));
}

// As it was placed; a run that was not has no plan.
static void add_place(struct str_list *l, json_t *run)
{
    const char *rule = json_string_value(json_object_get(json_object_get(run, "placement"), "rule"));
    if (strcmp(json_string_value(json_object_get(run, "tier")), "det"))
        option(l, "--place", rule ? rule : "none");
}

static void add_number(struct str_list *l, const char *name, double value)
{
    list_add(l, name);
    list_addf(l, "%.12g", value);
}

// Its turns, of several CPUs in the det tier.
static void add_turn(struct str_list *l, json_t *run)
{
    if (!strcmp(json_string_value(json_object_get(run, "tier")), "det") &&
        json_number_value(json_object_get(json_object_get(run, "topology"), "cpus")) > 1)
        add_number(l, "--turn", json_number_value(json_object_get(json_object_get(run, "identity"), "turn_ns")));
}

// A file of the run's identity, by the option that takes it. What is gone leaves the choice to the run that is made now.
static void add_file(struct str_list *l, json_t *run, const char *name, const char *member)
{
    json_t *file = json_object_get(json_object_get(run, "identity"), member);
    const char *path = text_of(file, "path"), *before = text_of(file, "sha256");
    char now[SHA256_HEX];
    if (!*path)
        return;
    if (!file_exists(path)) {
        say("%s of %s is not there any more: the usual one is taken", path, text_of(run, "id"));
        return;
    }
    if (*before && (!sha256_file(path, now) || strcmp(now, before)))
        say("%s is not the file any more that %s used", path, text_of(run, "id"));
    option(l, name, path);
}

void self_run_as(json_t *run, const struct str_list *workloads, const char *base, struct str_list *l)
{
    json_t *topology = json_object_get(run, "topology");
    double seed = number_of(run, "seed");
    list_add(l, "run");
    for (size_t i = 0; i < workloads->count; i++)
        list_add(l, workloads->items[i]);
    option(l, "--tier", json_string_value(json_object_get(run, "tier")));
    option(l, "-t", json_string_value(json_object_get(topology, "name")));
    option(l, "-o", base);
    add_number(l, "-b", json_number_value(json_object_get(run, "boots_per_kernel")));
    add_number(l, "--scale", json_number_value(json_object_get(run, "scale")));
    if (seed > 0) // 0 is the policy's, which is among the settings
        add_number(l, "--seed", seed);
    add_place(l, run);
    add_turn(l, run);
    add_file(l, run, "--qemu", "qemu");
    add_file(l, run, "--initrd", "initramfs");
    add_kernels(l, run);
    add_control(l, run, workloads);
    add_settings(l, run);
}

int self_run_again(json_t *run, const struct str_list *workloads, const char *base, json_t **second)
{
    struct str_list l = {0};
    self_run_as(run, workloads, base, &l);
    int rc = self_run_loaded(&l, base, second);
    list_free(&l);
    return rc;
}
