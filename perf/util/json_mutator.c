// libFuzzer's mutations for documents that are JSON (ci/fuzz links it to such targets): a node of the tree becomes another value, a copy of another
// node, or goes; what is not JSON yet is changed as bytes. Random bytes seldom are JSON, and then seldom of a known schema.
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max, unsigned seed);

struct walk {
    unsigned long seen, chosen; // nodes in the order of the walk
    json_t *parent, *node;      // what stands at `chosen`
    const char *key;
    size_t index;
};

static void visit(struct walk *w, json_t *parent, const char *key, size_t index, json_t *node)
{
    json_t *v;
    const char *name;
    size_t i;
    if (w->seen++ == w->chosen) {
        w->parent = parent;
        w->key = key;
        w->index = index;
        w->node = node;
    }
    json_array_foreach (node, i, v)
        visit(w, node, NULL, i, v);
    json_object_foreach (node, name, v)
        visit(w, node, name, 0, v);
}

static struct walk choose(json_t *root, unsigned long at)
{
    struct walk w = {.chosen = (unsigned long)-1};
    visit(&w, NULL, NULL, 0, root);
    w.chosen = at % w.seen;
    w.seen = 0;
    visit(&w, NULL, NULL, 0, root);
    return w;
}

static json_t *another_value(json_t *root, unsigned long at)
{
    static const char *const texts[] = {"null", "true", "-1", "0", "1", "0.5", "1e308", "-1e308", "1e-320", "9007199254740993", "-9223372036854775808", "\"\"",
                                        "\"x\"", "\"|<\"", "\"|'\"", "[]", "{}", "[[]]", "[1,2,3]"};
    size_t n = sizeof(texts) / sizeof(*texts), which = at % (n + 6);
    return which < n ? json_loads(texts[which], JSON_DECODE_ANY, NULL) : json_deep_copy(choose(root, at / (n + 6)).node);
}

static void put(const struct walk *w, json_t *v)
{
    if (json_is_array(w->parent))
        json_array_set_new(w->parent, w->index, v);
    else
        json_object_set_new(w->parent, w->key, v);
}

static void take_away(const struct walk *w)
{
    if (json_is_array(w->parent))
        json_array_remove(w->parent, w->index);
    else
        json_object_del(w->parent, w->key);
}

static void change(json_t *root)
{
    struct walk w = choose(root, rand());
    if (!w.parent)
        return;
    switch (rand() % 8) {
    case 0:
        take_away(&w);
        break;
    case 1:
        if (json_is_array(w.parent))
            json_array_append_new(w.parent, json_deep_copy(w.node));
        break;
    case 2:
        if (json_is_number(w.node))
            put(&w, json_real(json_number_value(w.node) * (rand() % 2 ? 2 : -0.5)));
        break;
    default:
        put(&w, another_value(root, rand()));
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max, unsigned seed)
{
    json_t *root = seed % 16 ? json_loadb((char *)data, len, 0, NULL) : NULL;
    if (!root)
        return LLVMFuzzerMutate(data, len, max);
    srand(seed);
    for (int i = 1 + rand() % 3; i > 0; i--)
        change(root);
    char *text = json_dumps(root, JSON_COMPACT);
    size_t n = text ? strlen(text) : 0;
    json_decref(root);
    if (n && n <= max)
        memcpy(data, text, n);
    free(text);
    return n && n <= max ? n : LLVMFuzzerMutate(data, len, max);
}
