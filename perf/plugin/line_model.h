/*
 * line_model.h: which vCPU holds which 64-byte line. The directory behind the lines plugin; knows
 * nothing of QEMU, so that it is tested on the host.
 *
 * Each line has one current version: its last writer and the set of vCPUs that hold it (the writer,
 * and who has read it since). Caches are taken as endless and memory as cold: only what another
 * vCPU wrote can be transferred. An access by a vCPU that does not hold the line, after another
 * vCPU's write, is a transfer. A store takes the line from all other holders: an invalidation when
 * there were any. A locked operation is a load and a store: one transfer and one invalidation.
 *
 * One thread only. Memory grows with the number of lines seen and is freed by line_model_free().
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_BYTES     64
#define LINE_VCPUS_MAX 64

/* One access within one line. */
struct line_touch {
    uint64_t pc;
    uint8_t vcpu, offset, size;
};

struct line_state {
    uint64_t number;          /* physical address / 64, plus one; 0: free slot */
    uint64_t holders;         /* a bit a vCPU */
    uint64_t written;         /* bytes that the writer wrote since it got the line, a bit each */
    struct line_touch writer; /* of the current version; size 0: none seen */
    struct line_touch reader; /* last reader since that is not the writer; size 0: none */
};

struct line_model {
    struct line_state *slot;
    size_t slots, used; /* slots is a power of two */
};

struct line_outcome {
    bool transfer; /* the line came from another vCPU */
    bool apart;    /* a transfer, of bytes that the writer has not written since it got the line */
    bool invalidation; /* others lost it */
    uint64_t lost;     /* who, a bit a vCPU */
    struct line_touch
        from; /* whose access this one met: the writer, or for a mere invalidation a reader */
};

void line_model_free(struct line_model *m);
/* vcpu must be below LINE_VCPUS_MAX. */
struct line_outcome line_model_touch(struct line_model *m, uint64_t line, struct line_touch touch,
                                     bool store);
