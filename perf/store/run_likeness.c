// Words are compared, not numbers: what a user reads is what was compared.
#include "perf/store/run_likeness.h"

#include "perf/util/json_get.h"
#include "perf/util/text_buf.h"

#include <stdlib.h>
#include <string.h>

static char *host_of(json_t *run)
{
    json_t *id = json_object_get(run, "identity"), *host = json_object_get(id, "host");
    json_t *imported = json_object_get(run, "imported");
    if (imported)
        return x_printf("%s %s on %s", text_of(imported, "tool"),
                        *text_of(imported, "version") ? text_of(imported, "version") : "(version not given)",
                        *text_of(host, "name") ? text_of(host, "name") : "a host not named");
    if (!strcmp(text_of(run, "tier"), "det"))
        return x_printf("QEMU %s", text_of(json_object_get(id, "qemu"), "version"));
    return x_printf("%s, %d CPUs", text_of(host, "cpu"),
                    (int)json_integer_value(json_object_get(host, "cpus")));
}

// Times of a machine are also those of the QEMU that made it, emulated or by hardware: "QEMU 7.2.22", "" where it is not known.
// Exact counts have it as their host, imported figures have none.
static char *emulator_of(json_t *run)
{
    bool host = json_object_get(run, "imported") || !strcmp(text_of(run, "tier"), "det");
    const char *version = text_of(json_object_get(json_object_get(run, "identity"), "qemu"), "version");
    return host || !*version ? x_strdup("") : x_printf("QEMU %s", version);
}

// What the rule gave may differ from run to run (which cores were free); the rule must not.
static char *placement_of(json_t *run)
{
    json_t *p = json_object_get(run, "placement");
    int huge = (int)number_of(p, "huge_page_kb");
    struct text_buf t = {0};
    text_add(&t, p ? text_of(p, "rule") : "none");
    if (huge)
        text_addf(&t, ", huge pages of %d kB", huge);
    if (!strcmp(text_of(p, "halt"), "guest"))
        text_add(&t, ", halts in the guest");
    return t.data;
}

static char *topology_of(json_t *run)
{
    return x_strdup(text_of(json_object_get(run, "topology"), "name"));
}

// Of several CPUs under instruction counting: how long each runs before the next one's turn.
static char *turns_of(json_t *run)
{
    int turn = (int)number_of(json_object_get(run, "identity"), "turn_ns");
    bool several = !strcmp(text_of(run, "tier"), "det") && number_of(json_object_get(run, "topology"), "cpus") > 1;
    return turn ? x_printf("%d ns", turn) : x_strdup(several ? "until the next timer" : "none");
}

char *run_fingerprint(json_t *run)
{
    char *host = host_of(run), *emulator = emulator_of(run), *placement = placement_of(run), *turns = turns_of(run);
    struct text_buf t = {0};
    text_add(&t, host);
    if (*emulator)
        text_addf(&t, ", %s", emulator);
    if (json_object_get(run, "placement"))
        text_addf(&t, ", placed %s", placement);
    if (number_of(json_object_get(run, "identity"), "turn_ns"))
        text_addf(&t, ", turns of %s", turns);
    free(host);
    free(emulator);
    free(placement);
    free(turns);
    return t.data;
}

static void add_if_unlike(json_t *list, const char *what, char *(*of)(json_t *), json_t *a, json_t *b)
{
    char *x = of(a), *y = of(b);
    if (strcmp(x, y))
        json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "what", what, "a", x, "b", y));
    free(x);
    free(y);
}

json_t *run_unlike(json_t *a, json_t *b)
{
    json_t *list = json_array();
    add_if_unlike(list, "host", host_of, a, b);
    add_if_unlike(list, "emulator", emulator_of, a, b);
    add_if_unlike(list, "placement", placement_of, a, b);
    add_if_unlike(list, "topology", topology_of, a, b);
    add_if_unlike(list, "turn", turns_of, a, b);
    return list;
}

char *run_unlike_why(json_t *a, json_t *b)
{
    json_t *list = run_unlike(a, b), *u;
    struct text_buf t = {0};
    size_t i;
    json_array_foreach (list, i, u)
        text_addf(&t, "%s %s%s (\"%s\" and \"%s\")", i ? "," : "the runs are of different",
                  !strcmp(text_of(u, "what"), "topology") ? "topologie" : text_of(u, "what"), "s", text_of(u, "a"), text_of(u, "b"));
    json_decref(list);
    return t.data;
}
