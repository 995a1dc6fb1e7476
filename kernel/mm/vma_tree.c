/* The treap of VMAs. Owns no state; the order is by address, the priorities fall from the root,
 * max_gap is kept up on the way. Source: Aragon and Seidel, "Randomized Search Trees", 1989. */
#include "kernel/mm/vma.h"

static u64 gap_below(const struct mm_struct *mm, const struct vm_area_struct *v)
{
    unsigned long floor = v->link.prev == &mm->vmas ? 0 : vma_prev(mm, v)->vm_end;
    unsigned long start = vma_start_gap(v);

    return start > floor ? start - floor : 0;
}

/* True if the value changed. */
static bool update_gap(const struct mm_struct *mm, struct vm_area_struct *v)
{
    u64 gap = gap_below(mm, v);

    if (v->node.left)
        gap = max(gap, v->node.left->node.max_gap);
    if (v->node.right)
        gap = max(gap, v->node.right->node.max_gap);
    if (gap == v->node.max_gap)
        return false;
    v->node.max_gap = gap;
    return true;
}

static void update_upward(const struct mm_struct *mm, struct vm_area_struct *v)
{
    while (v && update_gap(mm, v))
        v = v->node.parent;
}

static struct vm_area_struct **slot_of(struct mm_struct *mm, struct vm_area_struct *v)
{
    struct vm_area_struct *parent = v->node.parent;

    if (!parent)
        return &mm->vma_root;
    return parent->node.left == v ? &parent->node.left : &parent->node.right;
}

static void set_child(struct vm_area_struct **slot, struct vm_area_struct *child,
                      struct vm_area_struct *parent)
{
    *slot = child;
    if (child)
        child->node.parent = parent;
}

/* v takes the place of its parent. */
static void rotate_up(struct mm_struct *mm, struct vm_area_struct *v)
{
    struct vm_area_struct *p = v->node.parent;

    set_child(slot_of(mm, p), v, p->node.parent);
    if (p->node.left == v) {
        set_child(&p->node.left, v->node.right, p);
        set_child(&v->node.right, p, v);
    } else {
        set_child(&p->node.right, v->node.left, p);
        set_child(&v->node.left, p, v);
    }
    update_gap(mm, p);
    update_gap(mm, v);
}

static u64 priority_of(const struct vm_area_struct *v)
{
    return (u64)v * 0x9e3779b97f4a7c15UL;
}

static void tree_insert(struct mm_struct *mm, struct vm_area_struct *v)
{
    struct vm_area_struct **slot = &mm->vma_root, *parent = NULL;

    while (*slot) {
        parent = *slot;
        slot = v->vm_start < parent->vm_start ? &parent->node.left : &parent->node.right;
    }
    v->node.left = NULL;
    v->node.right = NULL;
    v->node.priority = priority_of(v);
    v->node.max_gap = 0;
    set_child(slot, v, parent);
    update_upward(mm, v);
    while (v->node.parent && v->node.parent->node.priority < v->node.priority)
        rotate_up(mm, v);
    update_upward(mm, v->node.parent);
}

static void tree_erase(struct mm_struct *mm, struct vm_area_struct *v)
{
    struct vm_area_struct *left, *right, *parent;

    while ((left = v->node.left) && (right = v->node.right))
        rotate_up(mm, left->node.priority > right->node.priority ? left : right);
    parent = v->node.parent;
    set_child(slot_of(mm, v), v->node.left ? v->node.left : v->node.right, parent);
    for (; parent; parent = parent->node.parent)
        update_gap(mm, parent);
}

static void update_after(struct mm_struct *mm, struct vm_area_struct *v)
{
    struct vm_area_struct *next = vma_next(mm, v);

    if (next)
        update_upward(mm, next);
}

