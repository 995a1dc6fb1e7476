/* The tree of VMAs, by address and balanced by height. Owns no state; max_gap is kept up on the way. What a process pays
 * depends on its mappings alone: no draw, and nobody can choose mappings that make a path of it, which would be deep
 * recursion. Source: Adelson-Velsky and Landis, "An algorithm for the organization of information", 1962. */
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

static u32 height_of(const struct vm_area_struct *v)
{
    return v ? v->node.height : 0;
}

/* True if one of the two values changed. */
static bool update_node(const struct mm_struct *mm, struct vm_area_struct *v)
{
    const struct vm_area_struct *left = v->node.left, *right = v->node.right;
    u64 gap = gap_below(mm, v);
    u32 height = 1;

    if (left) {
        gap = max(gap, left->node.max_gap);
        height += left->node.height;
    }
    if (right) {
        gap = max(gap, right->node.max_gap);
        height = max(height, right->node.height + 1);
    }
    if (gap == v->node.max_gap && height == v->node.height)
        return false;
    v->node.max_gap = gap;
    v->node.height = height;
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
    update_node(mm, p);
    update_node(mm, v);
}

/* The side of v that is two higher than the other gives up its root to the place of v; returns that root. */
static struct vm_area_struct *level(struct mm_struct *mm, struct vm_area_struct *v)
{
    bool left = height_of(v->node.left) > height_of(v->node.right);
    struct vm_area_struct *child = left ? v->node.left : v->node.right;
    struct vm_area_struct *outer = left ? child->node.left : child->node.right;
    struct vm_area_struct *inner = left ? child->node.right : child->node.left;

    if (height_of(inner) > height_of(outer)) {
        rotate_up(mm, inner);
        child = inner;
    }
    rotate_up(mm, child);
    return child;
}

static bool is_level(const struct vm_area_struct *v)
{
    return height_of(v->node.left) + 1 - height_of(v->node.right) <= 2;
}

/* From v up, as far as something changes. What is above a rotation is looked at again: heights and gaps fall there too. */
static void rebalance(struct mm_struct *mm, struct vm_area_struct *v)
{
    while (v) {
        if (unlikely(!is_level(v)))
            v = level(mm, v);
        else if (!update_node(mm, v))
            return;
        v = v->node.parent;
    }
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
    v->node.height = 0;
    v->node.max_gap = 0;
    set_child(slot, v, parent);
    rebalance(mm, v);
}

/* s, the next of v and below it, takes its place with its values; returns the lowest VMA below which something changed. */
static struct vm_area_struct *replace(struct mm_struct *mm, struct vm_area_struct *v,
                                      struct vm_area_struct *s)
{
    struct vm_area_struct *above = s->node.parent == v ? s : s->node.parent;

    set_child(slot_of(mm, s), s->node.right, s->node.parent);
    set_child(&s->node.left, v->node.left, s);
    set_child(&s->node.right, v->node.right, s);
    s->node.height = v->node.height;
    s->node.max_gap = v->node.max_gap;
    set_child(slot_of(mm, v), s, v->node.parent);
    return above;
}

/* The gap of next, which was the next of v, is not up to date yet. */
static void tree_erase(struct mm_struct *mm, struct vm_area_struct *v, struct vm_area_struct *next)
{
    struct vm_area_struct *changed = v->node.parent;

    if (v->node.left && v->node.right)
        changed = replace(mm, v, next);
    else
        set_child(slot_of(mm, v), v->node.left ? v->node.left : v->node.right, changed);
    rebalance(mm, changed);
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
    tree_erase(mm, v, next);
    if (next)
        update_upward(mm, next);
}

/* There is no tree until vma_tree_done(). */
void vma_append(struct mm_struct *mm, struct vm_area_struct *v)
{
    list_add_tail(&v->link, &mm->vmas);
    mm->map_count++;
}

/* Where building has come to: the next VMA, and where the one before it ends. */
struct builder {
    struct list_head *at;
    unsigned long floor;
};

/* A tree of the next n VMAs, n > 0: no side is more than one higher, and the left one is not lower. */
static struct vm_area_struct *build(struct builder *b, u32 n)
{
    struct vm_area_struct *left = n > 1 ? build(b, n / 2) : NULL, *right = NULL;
    struct vm_area_struct *v = list_entry(b->at, struct vm_area_struct, link);
    unsigned long start = vma_start_gap(v);
    u64 gap = start > b->floor ? start - b->floor : 0;

    v->node.height = 1;
    if (left) {
        left->node.parent = v;
        v->node.height = left->node.height + 1;
        gap = max(gap, left->node.max_gap);
    }
    b->at = v->link.next;
    b->floor = v->vm_end;
    if (n > 2) {
        right = build(b, n - n / 2 - 1);
        right->node.parent = v;
        gap = max(gap, right->node.max_gap);
    }
    v->node.left = left;
    v->node.right = right;
    v->node.max_gap = gap;
    return v;
}

void vma_tree_done(struct mm_struct *mm)
{
    struct builder b = {.at = mm->vmas.next};

    if (mm->map_count)
        set_child(&mm->vma_root, build(&b, mm->map_count), NULL);
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
