/* own_explore.c: the state word under its protocol: one task with its CPU in one thread (role TASK: the word's owner is one), wakers
 * of a class that fits and of one that does not, and thieves. Checked in every order: no wake-up is lost (T3), the task is in one
 * place (T1), what was saved or edited is read only by who may (T2, as races of plain accesses), DEAD is final (T5). The generation
 * starts at its wrap. */
#include "lockfree/explore.h"
#include "percpu/own.h"

#define CLASS_A 1u
#define CLASS_B 2u
#define TASK    1u

static uint64_t own;
static uint64_t posted;   /* atomic: the condition that the task waits for */
static uint32_t queued;   /* atomic: the task lies in the queue; taken by exchange, as from a shelf */
static uint64_t consumed; /* the task: what it has seen of `posted` */
static uint32_t running;  /* the task's CPU: it runs */
static uint64_t context;  /* plain, T2: the saved registers, and what owners and winners edit */

static void put_into_queue(void)
{
    EXPLORE_CHECK(atomic_fetch_add_release(&queued, 1) == 0); /* T1 */
}

static bool take_from_queue(void)
{
    return atomic_load_relaxed(&queued) && atomic_xchg_acquire(&queued, 0);
}

/* Whoever holds the task may look at it and change it. */
static void touch(void)
{
    context++;
}

static void make_running(void *model)
{
    (void)model;
    explore_name(&own, sizeof(own), 1, "own");
    explore_name(&posted, sizeof(posted), 1, "posted");
    explore_name(&queued, sizeof(queued), 1, "queued");
    explore_name(&context, sizeof(context), 1, "context");
    own = own_make(OWN_RUNNING, 0, 0, UINT32_MAX);
    running = 1;
}

static void make_parked(void *model)
{
    make_running(model);
    own = own_make(OWN_PARKED, CLASS_A, 0, UINT32_MAX);
    running = 0;
}

static void make_queued(void *model)
{
    make_running(model);
    own = own_make(OWN_RUNNABLE, CLASS_A, 0, UINT32_MAX);
    running = 0;
    queued = 1;
}

/* Memory that is to become a task. */
static void make_unborn(void *model)
{
    make_running(model);
    own = own_make(OWN_NONE, CLASS_A, 0, UINT32_MAX);
    running = 0;
}

static bool is_here(void)
{
    if (running)
        return true;
    if (!take_from_queue())
        return false;
    own_run(&own);
    touch();
    consumed = atomic_load_relaxed(&posted);
    running = 1;
    return true;
}

/* The switch: the context is saved, then the word says so. */
static void switch_away(bool voluntary)
{
    touch();
    running = 0;
    if (voluntary && own_park(&own))
        return;
    own_requeue(&own);
    put_into_queue();
}

/* Born in its parent's hands: WAKING, so that no waker takes it before it arrives. */
static uint64_t be_born(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    if (OWN_STATE(own_read(&own)) != OWN_NONE)
        return 0;
    own_init(&own, 0);
    EXPLORE_CHECK(OWN_STATE(own_read(&own)) == OWN_WAKING);
    touch();
    own_arrive(&own, 0);
    put_into_queue();
    return 0;
}

static uint64_t wait(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    if (!is_here())
        return 0;
    own_begin_wait(&own, CLASS_A);
    if (atomic_load_relaxed(&posted) == consumed) { /* T3 */
        switch_away(true);
        return 0;
    }
    own_cancel_wait(&own);
    consumed = atomic_load_relaxed(&posted);
    return 0;
}

static uint64_t preempted_wait(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    if (!is_here())
        return 0;
    own_begin_wait(&own, CLASS_A);
    switch_away(false);
    return 0;
}

static uint64_t yield(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    if (is_here())
        switch_away(false);
    return 0;
}

/* The task's CPU edits it while it sleeps. */
static uint64_t freeze(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    if (running || !own_freeze(&own, own_read(&own)))
        return 0;
    touch();
    if (!own_park(&own)) {
        own_requeue(&own);
        put_into_queue();
    }
    return 0;
}

static uint64_t die(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    if (!is_here())
        return 0;
    touch();
    running = 0;
    own_die(&own);
    return 0;
}

static uint64_t wake(unsigned thread, unsigned serial)
{
    uint64_t seen;

    (void)thread, (void)serial;
    atomic_inc_relaxed(&posted);
    if (own_wake(&own, CLASS_A | CLASS_B, &seen) != OWN_WAKE_WON)
        return 0;
    EXPLORE_CHECK(OWN_STATE(seen) == OWN_PARKED);
    touch();
    own_arrive(&own, 0);
    put_into_queue();
    return 0;
}

static uint64_t wake_other_class(unsigned thread, unsigned serial)
{
    uint64_t seen;

    (void)thread, (void)serial;
    EXPLORE_CHECK(own_wake(&own, CLASS_B, &seen) == OWN_WAKE_NOTHING);
    return 0;
}

/* The final look of who buries the task: all its CPU did is behind the word. */
static uint64_t bury(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    if (OWN_STATE(atomic_load_acquire(&own)) == OWN_DEAD)
        EXPLORE_CHECK(context < UINT64_MAX);
    return 0;
}

static uint64_t steal(unsigned thread, unsigned serial)
{
    (void)thread, (void)serial;
    if (!take_from_queue())
        return 0;
    own_migrate(&own);
    touch();
    own_arrive(&own, 0);
    put_into_queue();
    return 0;
}

static uint64_t look(unsigned thread, unsigned serial)
{
    enum own_state s = OWN_STATE(own_read(&own));

    (void)thread, (void)serial;
    EXPLORE_CHECK(queued <= 1 && queued == (s == OWN_RUNNABLE) && running == (s == OWN_RUNNING)); /* T1 */
    if (s == OWN_PARKED)
        EXPLORE_CHECK(posted == consumed); /* T3 */
    else
        EXPLORE_CHECK(s == OWN_RUNNABLE || s == OWN_RUNNING || s == OWN_DEAD || s == OWN_NONE);
    return 0;
}

static const struct explore_op ops[] = {
    {"be_born", be_born, NULL, TASK},
    {"wait", wait, NULL, TASK},
    {"preempted_wait", preempted_wait, NULL, TASK},
    {"yield", yield, NULL, TASK},
    {"freeze", freeze, NULL, TASK},
    {"die", die, NULL, TASK},
    {"wake", wake, NULL, 0},
    {"wake_other_class", wake_other_class, NULL, 0},
    {"steal", steal, NULL, 0},
    {"bury", bury, NULL, 0},
    {NULL, NULL, NULL, 0},
};

static const struct explore_initial initials[] = {
    {"running", make_running}, {"parked", make_parked}, {"queued", make_queued}, {"unborn", make_unborn},
    {NULL, NULL}};

static const struct explore_op final = {"look", look, NULL, 0};

static const struct explore_scenario scenarios[] = {
    {"running", {"wait wait preempted_wait wait freeze wait", "wake wake_other_class wake wake steal wake"}},
    {"parked", {"freeze wait freeze die", "wake wake wake bury", "wake_other_class wake steal wake"}},
    {"unborn", {"be_born wait yield wait", "wake steal wake wake"}},
    {"running", {"wait freeze wait", "wake steal wake", "wake wake wake", "steal wake_other_class bury"}},
    {NULL, {NULL}},
};

static const struct explore_structure own_structure = {
    .name = "own", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};

const struct explore_structure *const explore_list[] = {&own_structure, NULL};
