// A histogram of values of any size with three significant digits: values below 2,048 are kept
// exactly, larger ones in buckets of 1/1,024 of their power of two (the layout of Tene's
// HdrHistogram). Values above the largest are counted as overflow, never dropped.
// The guest counts into the same buckets (bench/guest/laps.h) and sends them as text.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define HDR_SUB_BITS   11 // 2,048 values before the first doubling
#define HDR_VALUE_BITS 40 // the largest value is 2^40 - 1
#define HDR_BUCKETS    ((HDR_VALUE_BITS - HDR_SUB_BITS + 2) << (HDR_SUB_BITS - 1))

struct hdr_histogram {
    uint64_t count, overflow; // overflow is part of count
    uint64_t least, most;     // as given, not rounded
    uint64_t bucket[HDR_BUCKETS];
};

struct hdr_histogram *hdr_new(void); // the caller frees it with free()
void hdr_add(struct hdr_histogram *h, uint64_t value, uint64_t times);
void hdr_merge(struct hdr_histogram *into, const struct hdr_histogram *from);
unsigned hdr_bucket_of(uint64_t value); // HDR_BUCKETS: overflow
uint64_t hdr_bucket_low(unsigned bucket);
// The middle of the bucket in which the q-quantile lies: the value number ceil(q * count). `most`
// when that one overflowed; 0 when empty.
double hdr_quantile(const struct hdr_histogram *h, double q);
// Does the q-quantile lie in a bucket? Not when it is one of those that overflowed; of 1, the greatest: did none?
bool hdr_holds(const struct hdr_histogram *h, double q);
// Values above this one, for an empirical distribution.
uint64_t hdr_count_above(const struct hdr_histogram *h, uint64_t value);
// "LEAST MOST OVERFLOW STEP:COUNT ..." where STEP is the distance from the bucket before (the first:
// from 0); a COUNT of 1 is left out with its colon. hdr_parse refuses what hdr_text cannot write.
char *hdr_text(const struct hdr_histogram *h);
bool hdr_parse(struct hdr_histogram *h, const char *text);
