// cloudbench: boots CloudOS and Linux in the same virtual machine and says which is faster, and by
// how much. This file owns the choice of the verb and nothing else.
#include "perf/config/config.h"
#include "perf/config/sched_profile.h"
#include "perf/util/project.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"
#include "perf/verbs/verb.h"
#include "perf/vm/guarded_exec.h"
#include "perf/vm/host_signals.h"

#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void usage(FILE *out)
{
    fputs("Usage: cloudbench VERB [OPTION...]\n"
          "Boots CloudOS and Linux in the same virtual machine and compares them.\n\n",
          out);
    for (const struct verb *v = verbs; v->name; v++)
        fprintf(out, "  %-9s %s\n", v->name, v->about);
    fputs("\n`cloudbench VERB --help` shows a verb's options; every verb takes --set DOCUMENT.KEY=VALUE\n"
          "and --profile FILE|NAME (many of them), which go over the files in configs/ (`cloudbench config show --origin`). Start with `cloudbench doctor`.\n"
          "Exit codes:",
          out);
    for (const struct exit_word *e = exit_words; e->meaning; e++)
        fprintf(out, "%s %d %.*s", e == exit_words ? "" : ",", e->code, (int)strcspn(e->meaning, ":,("), e->meaning);
    fputs(".\n", out);
}

static int run_verb(const struct verb *v, int argc, char **argv)
{
    static char name[64];
    snprintf(name, sizeof(name), "cloudbench %s", v->name);
    argv[1] = name;
    program_invocation_name = name;
    return v->run(argc - 1, argv + 1);
}

// One of configs/sched/, not a file?
static bool is_named(const char *profile)
{
    return *profile && !strchr(profile, '/') && !strchr(profile, '.');
}

// The settings of a profile, a file or one of configs/sched/, as if each were given by --set.
static bool take_profile(const char *profile)
{
    char *why = NULL;
    json_t *list = is_named(profile) ? sched_profile(project_root(), profile, &why) : config_profile(profile, &why), *v;
    size_t i;
    json_array_foreach (list, i, v)
        if (!why)
            config_set(json_string_value(v), &why);
    if (why)
        say_error("%s", why);
    bool ok = !why;
    free(why);
    json_decref(list);
    return ok;
}

// Takes every --set and --profile out of the arguments, up to "--"; the verbs never see them. False after saying
// what is wrong with one. A named profile is made of what all the others set, so it comes last wherever it stands.
static bool take_settings(int *argc, char **argv)
{
    struct str_list named = {0};
    int kept = 1;
    bool ok = true, ended = false;
    for (int i = 1; i < *argc; i++) {
        char *assignment = NULL, *why = NULL;
        ended |= !strcmp(argv[i], "--");
        if (!ended && !strncmp(argv[i], "--set=", 6))
            assignment = argv[i] + 6;
        else if (!ended && !strcmp(argv[i], "--set"))
            assignment = i + 1 < *argc ? argv[++i] : "";
        if (!assignment && !ended && !strcmp(argv[i], "--profile")) {
            const char *profile = i + 1 < *argc ? argv[++i] : "";
            if (is_named(profile))
                list_add(&named, profile);
            else
                ok = take_profile(profile) && ok;
        } else if (!assignment)
            argv[kept++] = argv[i];
        else if (ok && !config_set(assignment, &why)) {
            say_error("%s", why);
            ok = false;
        }
        free(why);
    }
    for (size_t i = 0; i < named.count; i++)
        ok = ok && take_profile(named.items[i]);
    list_free(&named);
    argv[kept] = NULL;
    *argc = kept;
    return ok;
}

// A document that the verb never reads is checked all the same. `--workload FILE` makes the rest of its workload's entry, so what is set of that
// one is no whole before; the verb reads that document.
static bool settings_fit(int argc, char **argv)
{
    const char *except = NULL;
    char *why = NULL;
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
        if (!strncmp(argv[i], "--w", 3))
            except = "workloads";
    bool ok = config_settings_fit(project_root(), except, &why);
    if (!ok)
        say_error("%s", why);
    free(why);
    return ok;
}

static bool reader_is_gone(void)
{
    int saved = errno;
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
    bool gone = poll(&p, 1, 0) == 1 && p.revents & POLLERR;
    errno = saved;
    return gone;
}

// What was said must have arrived: on a full disk it has not, and then the code says so. Who closes a pipe early wants no more.
static int end(int rc)
{
    bool now = fflush(stdout) != 0, lost = (now || ferror(stdout)) && !reader_is_gone();
    if (signals_pending())
        return EXIT_INTERRUPTED;
    if (!lost || rc != EXIT_OK)
        return rc;
    say_error("cannot write the standard output%s%s", now ? ": " : "", now ? strerror(errno) : "");
    return EXIT_REFUSED;
}

int main(int argc, char **argv)
{
    if (argc > 3 && !strcmp(argv[1], "--guarded"))
        return guarded_exec(atoi(argv[2]), argv + 3);
    argp_err_exit_status = EXIT_USAGE;
    if (!take_settings(&argc, argv))
        return EXIT_USAGE;
    signals_block();
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
        !strcmp(argv[1], "help")) {
        usage(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_OK;
    }
    if (!strcmp(argv[1], "--version")) {
        puts("cloudbench " CLOUDBENCH_VERSION);
        return EXIT_OK;
    }
    for (const struct verb *v = verbs; v->name; v++)
        if (!strcmp(argv[1], v->name))
            return settings_fit(argc, argv) ? end(run_verb(v, argc, argv)) : EXIT_REFUSED;
    say_error("no verb is called \"%s\"", argv[1]);
    usage(stderr);
    return EXIT_USAGE;
}
