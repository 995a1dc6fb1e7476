/* seqlock_explore.c: one writer, any readers: what a reader returns is one writer's whole state. */
#include "lockfree/explore.h"
#include "lockfree/seqlock.h"

struct model {
    uint64_t value;
};

static struct seqcount seq;
static uint32_t a, b; /* always equal, as readers see them */

static void make_at(uint32_t start)
{
    explore_name(&seq, sizeof(seq), 1, "seq");
    explore_name(&a, sizeof(a), 1, "a");
    explore_name(&b, sizeof(b), 1, "b");
    seq.seq = start;
}

static void make_zero(void *model)
{
    (void)model;
    make_at(0);
}

static void make_wrap(void *model)
{
    (void)model;
    make_at((uint32_t)-2);
}

static uint64_t write(unsigned thread, unsigned serial)
{
    (void)thread;
    seq_write_begin(&seq);
    atomic_store_relaxed(&a, serial + 1);
    atomic_store_relaxed(&b, serial + 1);
    seq_write_end(&seq);
    return 0;
}

static bool write_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    m->value = serial + 1;
    *result = 0;
    return outcome == 0;
}

static uint64_t read(unsigned thread, unsigned serial)
{
    uint32_t begun, x, y;

    (void)thread;
    (void)serial;
    do {
        begun = seq_read_begin(&seq);
        x = atomic_load_relaxed(&a);
        y = atomic_load_relaxed(&b);
    } while (seq_read_retry(&seq, begun));
    return (uint64_t)x << 32 | y;
}

static bool read_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result)
{
    struct model *m = model;

    (void)thread;
    (void)serial;
    *result = m->value << 32 | m->value;
    return outcome == 0;
}

static const struct explore_op ops[] = {
    {"write", write, write_spec, 1}, {"read", read, read_spec, 0}, {NULL, NULL, NULL, 0}};

static const struct explore_op last = {"read at the end", read, read_spec, 0};

static const struct explore_initial initials[] = {{"zero", make_zero}, {"wrap", make_wrap}, {NULL, NULL}};

static const struct explore_scenario scenarios[] = {
    {"wrap", {"write write write write write write", "read read read read read read"}},
    {"wrap", {"write write write write", "read read read read", "read read read read"}},
    {"zero", {"write write write", "read read read", "read read read", "read read read"}},
    {NULL, {NULL}},
};

static const struct explore_structure structure = {
    .name = "seqlock", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &last};

const struct explore_structure *const explore_list[] = {&structure, NULL};
