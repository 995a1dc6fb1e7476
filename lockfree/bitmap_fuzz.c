/* bitmap_fuzz.c: setters and finders against an array of bools, for maps of 1 to 300 bits that end within a word. */
#include "lockfree/bitmap.h"
#include "lockfree/fuzz.h"

#define MAX_BITS 300u

struct reference {
    unsigned bits;
    uint64_t map[2][BITMAP_WORDS(MAX_BITS)];
    bool plain[2][BITMAP_WORDS(MAX_BITS) * 64];
};

static unsigned plain_find(const struct reference *r, unsigned from, bool a, bool b, bool value)
{
    for (unsigned i = from; i < r->bits; i++)
        if ((!a || r->plain[0][i] == value) && (!b || r->plain[1][i] == value))
            return i;
    return r->bits;
}

static void change(struct reference *r, unsigned which, unsigned bit, unsigned op)
{
    bool before = r->plain[which][bit], to = op & 1;

    if (op & 2)
        FUZZ_CHECK((to ? bitmap_test_and_set(r->map[which], bit) : bitmap_test_and_clear(r->map[which], bit)) == before);
    else if (op & 4)
        (to ? bitmap_set_plain : bitmap_clear_plain)(r->map[which], bit);
    else
        (to ? bitmap_set : bitmap_clear)(r->map[which], bit);
    r->plain[which][bit] = to;
    FUZZ_CHECK(bitmap_test(r->map[which], bit) == to);
}

static void find(const struct reference *r, unsigned from)
{
    unsigned weight = 0;

    FUZZ_CHECK(bitmap_find(r->map[0], r->bits, from) == plain_find(r, from, true, false, true));
    FUZZ_CHECK(bitmap_find_zero(r->map[0], r->bits, from) == plain_find(r, from, true, false, false));
    FUZZ_CHECK(bitmap_find_and(r->map[0], r->map[1], r->bits, from) == plain_find(r, from, true, true, true));
    for (unsigned i = 0; i < BITMAP_WORDS(r->bits) * 64; i++)
        weight += r->plain[0][i];
    FUZZ_CHECK(bitmap_weight(r->map[0], r->bits) == weight);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct fuzz_input in = {p, n};
    struct reference r = {.bits = 1 + fuzz_u16(&in) % MAX_BITS};

    while (in.n) {
        uint8_t op = fuzz_u8(&in);
        unsigned bit = fuzz_u16(&in);

        if (op & 128)
            find(&r, bit % (r.bits + 2)); /* up to and past the end */
        else /* bits of the last word that are not in the map too */
            change(&r, op >> 6 & 1, bit % (BITMAP_WORDS(r.bits) * 64), op);
    }
    return 0;
}
