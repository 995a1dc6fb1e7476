/* rcu_core_explore.c: grace periods. CPU 0 replaces the published object and overwrites the old one's plain payload when a period is over,
 * by cookie or by callback; other CPUs read sections between quiet points, come out of idle for them, come up and go. A period that is too
 * short is a race on the payload or a torn section. At the end each CPU passes quiet points for a while: then every period that was
 * asked for must be over, every callback have run once, in its CPU's order, and nothing be left in the tree. */
#include "lockfree/explore.h"
#include "lockfree/rcu_core.h"

#define CPUS 3
#define OBJECTS 2
#define HEADS 32
#define UPDATER 1 /* roles: one thread is one CPU */
#define SECOND 2
#define THIRD 3

struct object {
    struct rcu_head head;
    uint64_t payload; /* plain */
};

struct callback {
    struct rcu_head head;
    uint32_t cpu, order; /* the order'th of this CPU */
};

static struct rcu_cpu cpus[CPUS];
static uint32_t numbers[CPUS]; /* of the CPUs in the tree */
static bool online[CPUS];      /* the CPU's own; the last CPU's changes */
static uint32_t dead;          /* the last CPU went: its callbacks are CPU 0's to adopt */
static struct object objects[OBJECTS];
static struct callback callbacks[HEADS];
static uint32_t queued_by[CPUS], ran_of[CPUS];
static uint32_t published;
static uint64_t cookie; /* CPU 0's */
static bool pending;    /* CPU 0: the object !published waits for its period */
static uint32_t retired; /* by CPU 2, and not overwritten */
static uint32_t kicks;
static bool alone;
static const void *freed;

void rcu_env_kick(unsigned cpu)
{
    (void)cpu;
    if (alone)
        kicks++;
}

void rcu_env_free(void *object)
{
    freed = object;
}

static void bring_up(unsigned i, unsigned number)
{
    numbers[i] = number;
    rcu_cpu_online(&cpus[i], number);
    online[i] = true;
}

static void make(void *model)
{
    (void)model;
    explore_name(&rcu_state, sizeof(rcu_state), 1, "rcu_state");
    explore_name(cpus, sizeof(cpus[0]), CPUS, "cpu");
    explore_name(objects, sizeof(objects[0]), OBJECTS, "object");
    explore_name(callbacks, sizeof(callbacks[0]), HEADS, "callback");
    explore_name(&published, sizeof(published), 1, "published");
    objects[0].payload = objects[1].payload = 1;
}

/* CPU 2 is idle: what two others do is enough to end a period. */
static void make_active(void *model)
{
    make(model);
    for (unsigned i = 0; i < CPUS; i++)
        bring_up(i, i);
    rcu_cpu_idle_enter(&cpus[2]);
}

static void make_idle(void *model)
{
    make_active(model);
    rcu_cpu_idle_enter(&cpus[1]);
}

/* A period has begun before anything else happens: one that does not count. */
static void make_running(void *model)
{
    make_active(model);
    rcu_request(rcu_snapshot());
}

/* The others are on a leaf of their own, and one of them has been looked at already. */
static void make_wide(void *model)
{
    make(model);
    bring_up(0, 0);
    bring_up(1, RCU_LEAF_CPUS);
    bring_up(2, RCU_LEAF_CPUS + 1);
    rcu_request(rcu_snapshot());
    rcu_force_quiet(false);
    rcu_cpu_idle_enter(&cpus[2]);
}

/* ---- sections ---- */

static void section(void)
{
    struct object *o = &objects[rcu_dereference(published)];
    uint64_t seen = o->payload;

    EXPLORE_CHECK(seen && seen == o->payload);
}

static void read_twice(struct rcu_cpu *rc)
{
    bool idle = rcu_cpu_is_idle(rc);

    rcu_cpu_idle_leave(rc);
    section();
    rcu_cpu_quiet(rc);
    section();
    if (idle)
        rcu_cpu_idle_enter(rc);
    else
        rcu_cpu_quiet(rc);
}

#define RUN(name, ...)                                                                             \
    static uint64_t name(unsigned thread, unsigned serial)                                         \
    {                                                                                              \
        (void)thread;                                                                              \
        (void)serial;                                                                              \
        __VA_ARGS__                                                                                \
        return 0;                                                                                  \
    }

