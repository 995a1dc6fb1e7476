/*
 * exec_stack.c: the first stack of a program (System V ABI, x86-64, 3.4.1): argc, argv, envp,
 * auxiliary vector, random bytes, platform name, strings. It is put together in the string buffer
 * and written to the new space in one piece.
 */
#include "kernel/arch/x86/cpu.h"
#include "kernel/dev/random.h"
#include "kernel/lib/string.h"
#include "kernel/task/binprm.h"

enum {
    AT_NULL,
    AT_PHDR = 3,
    AT_PHENT = 4,
    AT_PHNUM = 5,
    AT_PAGESZ = 6,
    AT_BASE = 7,
    AT_FLAGS = 8,
    AT_ENTRY = 9,
    AT_UID = 11,
    AT_EUID = 12,
    AT_GID = 13,
    AT_EGID = 14,
    AT_PLATFORM = 15,
    AT_HWCAP = 16,
    AT_CLKTCK = 17,
    AT_SECURE = 23,
    AT_RANDOM = 25,
    AT_HWCAP2 = 26,
    AT_EXECFN = 31,
    AT_MINSIGSTKSZ = 51,
};
#define AUXV_PAIRS      21
#define HWCAP2_FSGSBASE 2
static const char platform[8] = "x86_64";
#define RANDOM_BYTES 16

/* Everything that lies between the vectors and the strings. */
struct lower_data {
    u8 random[RANDOM_BYTES];
    char platform[8];
};

static u32 hwcap(void)
{
    u32 a = 1, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return d;
}

static void put_aux(u64 **at, u64 key, u64 value)
{
    (*at)[0] = key;
    (*at)[1] = value;
    *at += 2;
}

static void fill_auxv(u64 *at, const struct binprm *b, unsigned long lower, unsigned long execfn)
{
    const struct cred *c = b->cred ? b->cred : current_cred();
    static u32 hwcap_value;

    if (!hwcap_value)
        hwcap_value = hwcap();
    put_aux(&at, AT_HWCAP, hwcap_value);
    put_aux(&at, AT_PAGESZ, PAGE_SIZE);
    put_aux(&at, AT_CLKTCK, 100);
    put_aux(&at, AT_PHDR, b->at_phdr);
    put_aux(&at, AT_PHENT, 56);
    put_aux(&at, AT_PHNUM, b->at_phnum);
    put_aux(&at, AT_BASE, b->at_base);
    put_aux(&at, AT_FLAGS, 0);
    put_aux(&at, AT_ENTRY, b->at_entry);
    put_aux(&at, AT_UID, c->uid);
    put_aux(&at, AT_EUID, c->euid);
    put_aux(&at, AT_GID, c->gid);
    put_aux(&at, AT_EGID, c->egid);
    put_aux(&at, AT_SECURE, b->secure);
    put_aux(&at, AT_RANDOM, lower);
    put_aux(&at, AT_HWCAP2, cpu_has.fsgsbase ? HWCAP2_FSGSBASE : 0);
    put_aux(&at, AT_EXECFN, execfn);
    put_aux(&at, AT_PLATFORM, lower + offsetof(struct lower_data, platform));
    put_aux(&at, AT_MINSIGSTKSZ, cpu_has.xsave_bytes + 1024);
    put_aux(&at, AT_NULL, 0);
}

/* Pointers to `count` strings that start at `text`; the text after them. */
static const char *put_pointers(u64 **at, const char *text, unsigned long address, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        size_t n = strlen(text) + 1;

        *(*at)++ = address;
        text += n;
        address += n;
    }
    *(*at)++ = 0;
    return text;
}

static void note_in_mm(struct mm_struct *mm, const struct exec_strings *s, unsigned long strings,
                       const char *env_end, const u64 *auxv)
{
    mm->arg_start = strings;
    mm->arg_end = mm->env_start = strings + (s->env_start - s->start);
    mm->env_end = strings + (size_t)(env_end - (s->buf + s->start));
    memcpy(mm->saved_auxv, auxv, AUXV_PAIRS * 16 - 16);
    mm->saved_auxv[AUXV_PAIRS * 2 - 2] = mm->saved_auxv[AUXV_PAIRS * 2 - 1] = 0;
}

int exec_build_stack(struct binprm *b)
{
    struct exec_strings *s = &b->strings;
    size_t vectors = (1 + s->argc + 1 + s->envc + 1 + 2 * AUXV_PAIRS) * sizeof(u64);
    unsigned long top = STACK_TOP - (exec_random(b, 22) << PAGE_SHIFT) - sizeof(u64), strings, sp,
                  lower;
    size_t below;
    const char *text;
    u64 *at, *auxv;
    int err;

    if (exec_random(b, 1))
        top -= exec_random(b, 8) << 4;
    strings = top - (s->end - s->start);
    lower = ALIGN_DOWN(strings - sizeof(struct lower_data), 16);
    sp = ALIGN_DOWN(lower - vectors, 16);
    below = strings - sp;
    err = strings_reserve_front(s, below);
    if (err)
        return err;
    at = (u64 *)(s->buf + s->start - below);
    *at++ = s->argc;
    text = put_pointers(&at, s->buf + s->start, strings, s->argc);
    text = put_pointers(&at, text, strings + (size_t)(text - (s->buf + s->start)), s->envc);
    auxv = at;
    fill_auxv(auxv, b, lower, strings + (size_t)(text - (s->buf + s->start)));
    get_random_bytes(s->buf + s->start - (strings - lower), RANDOM_BYTES);
    memcpy(s->buf + s->start - (strings - lower) + RANDOM_BYTES, platform, sizeof(platform));
    err = setup_stack_vma(b->mm, ALIGN_UP(top, PAGE_SIZE), b->exec_stack ? VM_EXEC : 0, NULL);
    if (err)
        return err;
    note_in_mm(b->mm, s, strings, text, auxv);
    b->mm->start_stack = sp;
    b->sp = sp;
    return mm_write(b->mm, sp, (char *)s->buf + s->start - below, below + (s->end - s->start));
}
