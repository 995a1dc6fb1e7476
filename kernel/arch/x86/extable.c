/* Looks up the exception table, sorted once at boot. The linker lays the entries out in link order. */
#include "kernel/arch/x86/extable.h"
#include "kernel/arch/x86/ptregs.h"

extern struct extable_entry __extable_start[], __extable_end[];

static u64 from_address(const struct extable_entry *e)
{
    return (u64)&e->from + (s64)e->from;
}

static u64 to_address(const struct extable_entry *e)
{
    return (u64)&e->to + (s64)e->to;
}

/* An entry moves with its relative addresses corrected. */
static void swap_entries(struct extable_entry *a, struct extable_entry *b)
{
    u64 a_from = from_address(a), a_to = to_address(a);
    u64 b_from = from_address(b), b_to = to_address(b);
    u32 kind = a->kind;

    a->from = (s32)(b_from - (u64)&a->from);
    a->to = (s32)(b_to - (u64)&a->to);
    a->kind = b->kind;
    b->from = (s32)(a_from - (u64)&b->from);
    b->to = (s32)(a_to - (u64)&b->to);
    b->kind = kind;
}

void extable_init(void)
{
    for (struct extable_entry *i = __extable_start + 1; i < __extable_end; i++)
        for (struct extable_entry *j = i; j > __extable_start; j--) {
            if (from_address(j - 1) <= from_address(j))
                break;
            swap_entries(j - 1, j);
        }
}

bool fixup_exception(struct pt_regs *regs)
{
    struct extable_entry *lo = __extable_start, *hi = __extable_end;

    while (lo < hi) {
        struct extable_entry *mid = lo + (hi - lo) / 2;

        if (from_address(mid) < regs->ip)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == __extable_end || from_address(lo) != regs->ip)
        return false;
    regs->ip = to_address(lo);
    return true;
}
