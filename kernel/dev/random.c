/* The random generator. Owns the base key (base_lock) and one generator per CPU.
 * A CPU's generator makes four ChaCha20 blocks at a time: the first 32 bytes are its next key, so
 * that what was given out cannot be computed from the state later (fast key erasure, Bernstein
 * 2017); used bytes are cleared. Must never give out the same bytes twice: CPUs' keys come from the
 * base key under different counters. */
#include "kernel/dev/random.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/boot/boot_info.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"
#include "kernel/time/ktime.h"

#define BATCH_BLOCKS 4
#define BATCH_BYTES  (BATCH_BLOCKS * 64)
#define KEY_BYTES    32

struct generator {
    u32 key[8];
    u64 seeded; /* base generation that the key comes from; 0 never */
    u32 used;   /* bytes of batch given out; BATCH_BYTES: make new ones */
    u8 batch[BATCH_BYTES];
};
static DEFINE_PER_CPU(struct generator, generator, NOIRQ);

static DEFINE_SPINLOCK(base_lock);
static u32 base_key[8];
static u64 base_counter;
static u64 base_generation = 1; /* never wraps; written under base_lock, read at any time */

/* New base key = ChaCha20(base key ^ input). */
static void mix_locked(const u32 in[8])
{
    u32 block[16];

    for (int i = 0; i < 8; i++)
        base_key[i] ^= in[i];
    chacha20_block(base_key, base_counter++, 1, block);
    memcpy(base_key, block, KEY_BYTES);
}

void add_entropy(const void *buf, size_t n)
{
    unsigned long flags;

    spin_lock_irqsave(&base_lock, flags);
    while (n) {
        u32 in[8] = {0};
        size_t part = min(n, sizeof(in));

        memcpy(in, buf, part);
        mix_locked(in);
        buf = (const char *)buf + part;
        n -= part;
    }
    atomic_store_relaxed(&base_generation, base_generation + 1);
    spin_unlock_irqrestore(&base_lock, flags);
}

static void reseed(struct generator *g)
{
    u32 block[16];

    spin_lock(&base_lock);
    chacha20_block(base_key, base_counter++, rdtsc(), block);
    g->seeded = base_generation;
    spin_unlock(&base_lock);
    for (int i = 0; i < 8; i++)
        g->key[i] ^= block[i];
    g->used = BATCH_BYTES;
}

static void refill(struct generator *g)
{
    for (u64 i = 0; i < BATCH_BLOCKS; i++)
        chacha20_block(g->key, i, 0, (u32 *)(g->batch + i * 64));
    memcpy(g->key, g->batch, KEY_BYTES);
    memset(g->batch, 0, KEY_BYTES);
    g->used = KEY_BYTES;
}

static size_t take(struct generator *g, void *buf, size_t n)
{
    if (unlikely(g->seeded != atomic_load_relaxed(&base_generation)))
        reseed(g);
    if (g->used == BATCH_BYTES)
        refill(g);
    n = min_t(size_t, n, BATCH_BYTES - g->used);
    memcpy(buf, g->batch + g->used, n);
    memset(g->batch + g->used, 0, n);
    g->used += n;
    return n;
}

void get_random_bytes(void *buf, size_t n)
{
    while (n) {
        unsigned long flags = local_irq_save();
        size_t got = take(this_cpu_ptr(&generator), buf, n);

        local_irq_restore(flags);
        buf = (char *)buf + got;
        n -= got;
    }
}

static bool hardware_word(u64 *out)
{
    bool ok = false;

    if (cpu_has.rdrand)
        for (int tries = 0; tries < 10 && !ok; tries++)
            __asm__ volatile("rdrand %0; setc %1" : "=r"(*out), "=qm"(ok)::"cc");
    return ok;
}

/* Time stamps around work whose duration depends on caches, interrupts and the host. */
static u64 jitter_word(void)
{
    u64 word = 0;

    for (int i = 0; i < 64; i++) {
        u64 before = rdtsc();

        (void)inb(0x61);
        word = (word << 7 | word >> 57) ^ (rdtsc() - before) ^ before;
    }
    return word;
}

void random_init(void)
{
    u64 seed[8];
    s64 now = ktime_get_real_ns();

    for (size_t i = 0; i < ARRAY_SIZE(seed); i++) {
        u64 hw = 0;

        hardware_word(&hw);
        seed[i] = hw ^ jitter_word();
    }
    add_entropy(seed, sizeof(seed));
    add_entropy(&now, sizeof(now));
    add_entropy(&boot_info.rsdp, sizeof(boot_info.rsdp));
    add_entropy(boot_info.cmdline, strnlen(boot_info.cmdline, sizeof(boot_info.cmdline)));
    memset(seed, 0, sizeof(seed));
}
