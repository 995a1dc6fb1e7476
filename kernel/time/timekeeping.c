/*
 * The clock: CLOCK_MONOTONIC from the TSC (or the ACPI timer when the TSC is of no use), CLOCK_REALTIME as
 * an offset to it, and the timer hardware of each CPU. Calibrates against CPUID, else against the ACPI
 * timer, else against the PIT.
 */
#include "kernel/time/timekeeping.h"
#include "kernel/arch/x86/apic.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/irqflags.h"
#include "kernel/arch/x86/layout.h"
#include "kernel/debug/assert.h"
#include "kernel/dev/acpi.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/param.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"
#include "kernel/time/cmos.h"

#define PM_TIMER_HZ 3579545UL
#define PM_TIMER_MASK 0xffffffu
#define MSR_KVM_SYSTEM_TIME 0x4b564d01
#define PIT_HZ 1193182UL
#define CALIBRATE_MS 5UL
#define LATE_SLEEP_NS 1000000000L   /* longest sleep with the ACPI timer, which wraps after 4.6 s */

static u64 tsc_hz, apic_hz;
static u64 tsc_base;                /* TSC at ns 0 */
static u64 ns_per_tsc_q32;          /* ns = ticks * this >> 32 */
static u64 tsc_per_ns_q32;
static u64 apic_per_ns_q32;
static bool tsc_is_clock = true;    /* cleared only before the APs start */
static bool tsc_unwanted;           /* clocksource=acpi_pm */
static bool by_deadline;            /* the APIC timers are in TSC deadline mode: set once, before the first is started */
static u64 published_tsc;           /* the boot CPU's TSC while APs start; release */
static bool tsc_went_back;          /* an AP's TSC was behind it */
static s64 real_offset_ns;          /* atomic: CLOCK_REALTIME - CLOCK_MONOTONIC */

/* The ACPI timer as a clock: extended to 64 bits under the lock. */
static DEFINE_SPINLOCK(pm_lock);
static u64 pm_ticks;
static u32 pm_last;

static __always_inline u64 scale(u64 v, u64 q32)
{
    return (u64)((unsigned __int128)v * q32 >> 32);
}

/* a / b with 32 bits of fraction; needs a / b < 2^32. */
static u64 ratio_q32(u64 a, u64 b)
{
    u64 q, rest;

    __asm__("divq %4" : "=a"(q), "=d"(rest) : "a"(a << 32), "d"(a >> 32), "r"(b) : "cc");
    return q;
}

static u32 pm_read(void)
{
    return inl(acpi.pm_timer_port) & PM_TIMER_MASK;
}

static s64 pm_clock_ns(void)
{
    unsigned long flags = local_irq_save();
    u64 ticks;
    u32 now;

    qlock_lock(&pm_lock);
    now = pm_read();
    pm_ticks += (now - pm_last) & PM_TIMER_MASK;
    pm_last = now;
    ticks = pm_ticks;
    qlock_unlock(&pm_lock);
    local_irq_restore(flags);
    return (s64)(ticks / PM_TIMER_HZ * NSEC_PER_SEC + ticks % PM_TIMER_HZ * NSEC_PER_SEC / PM_TIMER_HZ);
}

s64 ktime_get_ns(void)
{
    if (likely(tsc_is_clock))
        return (s64)scale(rdtsc() - tsc_base, ns_per_tsc_q32);
    return pm_clock_ns();
}

/* While the boot CPU is alone in using the clock. The ACPI timer goes on where the TSC stands. */
static void leave_tsc(const char *why)
{
    s64 now = ktime_get_ns();

    if (!tsc_is_clock || !acpi.pm_timer_port)
        return;
    pm_ticks = (u64)now / NSEC_PER_SEC * PM_TIMER_HZ + (u64)now % NSEC_PER_SEC * PM_TIMER_HZ / NSEC_PER_SEC;
    pm_last = pm_read();
    tsc_is_clock = false;
    pr_warn("time: clock is the ACPI timer: %s\n", why);
}

void time_publish_tsc(void)
{
    atomic_store_release(&published_tsc, rdtsc());
}

