/*
 * The clock: CLOCK_MONOTONIC from the TSC (or the ACPI timer when the TSC is of no use), CLOCK_REALTIME as
 * an offset to it, and the timer hardware of each CPU. Calibrates against CPUID, else against the ACPI
 * timer, else against the PIT.
 */
#include "kernel/time/timekeeping.h"
#include "kernel/arch/x86/apic.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/irqflags.h"
#include "kernel/debug/assert.h"
#include "kernel/dev/acpi.h"
#include "kernel/lib/spinlock.h"
#include "kernel/time/cmos.h"

#define PM_TIMER_HZ 3579545UL
#define PM_TIMER_MASK 0xffffffu
#define PIT_HZ 1193182UL
#define CALIBRATE_MS 5UL
#define LATE_SLEEP_NS 1000000000L   /* longest sleep with the ACPI timer, which wraps after 4.6 s */

static u64 tsc_hz, apic_hz;
static u64 tsc_base;                /* TSC at ns 0 */
static u64 ns_per_tsc_q32;          /* ns = ticks * this >> 32 */
static u64 tsc_per_ns_q32;
static u64 apic_per_ns_q32;
static bool tsc_is_clock = true;    /* cleared only before the APs start */
static s64 real_offset_ns;          /* atomic: CLOCK_REALTIME - CLOCK_MONOTONIC */

/* The ACPI timer as a clock: extended to 64 bits under the lock. */
static DEFINE_SPINLOCK(pm_lock);
static u64 pm_ticks;
static u32 pm_last;

static __always_inline u64 scale(u64 v, u64 q32)
{
    return (u64)((unsigned __int128)v * q32 >> 32);
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

    raw_spin_lock(&pm_lock);
    now = pm_read();
    pm_ticks += (now - pm_last) & PM_TIMER_MASK;
    pm_last = now;
    ticks = pm_ticks;
    raw_spin_unlock(&pm_lock);
    local_irq_restore(flags);
    return (s64)((unsigned __int128)ticks * 1000000000u / PM_TIMER_HZ);
}

s64 ktime_get_ns(void)
{
    if (likely(tsc_is_clock))
        return (s64)scale(rdtsc() - tsc_base, ns_per_tsc_q32);
    return pm_clock_ns();
}

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

/* Waits CALIBRATE_MS by the ACPI timer; returns the exact time waited in units of 1 / PM_TIMER_HZ. */
static u64 wait_by_pm_timer(u64 *tsc_start, u64 *tsc_end)
{
    u32 start = pm_read(), now = start;

    while (now == start)
        now = pm_read();
    start = now;
    *tsc_start = rdtsc();
    while (((now - start) & PM_TIMER_MASK) < PM_TIMER_HZ * CALIBRATE_MS / 1000) {
        cpu_relax();
        now = pm_read();
    }
    *tsc_end = rdtsc();
    return (now - start) & PM_TIMER_MASK;
}

/* Counter 2 in one-shot mode, gate on, speaker off: bit 5 of port 0x61 rises at the end. */
static void wait_by_pit(u64 *tsc_start, u64 *tsc_end)
{
    u16 count = PIT_HZ * CALIBRATE_MS / 1000;

    outb(0x61, (inb(0x61) & ~2) | 1);
    outb(0x43, 0xb0);
    outb(0x42, count & 0xff);
    outb(0x42, count >> 8);
    *tsc_start = rdtsc();
    while (!(inb(0x61) & 0x20))
        cpu_relax();
    *tsc_end = rdtsc();
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
    u64 start, end, apic_start, apic_end, window_hz, ticks;

    apic_timer_mode(0, true);
    apic_timer_start(~0u);
    apic_start = apic_timer_left();
    if (acpi.pm_timer_port) {
        ticks = wait_by_pm_timer(&start, &end);
        window_hz = PM_TIMER_HZ;
    } else {
        wait_by_pit(&start, &end);
        ticks = PIT_HZ * CALIBRATE_MS / 1000;
        window_hz = PIT_HZ;
    }
    apic_end = apic_timer_left();
    apic_timer_start(0);
    tsc_hz = (end - start) * window_hz / ticks;
    apic_hz = (apic_start - apic_end) * window_hz / ticks;
}

/* A clock of exactly 1 GHz is what QEMU shows under icount and as its APIC timer. */
static u64 snap_to_ghz(u64 hz)
{
    return hz > 999000000 && hz < 1001000000 ? 1000000000 : hz;
}

void time_init(void)
{
    u64 known = tsc_hz_from_cpuid();

    calibrate();
    tsc_hz = known ? known : snap_to_ghz(tsc_hz);
    apic_hz = snap_to_ghz(apic_hz);
    if (!tsc_hz || !apic_hz)
        panic("time: no working TSC or APIC timer");
    ns_per_tsc_q32 = (u64)(((unsigned __int128)1000000000u << 32) / tsc_hz);
    tsc_per_ns_q32 = (u64)(((unsigned __int128)tsc_hz << 32) / 1000000000u);
    apic_per_ns_q32 = (u64)(((unsigned __int128)apic_hz << 32) / 1000000000u);
    tsc_base = rdtsc();
    ktime_set_real_ns(cmos_read_seconds() * NSEC_PER_SEC);
    pr_info("time: TSC %lu kHz%s, APIC timer %lu kHz%s\n", tsc_hz / 1000, known ? " by CPUID" : "",
            apic_hz / 1000, cpu_has.tsc_deadline ? ", TSC deadline" : "");
}

void time_init_cpu(void)
{
    apic_timer_mode(cpu_has.tsc_deadline ? APIC_TIMER_DEADLINE : 0, false);
}

void clockevent_program(s64 ns)
{
    s64 delta;
    u64 count;

    if (likely(tsc_is_clock) && cpu_has.tsc_deadline) {
        wrmsr(MSR_TSC_DEADLINE, ns == S64_MAX ? 0 : tsc_base + scale(ns, tsc_per_ns_q32) + 1);
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
    count = delta <= 0 ? 1 : scale(delta, apic_per_ns_q32) + 1;
    apic_timer_start(count > 0xffffffff ? 0xffffffff : count);
}
