/* rcu_list_explore.c: readers walk a list that one writer changes, circular and one-pointer lists alike, against a row of keys. Two
 * nodes are there from the beginning; a key is inserted at most once between two removals, so that to look for one key is exact,
 * while a walk as a whole is no snapshot. Nothing is freed: when it may be is RCU's business. */
#include "lockfree/explore.h"
#include "lockfree/rcu_list.h"

#define ROW (EXPLORE_OPS + 2)

enum { FIRST = 1, SECOND, BEFORE, BEHIND, AFTER }; /* keys: the two that are there; in front of all, behind FIRST, at the end */

struct list_head {
    struct list_head *next, *prev;
};

struct item {
    struct list_head link;
    struct hlist_node hlink;
    uint64_t key, shadow; /* plain: what adding publishes */
};

struct model {
    uint8_t n;
    uint8_t key[ROW];
};

/* One of the two kinds of list. */
struct kind {
    void (*add_front)(struct item *i);
    void (*add_behind)(struct item *i, struct item *at);
    void (*add_end)(struct item *i);
    void (*del)(struct item *i);
    uint64_t (*keys)(void);    /* bit mask of the keys that a walk meets */
    unsigned (*row)(uint8_t *); /* alone: all keys in order, and whether the links back agree */
};

static const struct kind *kind;
static struct list_head list;
static struct hlist_head hlist;
static struct item items[ROW], *const first = &items[EXPLORE_OPS], *const second = &items[EXPLORE_OPS + 1];
static bool in[ROW]; /* the writer's */

static uint64_t meet(const struct item *i)
{
    EXPLORE_CHECK(i->key && i->key == ~i->shadow);
    return 1ull << i->key;
}

static void list_front(struct item *i) { list_add_rcu(&i->link, &list); }
static void list_behind(struct item *i, struct item *at) { list_add_rcu(&i->link, &at->link); }
static void list_end(struct item *i) { list_add_tail_rcu(&i->link, &list); }
static void list_del(struct item *i) { list_del_rcu(&i->link); }

static uint64_t list_keys(void)
{
    uint64_t keys = 0;
    struct item *i;

    list_for_each_entry_rcu(i, &list, link)
        keys |= meet(i);
    return keys;
}

static unsigned list_row(uint8_t *row)
{
    struct list_head *before = &list;
    unsigned n = 0;

    for (struct list_head *at = list.next; at != &list; before = at, at = at->next) {
        EXPLORE_CHECK(at->prev == before);
        row[n++] = (uint8_t)lf_container_of(at, struct item, link)->key;
    }
    EXPLORE_CHECK(list.prev == before);
    return n;
}

static void hlist_front(struct item *i) { hlist_add_head_rcu(&i->hlink, &hlist); }
static void hlist_behind(struct item *i, struct item *at) { hlist_add_behind_rcu(&i->hlink, &at->hlink); }
static void hlist_del(struct item *i) { hlist_del_rcu(&i->hlink); }

static void hlist_end(struct item *i)
{
    struct hlist_node *at = hlist.first;

    while (at && at->next)
        at = at->next;
    if (at)
        hlist_add_behind_rcu(&i->hlink, at);
    else
        hlist_front(i);
}

static uint64_t hlist_keys(void)
{
    uint64_t keys = 0;
    struct item *i;

    hlist_for_each_entry_rcu(i, &hlist, hlink)
        keys |= meet(i);
    return keys;
}

static unsigned hlist_row(uint8_t *row)
{
    struct hlist_node **link = &hlist.first;
    unsigned n = 0;

    for (; *link; link = &(*link)->next) {
        EXPLORE_CHECK((*link)->pprev == link);
        row[n++] = (uint8_t)lf_container_of(*link, struct item, hlink)->key;
    }
    return n;
}

static const struct kind circular = {list_front, list_behind, list_end, list_del, list_keys, list_row};
static const struct kind one_pointer = {hlist_front, hlist_behind, hlist_end, hlist_del, hlist_keys, hlist_row};

static struct item *item_make(unsigned i, uint64_t key)
{
    items[i].key = key;
    items[i].shadow = ~key;
    in[i] = true;
    return &items[i];
}

static void make(void *model, const struct kind *k, bool filled)
{
    struct model *m = model;

    kind = k;
    list.next = list.prev = &list;
    explore_name(&list, sizeof(list), 1, "list");
    explore_name(&hlist, sizeof(hlist), 1, "hlist");
    explore_name(items, sizeof(items[0]), ROW, "item");
    for (unsigned i = 0; filled && i < 2; i++) {
        kind->add_end(item_make(EXPLORE_OPS + i, FIRST + i));
        m->key[m->n++] = (uint8_t)(FIRST + i);
    }
}

