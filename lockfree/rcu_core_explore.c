/* rcu_core_explore.c: grace periods. CPU 0 replaces the published object and overwrites the old one's plain payload when a period is over,
 * by cookie or by callback; CPUs 1 and 2 read sections between quiet points, or come out of idle for them. A period that is too
 * short is a race on the payload or a torn section. */
#include "lockfree/explore.h"
#include "lockfree/rcu_core.h"

#define CPUS 3
#define OBJECTS 2

struct object {
    struct rcu_head head;
    uint64_t payload; /* plain */
};

static struct rcu_cpu cpus[CPUS];
static struct object objects[OBJECTS];
static uint32_t published;
static uint64_t cookie; /* CPU 0's */
static bool pending;    /* CPU 0: the object !published waits for its period */

void rcu_env_kick(unsigned cpu) { (void)cpu; }
void rcu_env_free(void *object) { (void)object; }

static void make(void *model, unsigned online, bool idle)
{
    (void)model;
    explore_name(&rcu_state, sizeof(rcu_state), 1, "rcu_state");
    explore_name(cpus, sizeof(cpus[0]), CPUS, "cpu");
    explore_name(objects, sizeof(objects[0]), OBJECTS, "object");
    explore_name(&published, sizeof(published), 1, "published");
    for (unsigned i = 0; i < online; i++) {
        rcu_cpu_online(&cpus[i], i);
        if (idle && i)
            rcu_cpu_idle_enter(&cpus[i]);
    }
    objects[0].payload = objects[1].payload = 1;
}

static void make_active(void *model) { make(model, CPUS, false); }
static void make_idle(void *model) { make(model, CPUS, true); }
/* A period has begun before anything else happens: one that does not count. */
static void make_running(void *model)
{
    make(model, CPUS, false);
    rcu_request(rcu_snapshot());
}

/* ---- CPUs 1 and 2 ---- */

static void section(struct rcu_cpu *rc)
{
    bool idle = rcu_cpu_is_idle(rc);
    struct object *o;
    uint64_t seen;

    rcu_cpu_idle_leave(rc);
    o = &objects[rcu_dereference(published)];
    seen = o->payload;
    EXPLORE_CHECK(seen && seen == o->payload);
    if (idle)
        rcu_cpu_idle_enter(rc);
}

static uint64_t section1(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    section(&cpus[1]);
    return 0;
}

static uint64_t section2(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    section(&cpus[2]);
    return 0;
}

static uint64_t quiet1(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    rcu_cpu_quiet(&cpus[1]);
    return 0;
}

static uint64_t quiet2(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    rcu_cpu_quiet(&cpus[2]);
    return 0;
}

/* A tick of a CPU that waits for callbacks of its own. */
static uint64_t force2(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    rcu_force_quiet(false);
    return 0;
}

/* ---- CPU 0 ---- */

static void overwrite(struct rcu_head *head)
{
    lf_container_of(head, struct object, head)->payload = 0;
    pending = false;
}

static uint32_t publish_other(unsigned serial)
{
    uint32_t old = published;

    objects[!old].payload = serial + 2;
    rcu_assign_pointer(published, !old);
    pending = true;
    return old;
}

static uint64_t retire(unsigned thread, unsigned serial)
{
    (void)thread;
    if (!pending) {
        publish_other(serial);
        cookie = rcu_snapshot();
        rcu_request(cookie);
    }
    return 0;
}

static uint64_t reap(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    rcu_cpu_quiet(&cpus[0]);
    rcu_force_quiet(false);
    if (pending && !rcu_cpu_has_callbacks(&cpus[0]) && rcu_poll(cookie))
        overwrite(&objects[!published].head);
    return 0;
}

static uint64_t call(unsigned thread, unsigned serial)
{
    (void)thread;
    if (!pending) {
        rcu_cpu_enqueue(&cpus[0], &objects[publish_other(serial)].head, overwrite);
        rcu_cpu_advance(&cpus[0]);
    }
    return 0;
}

static uint64_t collect(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    rcu_cpu_quiet(&cpus[0]);
    rcu_force_quiet(false);
    rcu_cpu_advance(&cpus[0]);
    cpus[0].queued -= rcu_invoke(rcu_cpu_take_done(&cpus[0], 8));
    return 0;
}

static const struct explore_op ops[] = {
    {"section1", section1, NULL, 2}, {"quiet1", quiet1, NULL, 2}, {"section2", section2, NULL, 3}, {"quiet2", quiet2, NULL, 3},
    {"force2", force2, NULL, 3},
    {"retire", retire, NULL, 1},     {"reap", reap, NULL, 1},     {"call", call, NULL, 1},         {"collect", collect, NULL, 1},
    {NULL, NULL, NULL, 0},
};

static const struct explore_initial initials[] = {
    {"active", make_active}, {"idle", make_idle}, {"running", make_running}, {NULL, NULL}};

static const struct explore_scenario scenarios[] = {
    {"active", {"retire reap reap", "section1 quiet1 section1 quiet1", "quiet2 quiet2"}},
    {"running", {"retire reap reap", "quiet1 section1 quiet1", "quiet2 section2 quiet2"}},
    {"idle", {"retire reap reap reap", "section1 section1", "section2"}},
    {"active", {"call collect collect", "section1 quiet1 section1 quiet1", "quiet2 quiet2"}},
    {"idle", {"call collect collect collect", "section1 section1 section1"}},
    {"active", {"retire reap retire", "quiet1", "quiet2 force2"}},
    {"idle", {"retire reap retire", "section1", "force2"}},
    {NULL, {NULL}},
};

static const struct explore_structure rcu_core_structure = {
    .name = "rcu_core", .ops = ops, .initials = initials, .scenarios = scenarios};

const struct explore_structure *const explore_list[] = {&rcu_core_structure, NULL};
