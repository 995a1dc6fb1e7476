/*
 * FPU state areas: XSAVE when the CPU has it, FXSAVE otherwise. Owns the cache of areas and the per-CPU
 * note whose state the registers hold. The registers are touched only with preemption off.
 */
#include "kernel/arch/x86/fpu.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/debug/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"

#define FP_XSTATE_MAGIC1 0x46505853u
#define FP_XSTATE_MAGIC2 0x46505845u
#define LEGACY_BYTES 512
#define MXCSR_OFFSET 24
#define MXCSR_MASK_OFFSET 28
#define MXCSR_MASK_DEFAULT 0xffbfu  /* what a zero there says: no DAZ */
#define X87_CONTROL_DEFAULT 0x37f
#define MXCSR_DEFAULT 0x1f80u
#define SOFTWARE_OFFSET 464
#define XSTATE_BV_OFFSET 512
#define XMM_END 416
#define HEADER_END 576
#define AVX_END 832

/* The bytes 464..511 of a signal frame's FXSAVE area, which hardware leaves to software. */
struct frame_software {
    u32 magic1, extended_bytes;
    u64 xfeatures;
    u32 xstate_bytes, zero[7];
};
_Static_assert(SOFTWARE_OFFSET + sizeof(struct frame_software) == LEGACY_BYTES, "Linux's struct _fpx_sw_bytes");

struct fpu_state {
    u8 bytes[LEGACY_BYTES];
};

DEFINE_PER_CPU(struct fpu_state *, fpu_owner, NOIRQ);

static struct kmem_cache *fpu_cache;
static u8 initial_state[4096] __aligned(64);
static u32 mxcsr_mask;              /* the bits that the CPU has: the others fault in FXRSTOR and XRSTOR */