void time_check_tsc(void)
{
    for (u32 i = 0; i < 32; i++) {
        u64 seen = atomic_load_acquire(&published_tsc);

        if (rdtsc() < seen)
            atomic_store_relaxed(&tsc_went_back, true);
    }
}

void time_choose_clock(void)
{
    if (atomic_load_relaxed(&tsc_went_back))
        leave_tsc("the TSCs of the CPUs disagree");
}

static int set_clocksource(const char *value)
{
    if (strcmp(value, "acpi_pm") && strcmp(value, "tsc"))
        return -EINVAL;
    tsc_unwanted = !strcmp(value, "acpi_pm");
    return 0;
}
KERNEL_PARAM("clocksource", set_clocksource);

s64 ktime_get_boot_ns(void)
{
    return ktime_get_ns();
}

s64 ktime_get_real_ns(void)
{
    return ktime_get_ns() + atomic_load_relaxed(&real_offset_ns);
}

void ktime_set_real_ns(s64 ns)
{
    atomic_store_relaxed(&real_offset_ns, ns - ktime_get_ns());
}

u64 tsc_khz(void)
{
    return tsc_hz / 1000;
}

const char *clocksource_name(void)
{
    return tsc_is_clock ? "tsc" : "acpi_pm";
}

void udelay(u32 us)
{
    u64 start = rdtsc(), ticks = tsc_hz / 1000000 * us;

    while (rdtsc() - start < ticks)
        cpu_relax();
}

struct sample {
    u64 tsc;
    u32 apic, pm;
};

/* The tightest of a few readings: a virtual CPU may lose the processor between two instructions. */
static struct sample take_sample(void)
{
    struct sample best = {0};
    u64 best_gap = ~0UL;

    for (u32 i = 0; i < 8; i++) {
        u64 start = rdtsc();
        u32 pm = acpi.pm_timer_port ? pm_read() : 0, apic = apic_timer_left();
        u64 end = rdtsc();

        if (end - start < best_gap) {
            best_gap = end - start;
            best = (struct sample){.tsc = start + (end - start) / 2, .apic = apic, .pm = pm};
        }
    }
    return best;
}

/* Waits CALIBRATE_MS by the ACPI timer; returns the exact time waited in units of 1 / PM_TIMER_HZ. */
static u64 wait_by_pm_timer(struct sample *from, struct sample *to)
{
    *from = take_sample();
    while (((pm_read() - from->pm) & PM_TIMER_MASK) < PM_TIMER_HZ * CALIBRATE_MS / 1000)
        cpu_relax();
    *to = take_sample();
    return (to->pm - from->pm) & PM_TIMER_MASK;
}

/* Counter 2 in one-shot mode, gate on, speaker off: bit 5 of port 0x61 rises at the end. */
static void wait_by_pit(struct sample *from, struct sample *to)
{
    u16 count = PIT_HZ * CALIBRATE_MS / 1000;

    outb(0x61, (inb(0x61) & ~2) | 1);
    outb(0x43, 0xb0);
    outb(0x42, count & 0xff);
    outb(0x42, count >> 8);
    *from = take_sample();
    while (!(inb(0x61) & 0x20))
        cpu_relax();
    *to = take_sample();
}

/* KVM's paravirtual clock record (Documentation of KVM: pvclock_vcpu_time_info). */
struct pvclock {
    u32 version, pad;
    u64 tsc_timestamp, system_time;
    u32 tsc_to_system_mul;
    s8 tsc_shift;
    u8 flags, pad2[2];
} __packed;

/* The host's own idea of the TSC's frequency: kvm-clock is switched on, read once and switched off again. */
static u64 tsc_hz_from_kvm(void)
{
    static struct pvclock clock __aligned(64);
    u64 hz;

    if (!cpu_has.kvm_clock)
        return 0;
    wrmsr(MSR_KVM_SYSTEM_TIME, virt_to_phys(&clock) | 1);
    (void)cpuid(0, 0);                          /* an exit: the host fills the record */
    wrmsr(MSR_KVM_SYSTEM_TIME, 0);
    if (!READ_ONCE(clock.tsc_to_system_mul))
        return 0;
    hz = ratio_q32(NSEC_PER_SEC, clock.tsc_to_system_mul);
    return clock.tsc_shift < 0 ? hz << -clock.tsc_shift : hz >> clock.tsc_shift;
}