static void make_list(void *model) { make(model, &circular, false); }
static void make_list_two(void *model) { make(model, &circular, true); }
static void make_hlist(void *model) { make(model, &one_pointer, false); }
static void make_hlist_two(void *model) { make(model, &one_pointer, true); }

static unsigned place_of(const struct model *m, unsigned key)
{
    unsigned i = 0;

    while (i < m->n && m->key[i] != key)
        i++;
    return i;
}

static void model_insert(struct model *m, unsigned at, unsigned key)
{
    for (unsigned i = m->n++; i > at; i--)
        m->key[i] = m->key[i - 1];
    m->key[at] = (uint8_t)key;
}

static void model_remove(struct model *m, unsigned at)
{
    for (m->n--; at < m->n; at++)
        m->key[at] = m->key[at + 1];
    m->key[m->n] = 0;
}

#define RUN(name, ...)                                                                             \
    static uint64_t name(unsigned thread, unsigned serial)                                         \
    {                                                                                              \
        (void)thread, (void)serial;                                                                \
        __VA_ARGS__                                                                                \
    }
#define SPEC(name, ...)                                                                            \
    static bool name##_spec(void *model, unsigned thread, unsigned serial, unsigned outcome, uint64_t *result) \
    {                                                                                              \
        struct model *m = model;                                                                   \
                                                                                                   \
        (void)thread, (void)serial;                                                                \
        *result = 0;                                                                               \
        __VA_ARGS__                                                                                \
        return outcome == 0;                                                                       \
    }

RUN(add_front, kind->add_front(item_make(serial, BEFORE)); return 0;)
SPEC(add_front, model_insert(m, 0, BEFORE);)
RUN(add_end, kind->add_end(item_make(serial, AFTER)); return 0;)
SPEC(add_end, model_insert(m, m->n, AFTER);)
RUN(add_behind, if (!in[EXPLORE_OPS]) return 0; kind->add_behind(item_make(serial, BEHIND), first); return 1;)
SPEC(add_behind, unsigned at = place_of(m, FIRST); if ((*result = at < m->n)) model_insert(m, at + 1, BEHIND);)

static uint64_t del(struct item *i)
{
    bool was = in[i - items];

    if (was)
        kind->del(i);
    in[i - items] = false;
    return was;
}

static void model_del(struct model *m, unsigned key, uint64_t *result)
{
    unsigned at = place_of(m, key);

    if ((*result = at < m->n))
        model_remove(m, at);
}

RUN(del_first, return del(first);)
SPEC(del_first, model_del(m, FIRST, result);)
RUN(del_second, return del(second);)
SPEC(del_second, model_del(m, SECOND, result);)

#define FIND(name, which)                                                                          \
    RUN(find_##name, return kind->keys() >> (which) & 1;)                                          \
    SPEC(find_##name, *result = place_of(m, which) < m->n;)
FIND(first, FIRST)
FIND(second, SECOND)
FIND(before, BEFORE)
FIND(behind, BEHIND)
FIND(after, AFTER)

/* Alone: the order, and the links back. */
static uint64_t number_of(const uint8_t *row, unsigned n)
{
    uint64_t all = 1;

    for (unsigned i = 0; i < n; i++)
        all = all * 8 + row[i];
    return all;
}

RUN(rest, uint8_t row[ROW]; return number_of(row, kind->row(row));)
SPEC(rest, *result = number_of(m->key, m->n);)

#define WRITER(name) {#name, name, name##_spec, 1}
#define READER(name) {#name, name, name##_spec, 0}

static const struct explore_op ops[] = {
    WRITER(add_front), WRITER(add_end), WRITER(add_behind), WRITER(del_first), WRITER(del_second), READER(find_first),
    READER(find_second), READER(find_before), READER(find_behind), READER(find_after), {NULL, NULL, NULL, 0}};

static const struct explore_op final = {"rest", rest, rest_spec, 0};

static const struct explore_initial initials[] = {
    {"list", make_list}, {"list_two", make_list_two}, {"hlist", make_hlist}, {"hlist_two", make_hlist_two}, {NULL, NULL}};

static const struct explore_scenario scenarios[] = {
    {"list_two", {"add_behind del_first add_front del_second", "find_second find_behind", "find_before"}},
    {"hlist_two", {"add_behind del_first add_front del_second", "find_second find_behind", "find_before"}},
    {"list_two", {"add_end del_second del_first add_front", "find_after find_second", "find_before find_after"}},
    {"hlist_two", {"add_end del_second del_first add_front", "find_after find_second", "find_before find_after"}},
    {NULL, {NULL}},
};

static const struct explore_structure structure = {
    .name = "rcu_list", .ops = ops, .initials = initials, .scenarios = scenarios, .final = &final};

const struct explore_structure *const explore_list[] = {&structure, NULL};
