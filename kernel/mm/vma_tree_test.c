/* The tree of VMAs against a linear scan: look-ups, holes, the order of the list, heights and their balance. */
#define CLOUDOS_KERNEL 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

long random(void);
#include "kernel/mm/vma_tree.c"

#define SLOTS 200u
static struct vm_area_struct areas[SLOTS];
static bool used[SLOTS];

/* Slot i may hold a VMA inside [base, base + 64 pages). */
static unsigned long base_of(unsigned i)
{
    return 0x100000UL + i * 64 * PAGE_SIZE;
}

static struct vm_area_struct *scan(struct mm_struct *mm, unsigned long addr)
{
    struct vm_area_struct *v;

    list_for_each_entry (v, &mm->vmas, link)
        if (v->vm_end > addr)
            return v;
    return NULL;
}

static unsigned long scan_hole(struct mm_struct *mm, unsigned long len, unsigned long high)
{
    unsigned long floor = MMAP_MIN_ADDR, best = 0;
    struct vm_area_struct *v;

    list_for_each_entry (v, &mm->vmas, link) {
        unsigned long top = min(vma_start_gap(v), high);

        if (top > floor && top - floor >= len)
            best = top - len;
        floor = v->vm_end;
    }
    return high > floor && high - floor >= len ? high - len : best;
}

static u64 check(struct mm_struct *mm, struct vm_area_struct *v, struct vm_area_struct *parent,
                 unsigned *count)
{
    u64 gap;

    if (!v)
        return 0;
    ++*count;
    assert_ptr_equal(v->node.parent, parent);
    gap = gap_below(mm, v);
    gap = max(gap, check(mm, v->node.left, v, count));
    gap = max(gap, check(mm, v->node.right, v, count));
    assert_int_equal(gap, v->node.max_gap);
    assert_int_equal(v->node.height, 1 + max(height_of(v->node.left), height_of(v->node.right)));
    assert_true(is_level(v));
    return gap;
}

static void verify(struct mm_struct *mm)
{
    unsigned count = 0;

    check(mm, mm->vma_root, NULL, &count);
    assert_int_equal(count, mm->map_count);
    for (unsigned i = 0; i < 50; i++) {
        unsigned long addr =
            base_of((unsigned)random() % (SLOTS + 4)) + ((unsigned long)random() % 64) * PAGE_SIZE;
        unsigned long len = (1 + (unsigned long)random() % 300) * PAGE_SIZE;

        assert_ptr_equal(find_vma(mm, addr), scan(mm, addr));
        assert_int_equal(vma_find_hole(mm, len, addr), scan_hole(mm, len, addr));
    }
}

static void toggle(struct mm_struct *mm, unsigned i)
{
    struct vm_area_struct *v = &areas[i];

    if (used[i]) {
        vma_unlink(mm, v);
    } else {
        v->vm_start = base_of(i) + ((unsigned long)random() % 32) * PAGE_SIZE;
        v->vm_end = v->vm_start + (1 + (unsigned long)random() % 32) * PAGE_SIZE;
        v->vm_flags = random() % 20 ? 0 : VM_GROWSDOWN;
        vma_link(mm, v);
    }
    used[i] = !used[i];
}

static void agrees_with_scan(void **state)
{
    static struct mm_struct mm;

    INIT_LIST_HEAD(&mm.vmas);
    for (unsigned round = 0; round < 4000; round++) {
        unsigned i = (unsigned)random() % SLOTS;

        if (used[i] && random() % 3 == 0)
            vma_resize(&mm, &areas[i], base_of(i),
                       base_of(i) + (1 + (unsigned long)random() % 63) * PAGE_SIZE);
        else
            toggle(&mm, i);
        if (round % 20 == 0)
            verify(&mm);
    }
}

static void append_builds_the_same(void **state)
{
    static struct mm_struct mm;
    static struct vm_area_struct copy[SLOTS];

    for (unsigned n = 0; n <= SLOTS; n++) {
        mm = (struct mm_struct){0};
        INIT_LIST_HEAD(&mm.vmas);
        for (unsigned i = 0; i < n; i++) {
            copy[i].vm_start = base_of(i);
            copy[i].vm_end = base_of(i) + (1 + i % 60) * PAGE_SIZE;
            copy[i].vm_flags = i % 7 ? 0 : VM_GROWSDOWN;
            vma_append(&mm, &copy[i]);
        }
        vma_tree_done(&mm);
        verify(&mm);
    }
    for (unsigned i = 0; i < SLOTS; i += 2)
        vma_unlink(&mm, &copy[i]);
    verify(&mm);
}

/* Whatever the order of mappings, and whatever the order of the objects in memory. */
static void orders_stay_level(void **state)
{
    static struct vm_area_struct v[SLOTS];

    for (unsigned step = 3; step < SLOTS; step += 10) { /* has no factor of SLOTS */
        static struct mm_struct mm;

        INIT_LIST_HEAD(&mm.vmas);
        for (unsigned i = 0; i < SLOTS; i++) {
            v[i].vm_start = base_of(i * step % SLOTS);
            v[i].vm_end = v[i].vm_start + PAGE_SIZE;
            vma_link(&mm, &v[i]);
        }
        verify(&mm);
        for (unsigned i = 0; i < SLOTS; i++) {
            vma_unlink(&mm, &v[(i * 3 + step) % SLOTS]);
            if (i % 16 == 0)
                verify(&mm);
        }
        assert_null(mm.vma_root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_scan),
                                       cmocka_unit_test(orders_stay_level),
                                       cmocka_unit_test(append_builds_the_same)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
