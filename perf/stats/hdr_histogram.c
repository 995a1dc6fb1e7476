// Buckets, quantiles and the text form.
#include "perf/stats/hdr_histogram.h"

#include "perf/util/text_buf.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HALF (1u << (HDR_SUB_BITS - 1))

struct hdr_histogram *hdr_new(void)
{
    struct hdr_histogram *h = x_alloc(sizeof(*h));
    h->least = UINT64_MAX;
    return h;
}

unsigned hdr_bucket_of(uint64_t value)
{
    if (value >> HDR_VALUE_BITS)
        return HDR_BUCKETS;
    unsigned bits = 64 - __builtin_clzll(value | 1);
    unsigned shift = bits > HDR_SUB_BITS ? bits - HDR_SUB_BITS : 0;
    return shift * HALF + (unsigned)(value >> shift);
}

uint64_t hdr_bucket_low(unsigned bucket)
{
    unsigned shift = bucket < 2 * HALF ? 0 : bucket / HALF - 1;
    return (uint64_t)(bucket - shift * HALF) << shift;
}

void hdr_add(struct hdr_histogram *h, uint64_t value, uint64_t times)
{
    unsigned b = hdr_bucket_of(value);
    if (!times)
        return;
    h->count += times;
    h->least = value < h->least ? value : h->least;
    h->most = value > h->most ? value : h->most;
    if (b < HDR_BUCKETS)
        h->bucket[b] += times;
    else
        h->overflow += times;
}

void hdr_merge(struct hdr_histogram *into, const struct hdr_histogram *from)
{
    into->count += from->count;
    into->overflow += from->overflow;
    into->least = from->least < into->least ? from->least : into->least;
    into->most = from->most > into->most ? from->most : into->most;
    for (unsigned b = 0; b < HDR_BUCKETS; b++)
        into->bucket[b] += from->bucket[b];
}

static double middle_of(const struct hdr_histogram *h, unsigned b)
{
    double v = (hdr_bucket_low(b) + (double)(hdr_bucket_low(b + 1) - 1)) / 2;
    return v < h->least ? h->least : v > h->most ? h->most : v;
}

// Which value from below the q-quantile is, from 1 on.
static uint64_t rank_of(const struct hdr_histogram *h, double q)
{
    uint64_t rank = (uint64_t)ceil(q * (double)h->count);
    return rank ? rank : 1;
}

bool hdr_holds(const struct hdr_histogram *h, double q)
{
    return rank_of(h, q) <= h->count - h->overflow;
}

double hdr_quantile(const struct hdr_histogram *h, double q)
{
    uint64_t seen = 0, want = rank_of(h, q);
    for (unsigned b = 0; b < HDR_BUCKETS && h->count; b++) {
        seen += h->bucket[b];
        if (seen >= want)
            return middle_of(h, b);
    }
    return h->count ? h->most : 0;
}

uint64_t hdr_count_above(const struct hdr_histogram *h, uint64_t value)
{
    uint64_t n = h->overflow;
    for (unsigned b = hdr_bucket_of(value) + 1; b < HDR_BUCKETS; b++)
        n += h->bucket[b];
    return n;
}

char *hdr_text(const struct hdr_histogram *h)
{
    struct text_buf t = {0};
    unsigned last = 0;
    text_addf(&t, "%llu %llu %llu", (unsigned long long)(h->count ? h->least : 0),
              (unsigned long long)h->most, (unsigned long long)h->overflow);
    for (unsigned b = 0; b < HDR_BUCKETS; b++) {
        if (!h->bucket[b])
            continue;
        text_addf(&t, " %u", b - last);
        if (h->bucket[b] > 1)
            text_addf(&t, ":%llu", (unsigned long long)h->bucket[b]);
        last = b;
    }
    return t.data;
}

// A decimal number of at most 15 digits without sign or leading zeros; moves *p behind it.
static bool take_number(const char **p, uint64_t *out)
{
    const char *start = *p;
    uint64_t v = 0;
    while (isdigit((unsigned char)**p) && *p - start < 16)
        v = v * 10 + (*(*p)++ - '0');
    *out = v;
    return *p > start && *p - start < 16 && (*start != '0' || *p == start + 1);
}

static bool take_bucket(struct hdr_histogram *h, const char **p, uint64_t *at, bool first)
{
    uint64_t step, times = 1;
    if (*(*p)++ != ' ' || !take_number(p, &step) || (!step && !first))
        return false;
    if (**p == ':') {
        ++*p;
        if (!take_number(p, &times) || times < 2)
            return false;
    }
    *at += step;
    if (*at >= HDR_BUCKETS)
        return false;
    h->bucket[*at] = times;
    h->count += times;
    return true;
}

static bool ends_agree(const struct hdr_histogram *h)
{
    unsigned low = hdr_bucket_of(h->least), high = hdr_bucket_of(h->most);
    if (h->least > h->most || !h->count)
        return !h->count && !h->least && !h->most;
    bool low_fits = low < HDR_BUCKETS ? h->bucket[low] : h->overflow == h->count;
    return low_fits && (high < HDR_BUCKETS ? h->bucket[high] && !h->overflow : h->overflow > 0);
}

bool hdr_parse(struct hdr_histogram *h, const char *text)
{
    const char *p = text;
    uint64_t at = 0;
    memset(h, 0, sizeof(*h));
    if (!take_number(&p, &h->least) || *p++ != ' ' || !take_number(&p, &h->most) || *p++ != ' ' ||
        !take_number(&p, &h->overflow))
        return false;
    h->count = h->overflow;
    for (bool first = true; *p; first = false)
        if (!take_bucket(h, &p, &at, first))
            return false;
    bool ok = ends_agree(h);
    if (!h->count)
        h->least = UINT64_MAX;
    return ok;
}