static __always_inline void save_full(void *area)
{
    if (cpu_has.xsave)
        __asm__ volatile("xsave64 (%0)" ::"r"(area), "a"((u32)cpu_has.xcr0),
                         "d"((u32)(cpu_has.xcr0 >> 32)) : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
}

static void read_mxcsr_mask(void)
{
    static u8 area[LEGACY_BYTES] __aligned(64);

    __asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
    mxcsr_mask = *(u32 *)(area + MXCSR_MASK_OFFSET);
    if (!mxcsr_mask)
        mxcsr_mask = MXCSR_MASK_DEFAULT;
}

/* The state after FNINIT and with the default MXCSR, written by hand: some virtual machines cannot run
 * LDMXCSR in kernel mode. An XSTATE_BV of 0 makes XRSTOR initialise all else. */
void fpu_init(void)
{
    ASSERT(cpu_has.xsave_bytes <= sizeof(initial_state));
    read_mxcsr_mask();
    *(u16 *)initial_state = X87_CONTROL_DEFAULT;
    *(u32 *)(initial_state + MXCSR_OFFSET) = MXCSR_DEFAULT;
    fpu_cache = kmem_cache_create("fpu_state", cpu_has.xsave_bytes, 64);
}

/* Where XSAVE writes nothing there must be zeros, for signal frames show them: behind the XMM registers, in the header but for its first word
 * (XRSTOR wants zeros there, too), and in the gaps between parts, of which there are none up to the end of AVX. */
static struct fpu_state *alloc_area(void)
{
    struct fpu_state *fpu = kmem_cache_alloc(fpu_cache, GFP_KERNEL);
    u32 end = !cpu_has.xsave ? LEGACY_BYTES : cpu_has.xsave_bytes <= AVX_END ? HEADER_END : cpu_has.xsave_bytes;

    if (fpu)
        memset((u8 *)fpu + XMM_END, 0, end - XMM_END);
    return fpu;
}

int fpu_fork(struct task_struct *child)
{
    struct fpu_state *fpu;

    if (!current->thread.fpu)
        return 0;
    fpu = alloc_area();
    if (!fpu)
        return -ENOMEM;
    save_full(fpu);                             /* preemption may come before or after, not within */
    child->thread.fpu = fpu;
    child->thread.fpu_last_cpu = ~0u;
    return 0;
}

int fpu_exec_reset(void)
{
    struct fpu_state *fpu = current->thread.fpu;

    if (!fpu) {
        fpu = alloc_area();
        if (!fpu)
            return -ENOMEM;
    }
    preempt_disable();
    fpu_load(initial_state);
    current->thread.fpu = fpu;
    this_cpu_write(fpu_owner, fpu);
    current->thread.fpu_last_cpu = smp_processor_id();
    preempt_enable();
    return 0;
}

void fpu_enter_handler(void)
{
    preempt_disable();
    fpu_load(initial_state);                    /* the registers are current's, as before */
    preempt_enable();
}

void fpu_free(struct task_struct *t)
{
    if (t->thread.fpu)
        kmem_cache_free(fpu_cache, t->thread.fpu);
    t->thread.fpu = NULL;
}

size_t fpu_sigframe_bytes(void)
{
    return cpu_has.xsave ? cpu_has.xsave_bytes + sizeof(u32) : LEGACY_BYTES;
}

int fpu_save_to_user(void __user *buf)
{
    u8 *area = (u8 *)current->thread.fpu;
    struct frame_software software = {
        .magic1 = cpu_has.xsave ? FP_XSTATE_MAGIC1 : 0,
        .extended_bytes = fpu_sigframe_bytes(),
        .xfeatures = cpu_has.xcr0,
        .xstate_bytes = cpu_has.xsave_bytes,
    };
    u32 magic2 = FP_XSTATE_MAGIC2;

    save_full(area);
    if (copy_to_user(buf, area, cpu_has.xsave_bytes) ||
        copy_to_user((u8 *)buf + SOFTWARE_OFFSET, &software, sizeof(software)))
        return -EFAULT;
    if (cpu_has.xsave && copy_to_user((u8 *)buf + cpu_has.xsave_bytes, &magic2, sizeof(magic2)))
        return -EFAULT;
    return 0;
}

/* A frame without the magics has only the FXSAVE part. Nothing the user wrote may make XRSTOR fault. */
static int read_frame(u8 *area, const u8 __user *buf)
{
    struct frame_software *software = (struct frame_software *)(area + SOFTWARE_OFFSET);
    u64 *header = (u64 *)(area + XSTATE_BV_OFFSET);
    u32 magic2 = 0;
    bool extended;

    if (copy_from_user(area, buf, LEGACY_BYTES))
        return -EFAULT;
    *(u32 *)(area + MXCSR_OFFSET) &= mxcsr_mask;
    if (!cpu_has.xsave)
        return 0;
    extended = software->magic1 == FP_XSTATE_MAGIC1 && software->xstate_bytes == cpu_has.xsave_bytes;
    if (extended && copy_from_user(&magic2, buf + cpu_has.xsave_bytes, sizeof(magic2)))
        return -EFAULT;
    if (extended && magic2 == FP_XSTATE_MAGIC2) {
        if (copy_from_user(area + LEGACY_BYTES, buf + LEGACY_BYTES, cpu_has.xsave_bytes - LEGACY_BYTES))
            return -EFAULT;
        header[0] &= cpu_has.xcr0;
    } else {
        header[0] = 3;
    }
    memset(header + 1, 0, 56);
    return 0;
}

int fpu_restore_from_user(const void __user *buf)
{
    struct fpu_state *area;
    int err;

    if (!buf)
        return fpu_exec_reset();
    area = kmem_cache_alloc(fpu_cache, GFP_KERNEL);
    if (!area)
        return -ENOMEM;
    err = read_frame((u8 *)area, buf);
    if (!err) {
        preempt_disable();
        fpu_load(area);
        preempt_enable();
    }
    kmem_cache_free(fpu_cache, area);
    return err;
}