RUN(read1, read_twice(&cpus[1]);)
/* An interrupt of an idle CPU. */
RUN(read2, if (!online[2]) return 0; rcu_cpu_idle_leave(&cpus[2]); section(); rcu_cpu_idle_enter(&cpus[2]);)
/* A task that may be anywhere. */
RUN(request2, rcu_request(rcu_snapshot());)
RUN(quiet1, if (online[1] && !rcu_cpu_is_idle(&cpus[1])) rcu_cpu_quiet(&cpus[1]);)
/* A tick of a CPU that waits for callbacks of its own. */
RUN(force1, rcu_force_quiet(false);)
RUN(force2, rcu_force_quiet(false);)

/* ---- updates ---- */

static void overwrite(struct rcu_head *head)
{
    lf_container_of(head, struct object, head)->payload = 0;
    pending = false;
}

/* Once. */
static void overwrite_retired(struct rcu_head *head)
{
    EXPLORE_CHECK(retired == 1);
    retired--;
    overwrite(head);
}

static uint32_t publish_other(unsigned serial)
{
    uint32_t old = published;

    objects[!old].payload = serial + 2;
    rcu_assign_pointer(published, !old);
    pending = true;
    return old;
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

static uint64_t replace(unsigned thread, unsigned serial)
{
    if (!pending) {
        publish_other(serial);
        cookie = rcu_snapshot();
        rcu_request(cookie);
    }
    return reap(thread, serial);
}

/* ---- callbacks ---- */

static void note(struct rcu_head *head)
{
    struct callback *c = lf_container_of(head, struct callback, head);

    EXPLORE_CHECK(c->order == ran_of[c->cpu]); /* U3 */
    ran_of[c->cpu]++;
}

static void enqueue(unsigned cpu, unsigned serial)
{
    struct callback *c = &callbacks[serial];

    c->cpu = cpu;
    c->order = queued_by[cpu]++;
    rcu_cpu_enqueue(&cpus[cpu], &c->head, note);
}

/* One by one, then the rest: what is taken does not take the rest along. */
static void collect(struct rcu_cpu *rc)
{
    uint32_t before = rc->queued;

    rcu_cpu_advance(rc);
    rc->queued -= rcu_invoke(rcu_cpu_take_done(rc, 1));
    rc->queued -= rcu_invoke(rcu_cpu_take_done(rc, HEADS));
    EXPLORE_CHECK(rc->queued <= before && !rcu_cpu_has_done(rc));
}

static uint64_t call0(unsigned thread, unsigned serial)
{
    (void)thread;
    if (!pending)
        rcu_cpu_enqueue(&cpus[0], &objects[publish_other(serial)].head, overwrite);
    else
        enqueue(0, serial);
    rcu_cpu_advance(&cpus[0]);
    return 0;
}

static uint64_t collect0(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    rcu_cpu_quiet(&cpus[0]);
    rcu_force_quiet(false);
    collect(&cpus[0]);
    return 0;
}

static uint64_t call1(unsigned thread, unsigned serial)
{
    (void)thread;
    enqueue(1, serial);
    rcu_cpu_quiet(&cpus[1]);
    collect(&cpus[1]);
    return 0;
}

/* ---- CPUs that come and go ---- */

static void come_up(unsigned i)
{
    if (online[i] || atomic_load_acquire(&dead))
        return;
    bring_up(i, numbers[i]);
    section();
}

RUN(up1, come_up(1);)
RUN(up2, come_up(2);)

static uint64_t down2(unsigned thread, unsigned serial)
{
    (void)thread;
    if (!online[2])
        return 0;
    section();
    enqueue(2, serial);
    rcu_cpu_offline(&cpus[2]);
    online[2] = false;
    atomic_store_release(&dead, 1);
    return 0;
}

static void adopt(void)
{
    if (!atomic_load_acquire(&dead))
        return;
    rcu_cpu_adopt(&cpus[0], &cpus[2]);
    EXPLORE_CHECK(!rcu_cpu_has_callbacks(&cpus[2]));
    atomic_store_release(&dead, 0);
}

RUN(adopt0, adopt(); collect0(thread, serial);)

/* CPU 2 goes, and with it callbacks in several segments. In one of them is the object that it replaced: it must not be overwritten early
 * because another CPU has it now. */
enum segment { WAIT, READY, NEXT };

static void retire(unsigned serial, enum segment where)
{
    retired++;
    if (where == READY) {
        enqueue(2, serial + EXPLORE_OPS);
        rcu_cpu_advance(&cpus[2]); /* starts a period: what follows needs the one after it */
    }
    if (where == NEXT)
        rcu_cpu_quiet(&cpus[2]); /* so that going offline it has nothing to answer, and asks for nothing */
    rcu_cpu_enqueue(&cpus[2], &objects[publish_other(serial)].head, overwrite_retired);
    if (where != NEXT)
        rcu_cpu_advance(&cpus[2]);
}

RUN(wait2, if (online[2]) retire(serial, WAIT); return down2(thread, serial);)
RUN(ready2, if (online[2]) retire(serial, READY); return down2(thread, serial);)
RUN(next2, if (online[2]) retire(serial, NEXT); return down2(thread, serial);)

/* The adopter's own, one after the other. */
RUN(own0, enqueue(0, serial); collect0(thread, serial);)

/* CPU 2 has never been there. */
static void make_two(void *model)
{
    make(model);
    bring_up(0, 0);
    bring_up(1, 1);
    numbers[2] = 2;
}

static void make_two_idle(void *model)
{
    make_two(model);
    rcu_cpu_idle_enter(&cpus[1]);
}

/* Two CPUs come up, each on a leaf that is new. */
static void make_one(void *model)
{
    make(model);
    bring_up(0, 0);
    numbers[1] = RCU_LEAF_CPUS;
    numbers[2] = 2 * RCU_LEAF_CPUS;
}

static void make_two_running(void *model)
{
    make_two(model);
    numbers[2] = RCU_LEAF_CPUS;
    rcu_request(rcu_snapshot());
    rcu_cpu_quiet(&cpus[0]);
}

/* It is there, and a period waits for it. */
static void make_three(void *model)
{
    make_two(model);
    bring_up(2, 2);
    rcu_request(rcu_snapshot());
    rcu_cpu_quiet(&cpus[0]);
}

/* The same, and no period has begun. */
static void make_all(void *model)
{
    make_two(model);
    bring_up(2, 2);
}

/* ---- the end ---- */

static void pass_quiet_points(void)
{
    for (unsigned i = 0; i < CPUS; i++)
        if (online[i] && !rcu_cpu_is_idle(&cpus[i]))
            rcu_cpu_quiet(&cpus[i]);
    rcu_force_quiet(false);
    for (unsigned i = 0; i < CPUS; i++)
        if (online[i])
            collect(&cpus[i]);
}

static void check_tree(void)
{
    EXPLORE_CHECK(!(rcu_state.gp_seq & 1) && (int64_t)(rcu_state.needed - rcu_state.gp_seq) <= 0); /* G3 */
    EXPLORE_CHECK(!rcu_state.starting && !rcu_state.force_lock && !rcu_state.root);
    for (unsigned i = 0; i < CPUS; i++)
        EXPLORE_CHECK(!(uint32_t)rcu_state.leaf[numbers[i] / RCU_LEAF_CPUS].word);
    for (unsigned i = 0; i < CPUS; i++) {
        uint32_t bit = rcu_state.leaf[numbers[i] / RCU_LEAF_CPUS].online >> numbers[i] % RCU_LEAF_CPUS;

        EXPLORE_CHECK((bit & 1) == online[i]);
    }
}

static uint64_t settle(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    adopt();
    for (unsigned i = 0; i < 8; i++)
        pass_quiet_points();
    check_tree();
    for (unsigned i = 0; i < CPUS; i++)
        EXPLORE_CHECK(!rcu_cpu_has_callbacks(&cpus[i]) && queued_by[i] == ran_of[i]);
    EXPLORE_CHECK(!retired && (!pending || rcu_poll(cookie)));
    return 0;
}

static const struct explore_op final = {"settle", settle, NULL, 0};

static const struct explore_op ops[] = {
    {"replace", replace, NULL, UPDATER}, {"reap", reap, NULL, UPDATER},   {"read1", read1, NULL, SECOND},
    {"quiet1", quiet1, NULL, SECOND},    {"read2", read2, NULL, THIRD},   {"force2", force2, NULL, THIRD},
    {NULL, NULL, NULL, 0},
};

static const struct explore_initial initials[] = {
    {"active", make_active}, {"idle", make_idle}, {"running", make_running}, {"wide", make_wide}, {NULL, NULL}};

static const struct explore_scenario scenarios[] = {
    {"active", {"replace reap reap", "read1 read1", "read2"}},
    {"running", {"replace reap reap", "quiet1 read1", "read2 force2"}},
    {"idle", {"replace reap reap", "read1 read1", "read2"}},
    {"wide", {"replace reap replace reap", "read1 quiet1 read1"}},
    {NULL, {NULL}},
};

static const struct explore_op call_ops[] = {
    {"call0", call0, NULL, UPDATER}, {"collect0", collect0, NULL, UPDATER}, {"call1", call1, NULL, SECOND},
    {"read1", read1, NULL, SECOND},  {"force2", force2, NULL, THIRD},       {NULL, NULL, NULL, 0},
};

static const struct explore_initial call_initials[] = {{"active", make_active}, {"running", make_running}, {NULL, NULL}};

static const struct explore_scenario call_scenarios[] = {
    {"active", {"call0 collect0 collect0", "read1 call1 read1"}},
    {"running", {"call0 call0 collect0 collect0", "call1 call1 call1"}},
    {NULL, {NULL}},
};

static const struct explore_op request_ops[] = {
    {"replace", replace, NULL, UPDATER}, {"read1", read1, NULL, SECOND}, {"quiet1", quiet1, NULL, SECOND},
    {"request2", request2, NULL, THIRD}, {NULL, NULL, NULL, 0},
};

static const struct explore_initial request_initials[] = {{"active", make_active}, {"running", make_running}, {NULL, NULL}};

static const struct explore_op plug_ops[] = {
    {"replace", replace, NULL, UPDATER}, {"adopt0", adopt0, NULL, UPDATER}, {"quiet1", quiet1, NULL, SECOND},
    {"force1", force1, NULL, SECOND},    {"up1", up1, NULL, SECOND},       {"up2", up2, NULL, THIRD},
    {"down2", down2, NULL, THIRD},       {NULL, NULL, NULL, 0},
};

/* Callbacks that change hands, beside readers, periods that run, and callbacks of the adopter's own. */
static const struct explore_op adopt_ops[] = {
    {"own0", own0, NULL, UPDATER},   {"adopt0", adopt0, NULL, UPDATER}, {"read1", read1, NULL, SECOND},
    {"wait2", wait2, NULL, THIRD},   {"ready2", ready2, NULL, THIRD},   {"next2", next2, NULL, THIRD},
    {NULL, NULL, NULL, 0},
};

static const struct explore_initial adopt_initials[] = {{"all", make_all}, {NULL, NULL}};

static const struct explore_scenario adopt_scenarios[] = {
    {"all", {"own0 adopt0 own0 adopt0", "read1 read1", "wait2"}},
    {"all", {"own0 adopt0 own0", "read1 read1 read1", "ready2"}},
    {NULL, {NULL}},
};

/* Two CPUs only: the third comes up, or out of idle, beside a period. Few states with weak loads too. */
static const struct explore_op two_ops[] = {
    {"replace", replace, NULL, UPDATER}, {"read2", read2, NULL, THIRD}, {"up2", up2, NULL, THIRD}, {NULL, NULL, NULL, 0}};

static const struct explore_initial two_initials[] = {{"idle", make_idle}, {"two", make_two_idle}, {NULL, NULL}};

/* A CPU that nobody has seen before is looked at. */
static const struct explore_op first_ops[] = {
    {"collect0", collect0, NULL, UPDATER}, {"call1", call1, NULL, SECOND}, {"up2", up2, NULL, THIRD}, {NULL, NULL, NULL, 0}};

static const struct explore_initial first_initials[] = {{"two, running", make_two_running}, {NULL, NULL}};

static const struct explore_initial plug_initials[] = {
    {"one", make_one}, {"two", make_two_idle}, {"two, running", make_two_running}, {"three", make_three}, {NULL, NULL}};

static const struct explore_scenario plug_scenarios[] = {
    {"three", {"replace adopt0 adopt0", "quiet1 quiet1", "down2 up2"}},
    {"two, running", {"replace replace", "quiet1 quiet1", "up2 down2"}},
    {NULL, {NULL}},
};

/* ---- what one CPU does with many callbacks, by itself ---- */

#define FEW 4
#define MANY 10240 /* of callbacks, where a flood is looked at */

static void make_alone(void *model)
{
    make_active(model);
    alone = true;
}

static void run_all(void)
{
    for (unsigned i = 0; i < 4; i++) {
        rcu_cpu_quiet(&cpus[1]);
        collect0(0, 0);
    }
    EXPLORE_CHECK(queued_by[0] == ran_of[0]);
}

/* The count becomes `count`, though most of them are not there. */
static void enqueue_up_to(uint32_t count)
{
    uint32_t absent = count - FEW - cpus[0].queued;

    cpus[0].queued += absent;
    for (unsigned i = 0; i < FEW; i++)
        enqueue(0, queued_by[0] % HEADS);
    cpus[0].queued -= absent;
}

/* The last of a batch asks for a period, without hurry. */
RUN(batch, uint64_t needed = rcu_state.needed; uint32_t before = kicks;
    enqueue_up_to(RCU_ADVANCE_BATCH);
    EXPLORE_CHECK(rcu_state.needed != needed && kicks == before);
    run_all();)

/* A flood kicks who has not answered, and its own CPU when there is something to run. */
RUN(flood, uint32_t before;
    enqueue_up_to(RCU_ADVANCE_BATCH);
    rcu_cpu_quiet(&cpus[0]);
    rcu_cpu_quiet(&cpus[1]);
    rcu_force_quiet(false);
    before = kicks;
    enqueue_up_to(MANY);
    EXPLORE_CHECK(kicks - before == 3); /* two for the new period, one for this CPU */
    run_all();)

/* The CPUs of a period are kicked when it has been looked at some times. */
RUN(rounds, rcu_request(rcu_snapshot());
    for (unsigned i = 0; i < 5; i++) {
        uint32_t before = kicks;

        rcu_force_quiet(false);
        EXPLORE_CHECK(kicks - before == (i < 3 ? 0 : 2));
    }
    rcu_cpu_quiet(&cpus[0]);
    rcu_cpu_quiet(&cpus[1]);)

/* kfree_rcu: the callback is the head's place in the object. */
RUN(release, rcu_cpu_enqueue(&cpus[0], &callbacks[HEADS - 1].head, (void (*)(struct rcu_head *))16); run_all();
    EXPLORE_CHECK(freed == (const char *)&callbacks[HEADS - 1] - 16);)

static const struct explore_op alone_ops[] = {
    {"batch", batch, NULL, UPDATER},   {"flood", flood, NULL, UPDATER}, {"rounds", rounds, NULL, UPDATER},
    {"release", release, NULL, UPDATER}, {NULL, NULL, NULL, 0},
};

static const struct explore_initial alone_initials[] = {{"alone", make_alone}, {NULL, NULL}};

static const struct explore_structure periods = {
    .name = "rcu_core", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};
static const struct explore_structure calls = {
    .name = "rcu_core_calls", .ops = call_ops, .initials = call_initials, .scenarios = call_scenarios, .final = &final};
static const struct explore_structure requests = {
    .name = "rcu_core_requests", .ops = request_ops, .initials = request_initials, .final = &final};
static const struct explore_structure plug = {
    .name = "rcu_core_plug", .ops = plug_ops, .initials = plug_initials, .scenarios = plug_scenarios, .final = &final};
static const struct explore_structure adoption = {
    .name = "rcu_core_adopt", .ops = adopt_ops, .initials = adopt_initials, .scenarios = adopt_scenarios, .final = &final};
static const struct explore_structure first_time = {
    .name = "rcu_core_new", .ops = first_ops, .initials = first_initials, .final = &final};
static const struct explore_structure two = {
    .name = "rcu_core_two", .ops = two_ops, .initials = two_initials, .final = &final};
static const struct explore_structure sequential = {
    .name = "rcu_core_alone", .ops = alone_ops, .initials = alone_initials, .final = &final};

const struct explore_structure *const explore_list[] = {
    &sequential, &two, &calls, &requests, &first_time, &plug, &periods, &adoption, NULL};