static u64 tsc_hz_from_cpuid(void)
{
    struct cpuid_regs r;

    if (cpuid(0, 0).eax >= 0x15) {
        r = cpuid(0x15, 0);
        if (r.eax && r.ebx && r.ecx)
            return (u64)r.ecx * r.ebx / r.eax;
    }
    if (cpu_has.hypervisor && cpuid(0x40000000, 0).eax >= 0x40000010)
        return cpuid(0x40000010, 0).eax * 1000UL;
    return 0;
}

static void calibrate(void)
{
    struct sample from, to;
    u64 window_hz, ticks;

    apic_timer_mode(0, true);
    apic_timer_start(~0u);
    if (acpi.pm_timer_port) {
        ticks = wait_by_pm_timer(&from, &to);
        window_hz = PM_TIMER_HZ;
    } else {
        wait_by_pit(&from, &to);
        ticks = PIT_HZ * CALIBRATE_MS / 1000;
        window_hz = PIT_HZ;
    }
    apic_timer_start(0);
    tsc_hz = (to.tsc - from.tsc) * window_hz / ticks;
    apic_hz = (from.apic - to.apic) * window_hz / ticks;
}

/* A clock of exactly 1 GHz is what QEMU shows under icount and as its APIC timer. */
static u64 snap_to_ghz(u64 hz)
{
    return hz > 999000000 && hz < 1001000000 ? 1000000000 : hz;
}

void time_init(void)
{
    u64 known = tsc_hz_from_cpuid();

    if (!known)
        known = tsc_hz_from_kvm();
    calibrate();
    tsc_hz = known ? known : snap_to_ghz(tsc_hz);
    apic_hz = snap_to_ghz(apic_hz);
    if (!tsc_hz || !apic_hz)
        panic("time: no working TSC or APIC timer");
    ns_per_tsc_q32 = ratio_q32(NSEC_PER_SEC, tsc_hz);
    tsc_per_ns_q32 = ratio_q32(tsc_hz, NSEC_PER_SEC);
    apic_per_ns_q32 = ratio_q32(apic_hz, NSEC_PER_SEC);
    tsc_base = rdtsc();
    if (tsc_unwanted)
        leave_tsc("asked for by clocksource=");
    by_deadline = tsc_is_clock && cpu_has.tsc_deadline;
    ktime_set_real_ns(cmos_read_seconds() * NSEC_PER_SEC);
    pr_info("time: TSC %lu kHz%s, APIC timer %lu kHz%s\n", tsc_hz / 1000, known ? " by the host" : "",
            apic_hz / 1000, by_deadline ? ", TSC deadline" : "");
}

void time_init_cpu(void)
{
    apic_timer_mode(by_deadline ? APIC_TIMER_DEADLINE : 0, false);
}

/* The TSC at ns. What a TSC of 4 GHz could not count to comes early, in decades, and is programmed again. */
static u64 tsc_at(s64 ns)
{
    return tsc_base + scale((u64)max(min(ns, S64_MAX / 4), (s64)0), tsc_per_ns_q32) + 1;
}

/* By the mode that the APIC is in, which stays when the clock is chosen anew: this CPU's own TSC goes on, whatever the others' say. */
void clockevent_program(s64 ns)
{
    s64 delta;
    u64 count;

    if (likely(tsc_is_clock) && by_deadline) {
        wrmsr(MSR_TSC_DEADLINE, ns == S64_MAX ? 0 : tsc_at(ns));
        return;
    }
    if (ns == S64_MAX && tsc_is_clock) {
        apic_timer_start(0);
        return;
    }
    delta = ns - ktime_get_ns();
    if (!tsc_is_clock && delta > LATE_SLEEP_NS)
        delta = LATE_SLEEP_NS;
    if (delta > 1000000000)
        delta = 1000000000;         /* comes early and is programmed again */
    if (by_deadline) {
        wrmsr(MSR_TSC_DEADLINE, rdtsc() + scale((u64)max(delta, (s64)0), tsc_per_ns_q32) + 1);
        return;
    }
    count = delta <= 0 ? 1 : scale(delta, apic_per_ns_q32) + 1;
    apic_timer_start(count > 0xffffffff ? 0xffffffff : count);
}