void vma_link(struct mm_struct *mm, struct vm_area_struct *v)
{
    struct vm_area_struct *next = find_vma(mm, v->vm_start);

    list_add_tail(&v->link, next ? &next->link : &mm->vmas);
    mm->map_count++;
    tree_insert(mm, v);
    update_after(mm, v);
}

void vma_unlink(struct mm_struct *mm, struct vm_area_struct *v)
{
    struct vm_area_struct *next = vma_next(mm, v);

    list_del(&v->link);
    mm->map_count--;
    if (mm->vma_cache == v)
        WRITE_ONCE(mm->vma_cache, NULL);
    tree_erase(mm, v);
    if (next)
        update_upward(mm, next);
}

/* Until vma_tree_done() the parent pointers of the right spine lead from the last VMA to the root.
 */
void vma_append(struct mm_struct *mm, struct vm_area_struct *v)
{
    struct vm_area_struct *at =
        list_empty(&mm->vmas) ? NULL : list_last_entry(&mm->vmas, struct vm_area_struct, link);
    struct vm_area_struct *below = NULL;

    list_add_tail(&v->link, &mm->vmas);
    mm->map_count++;
    v->node.priority = priority_of(v);
    v->node.max_gap = 0;
    while (at && at->node.priority < v->node.priority) {
        below = at;
        at = at->node.parent;
    }
    v->node.right = NULL;
    v->node.left = NULL;
    set_child(&v->node.left, below, v);
    set_child(at ? &at->node.right : &mm->vma_root, v, at);
}

/* Sets max_gap of the subtree bottom up: as deep as the treap, a few dozen levels at most. */
static void fill_gaps(const struct mm_struct *mm, struct vm_area_struct *v)
{
    if (v->node.left)
        fill_gaps(mm, v->node.left);
    if (v->node.right)
        fill_gaps(mm, v->node.right);
    update_gap(mm, v);
}

void vma_tree_done(struct mm_struct *mm)
{
    if (mm->vma_root)
        fill_gaps(mm, mm->vma_root);
}

void vma_resize(struct mm_struct *mm, struct vm_area_struct *v, unsigned long start,
                unsigned long end)
{
    v->vm_start = start;
    v->vm_end = end;
    update_upward(mm, v);
    update_after(mm, v);
}

struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr)
{
    struct vm_area_struct *v = READ_ONCE(mm->vma_cache), *best = NULL;

    if (v && v->vm_start <= addr && addr < v->vm_end)
        return v;
    for (v = mm->vma_root; v;) {
        if (v->vm_end <= addr) {
            v = v->node.right;
            continue;
        }
        best = v;
        if (v->vm_start <= addr)
            break;
        v = v->node.left;
    }
    if (best)
        WRITE_ONCE(mm->vma_cache, best);
    return best;
}

/* Right to left; only the path at `high` can fail below a promising max_gap, so this is
 * logarithmic. */
static unsigned long hole_in(const struct mm_struct *mm, const struct vm_area_struct *v,
                             unsigned long len, unsigned long high)
{
    for (; v && v->node.max_gap >= len; v = v->node.left) {
        unsigned long floor = v->link.prev == &mm->vmas ? MMAP_MIN_ADDR : vma_prev(mm, v)->vm_end;
        unsigned long top = min(vma_start_gap(v), high), found;

        if (floor >= high)
            continue;
        found = v->vm_start < high ? hole_in(mm, v->node.right, len, high) : 0;
        if (found)
            return found;
        if (top > floor && top - floor >= len)
            return top - len;
    }
    return 0;
}

unsigned long vma_find_hole(struct mm_struct *mm, unsigned long len, unsigned long high)
{
    const struct vm_area_struct *last =
        list_empty(&mm->vmas) ? NULL : list_last_entry(&mm->vmas, struct vm_area_struct, link);
    unsigned long floor = last ? last->vm_end : MMAP_MIN_ADDR;

    if (high > floor && high - floor >= len)
        return high - len;
    return hole_in(mm, mm->vma_root, len, high);
}
