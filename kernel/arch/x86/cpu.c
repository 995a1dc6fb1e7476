/*
 * Detects and enables CPU features. Every feature is used only when CPUID has it: the kernel must run on
 * a plain x86-64 (no XSAVE, FSGSBASE, SMEP, ...). Owns cpu_has.
 */
#include "kernel/arch/x86/cpu.h"
#include "kernel/boot/param_early.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/param.h"
#include "kernel/lib/string.h"

struct cpu_features cpu_has;

static void detect_names(void)
{
    struct cpuid_regs r = cpuid(0, 0);

    memcpy(cpu_has.vendor, &r.ebx, 4);
    memcpy(cpu_has.vendor + 4, &r.edx, 4);
    memcpy(cpu_has.vendor + 8, &r.ecx, 4);
    if (cpuid(0x80000000, 0).eax < 0x80000004)
        return;
    for (u32 i = 0; i < 3; i++) {
        r = cpuid(0x80000002 + i, 0);
        memcpy(cpu_has.brand + i * 16, &r, 16);
    }
}

static void detect_xsave(void)
{
    struct cpuid_regs r;

    cpu_has.xsave_bytes = 512;
    if (!cpu_has.xsave)
        return;
    r = cpuid(0xd, 0);
    cpu_has.xcr0 = r.eax & 0xe7;                /* x87, SSE, AVX, AVX-512 */
    if ((cpu_has.xcr0 & 0xe0) != 0xe0)
        cpu_has.xcr0 &= 7;
    cpu_has.xsaveopt = cpuid(0xd, 1).eax & 1;
    cpu_has.xsave_bytes = 512 + 64;
    for (u32 i = 2; i < 8; i++) {
        if (!(cpu_has.xcr0 & BIT(i)))
            continue;
        r = cpuid(0xd, i);
        cpu_has.xsave_bytes = max(cpu_has.xsave_bytes, r.ebx + r.eax);
    }
}

static void detect_leaf7(u32 max_leaf)
{
    struct cpuid_regs r;

    if (max_leaf < 7)
        return;
    r = cpuid(7, 0);
    cpu_has.fsgsbase = r.ebx & BIT(0);
    cpu_has.smep = r.ebx & BIT(7);
    cpu_has.smap = r.ebx & BIT(20);
    cpu_has.umip = r.ecx & BIT(2);
}

static void detect_extended(void)
{
    u32 max_leaf = cpuid(0x80000000, 0).eax;
    struct cpuid_regs r = cpuid(0x80000001, 0);

    cpu_has.nx = r.edx & BIT(20);
    cpu_has.pages_1g = r.edx & BIT(26);
    cpu_has.rdtscp = r.edx & BIT(27);
    if (max_leaf >= 0x80000007)
        cpu_has.invariant_tsc = cpuid(0x80000007, 0).edx & BIT(8);
    cpu_has.phys_bits = max_leaf >= 0x80000008 ? cpuid(0x80000008, 0).eax & 0xff : 36;
}

/* KVM shows its leaves at 0x40000000 (signature KVMKVMKVM). */
static void detect_hypervisor(void)
{
    struct cpuid_regs r;

    if (!cpu_has.hypervisor)
        return;
    r = cpuid(0x40000000, 0);
    if (r.ebx == 0x4b4d564b && r.ecx == 0x564b4d56 && r.edx == 0x4d)
        cpu_has.kvm_clock = cpuid(0x40000001, 0).eax & BIT(3);
}

/* Linux's options to do without a feature. They are looked up before the parameter table runs, which only
 * has to know them. */
static int known_option(const char *value)
{
    return 0;
}
KERNEL_PARAM("nosmap", known_option);
KERNEL_PARAM("nosmep", known_option);
KERNEL_PARAM("noxsave", known_option);
KERNEL_PARAM("nofsgsbase", known_option);
KERNEL_PARAM("nox2apic", known_option);
KERNEL_PARAM("maxcpus", known_option);
KERNEL_PARAM("nosmp", known_option);

static void apply_options(void)
{
    cpu_has.smap &= !early_param_flag("nosmap");
    cpu_has.smep &= !early_param_flag("nosmep");
    cpu_has.fsgsbase &= !early_param_flag("nofsgsbase");
    /* Where firmware has turned it on the APIC has no other registers, and the way back leads through its reset. */
    cpu_has.x2apic &= !early_param_flag("nox2apic") || rdmsr(MSR_APIC_BASE) & BIT(10);
    cpu_has.xsave &= !early_param_flag("noxsave");
}

void cpu_detect(void)
{
    u32 max_leaf = cpuid(0, 0).eax;
    struct cpuid_regs r = cpuid(1, 0);

    detect_names();
    cpu_has.pge = r.edx & BIT(13);
    cpu_has.pcid = r.ecx & BIT(17);
    cpu_has.x2apic = r.ecx & BIT(21);
    cpu_has.tsc_deadline = r.ecx & BIT(24);
    cpu_has.xsave = r.ecx & BIT(26);
    cpu_has.rdrand = r.ecx & BIT(30);
    cpu_has.hypervisor = r.ecx & BIT(31);
    /* The MONITOR bit alone does not tell: under TCG leaf 5 is zero and MWAIT would spin. */
    cpu_has.mwait = (r.ecx & BIT(3)) && max_leaf >= 5 && cpuid(5, 0).ebx;
    detect_leaf7(max_leaf);
    detect_extended();
    apply_options();
    detect_xsave();
    detect_hypervisor();
}

static u64 wanted_cr4(void)
{
    u64 cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT;

    if (cpu_has.pge)
        cr4 |= CR4_PGE;
    if (cpu_has.smep)
        cr4 |= CR4_SMEP;
    if (cpu_has.smap)
        cr4 |= CR4_SMAP;
    if (cpu_has.umip)
        cr4 |= CR4_UMIP;
    if (cpu_has.fsgsbase)
        cr4 |= CR4_FSGSBASE;
    if (cpu_has.xsave)
        cr4 |= CR4_OSXSAVE;
    return cr4;
}

void cpu_enable_features(void)
{
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | (cpu_has.nx ? EFER_NX : 0));
    write_cr0((read_cr0() & ~(BIT(2) | BIT(3) | BIT(29) | BIT(30))) | CR0_WP | BIT(1));
    write_cr4(wanted_cr4());
    if (cpu_has.xsave)
        __asm__ volatile("xsetbv" ::"c"(0), "a"((u32)cpu_has.xcr0), "d"((u32)(cpu_has.xcr0 >> 32)));
    __asm__ volatile("fninit");
}

void cpu_print_features(void)
{
    pr_info("cpu: %s %s\n", cpu_has.vendor, cpu_has.brand);
    pr_info("cpu:%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s\n", cpu_has.nx ? " nx" : "",
            cpu_has.pages_1g ? " pdpe1gb" : "", cpu_has.smep ? " smep" : "", cpu_has.smap ? " smap" : "",
            cpu_has.umip ? " umip" : "", cpu_has.fsgsbase ? " fsgsbase" : "", cpu_has.pcid ? " pcid" : "",
            cpu_has.xsave ? " xsave" : "", cpu_has.xsaveopt ? " xsaveopt" : "",
            cpu_has.x2apic ? " x2apic" : "", cpu_has.tsc_deadline ? " tsc_deadline" : "",
            cpu_has.invariant_tsc ? " constant_tsc" : "", cpu_has.mwait ? " mwait" : "",
            cpu_has.rdrand ? " rdrand" : "", cpu_has.kvm_clock ? " kvm_clock" : "");
}
