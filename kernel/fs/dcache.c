/* The dentry cache: names. Owns the hash (parent, name) -> dentry, the tree's sequence counter and
 * dentry life. Readers look up under RCU without references; changes of a directory happen under
 * its inode's i_mutex, renames also under the tree lock, which makes tree_seq odd. A dentry in a directory (D_HASHED) holds one reference for being there and one on
 * its parent. Must never be entered with a spin lock held: dput may sleep. */
#include "kernel/debug/assert.h"
#include "kernel/fs/fs_internal.h"
#include "kernel/debug/assert.h"

#define D_BUCKETS 1024 /* at least */
#define D_STRIPES 64
#define D_TABLE_BYTES (4UL << 20) /* at most: more than kmalloc gives in one piece is not worth it */

static struct rcu_hash names;
static struct rcu_hash_stripe stripes[D_STRIPES];
static struct kmem_cache *dentry_cache;
u32 tree_seq = NEAR_WRAP_BY(u32, 4);
static DEFINE_SPINLOCK(tree_lock);

static struct rcu_hash_table *buckets_alloc(size_t bytes)
{
    return bytes <= D_TABLE_BYTES ? kzalloc(bytes, GFP_USER | GFP_NOWARN) : NULL;
}

static void buckets_free_later(struct rcu_hash_table *t)
{
    kfree_rcu(t, rcu);
}

void dcache_init(void)
{
    ASSERT(!rcu_hash_init(&names, D_BUCKETS, stripes, D_STRIPES, buckets_alloc, buckets_free_later));
    dentry_cache = kmem_cache_create("dentry", sizeof(struct dentry), 64);
}

void tree_write_begin(void)
{
    spin_lock(&tree_lock);
    (void)atomic_fetch_add_full(&tree_seq,
                                1); /* partner: unlazy_walk() raises counts, then reads tree_seq */
}

void tree_write_end(void)
{
    (void)atomic_fetch_add_full(&tree_seq, 1);
    spin_unlock(&tree_lock);
}

u32 name_hash(const char *name, unsigned len)
{
    u64 h = len;

    for (; len >= 8; len -= 8, name += 8) {
        u64 w;

        __builtin_memcpy(&w, name, 8);
        h = (h ^ w) * 0x9e3779b97f4a7c15UL;
        h ^= h >> 29;
    }
    if (len) {
        u64 w = 0;

        for (unsigned i = 0; i < len; i++)
            w |= (u64)(u8)name[i] << (8 * i);
        h = (h ^ w) * 0x9e3779b97f4a7c15UL;
    }
    return h >> 32;
}

/* name_hash() is good in all bits; dentries of one slab differ from bit 6 on. */
static inline u32 hash_in(const struct dentry *parent, u32 hash)
{
    return hash ^ (u32)((u64)parent >> 6) * 0x61c88647u;
}

static inline bool name_equal(const char *a, const char *b, unsigned len)
{
    for (; len >= 8; len -= 8, a += 8, b += 8) {
        u64 x, y;

        __builtin_memcpy(&x, a, 8);
        __builtin_memcpy(&y, b, 8);
        if (x != y)
            return false;
    }
    while (len--)
        if (*a++ != *b++)
            return false;
    return true;
}

struct name_key {
    const struct dentry *parent;
    const char *name;
    unsigned len;
};

static inline bool name_matches(const struct rcu_hash_node *n, const void *key)
{
    const struct dentry *d = container_of(n, struct dentry, d_node);
    const struct name_key *k = key;

    return d->d_parent == k->parent && d->d_namelen == k->len && name_equal(d->d_name, k->name, k->len);
}

struct dentry *d_lookup_rcu(const struct dentry *parent, const char *name, unsigned len, u32 hash)
{
    struct name_key key = {parent, name, len};
    struct rcu_hash_node *n = rcu_hash_lookup(&names, hash_in(parent, hash), name_matches, &key);

    return n ? container_of(n, struct dentry, d_node) : NULL;
}

bool dget_not_zero(struct dentry *d)
{
    u32 n = atomic_load_relaxed(&d->d_count);

    do {
        if (!n)
            return false;
    } while (!atomic_cas_full(&d->d_count, &n, n + 1));
    return true;
}

/* A miss is believed only when no rename ran beside it. */
struct dentry *d_lookup(struct dentry *parent, const char *name, unsigned len, u32 hash)
{
    for (;;) {
        u32 seq = tree_read_begin();
        struct dentry *d;

        rcu_read_lock();
        d = d_lookup_rcu(parent, name, len, hash);
        if (d && !dget_not_zero(d))
            d = NULL;
        rcu_read_unlock();
        if (d || !tree_read_retry(seq))
            return d;
    }
}

void dget(struct dentry *d)
{
    atomic_inc_relaxed(&d->d_count);
}

/* A name that does not fit into its dentry. Readers may hold it until a grace period after its last
 * use. */
struct long_name {
    struct rcu_head rcu;
    char text[];
};

char *d_name_dup(const char *name, unsigned len)
{
    struct long_name *n = kmalloc(sizeof(*n) + len + 8, GFP_KERNEL);

    if (!n)
        return NULL;
    memcpy(n->text, name, len);
    n->text[len] = 0;
    return n->text;
}

void d_name_free(char *text)
{
    kfree(container_of(text, struct long_name, text));
}

static void dentry_free_rcu(struct rcu_head *head)
{
    struct dentry *d = container_of(head, struct dentry, rcu);

    if (d->d_name != d->d_iname)
        d_name_free(d->d_name);
    kmem_cache_free(dentry_cache, d);
}

void dput(struct dentry *d)
{
    while (d && atomic_dec_and_test_full(&d->d_count)) {
        struct dentry *parent = d->d_parent == d ? NULL : d->d_parent;

        if (d->d_inode)
            iput(d->d_inode);
        call_rcu(&d->rcu, dentry_free_rcu);
        d = parent;
    }
}

struct dentry *d_alloc(struct dentry *parent, const char *name, unsigned len, u32 hash)
{
    struct dentry *d = kmem_cache_alloc(dentry_cache, GFP_KERNEL);

    if (!d)
        return NULL;
    d->d_name = d->d_iname;
    if (len >= sizeof(d->d_iname)) {
        d->d_name = d_name_dup(name, len);
        if (!d->d_name) {
            kmem_cache_free(dentry_cache, d);
            return NULL;
        }
    }
    if (d->d_name == d->d_iname) {
        memcpy(d->d_name, name, len);
        d->d_name[len] = 0;
    }
    d->d_namelen = len;
    d->d_node.hash = hash;
    d->d_inode = NULL;
    d->d_count = 1;
    d->d_flags = 0;
    INIT_LIST_HEAD(&d->d_child);
    INIT_LIST_HEAD(&d->d_subdirs);
    d->d_parent = parent ? parent : d;
    d->d_sb = parent ? parent->d_sb : NULL;
    d->d_pos = 0;
    if (parent)
        dget(parent);
    return d;
}

void d_instantiate(struct dentry *d, struct inode *inode)
{
    atomic_store_release(&d->d_inode, inode);
}

void d_add(struct dentry *d)
{
    struct inode *dir = d->d_parent->d_inode;

    dget(d);
    (void)atomic_fetch_or_relaxed(&d->d_flags, D_HASHED);
    d->d_pos = ++dir->i_next_pos;
    list_add_tail(&d->d_child, &d->d_parent->d_subdirs);
    rcu_hash_insert(&names, &d->d_node, hash_in(d->d_parent, d->d_node.hash));
    rcu_hash_maintain(&names, d->d_node.hash);
}

void d_delete(struct dentry *d)
{
    if (!(d->d_flags & D_HASHED))
        return;
    rcu_hash_remove(&names, &d->d_node);
    rcu_hash_maintain(&names, d->d_node.hash);
    (void)atomic_fetch_or_relaxed(&d->d_flags, D_DELETED);
    (void)atomic_fetch_and_relaxed(&d->d_flags, ~D_HASHED);
    list_del_init(&d->d_child);
    dput(d);
}

/* d takes the place (parent, text); text comes from d_name_dup and becomes d's. The caller settles
 * the parents' references. */
void d_move(struct dentry *d, struct dentry *parent, char *text, unsigned len, u32 hash)
{
    char *old = d->d_name;

    rcu_hash_remove(&names, &d->d_node);
    list_del(&d->d_child);
    d->d_parent = parent;
    d->d_namelen = len;
    d->d_name = text;
    d->d_pos = ++parent->d_inode->i_next_pos;
    list_add_tail(&d->d_child, &parent->d_subdirs);
    rcu_hash_insert(&names, &d->d_node, hash_in(parent, hash)); /* the tree lock is held: no resizing here */
    if (old != d->d_iname)
        kfree_rcu(container_of(old, struct long_name, text), rcu);
}

/* a_name and b_name: kmalloc'ed copies of a's and b's names; each dentry takes the other's. */
void d_exchange(struct dentry *a, struct dentry *b, char *a_name, char *b_name)
{
    struct dentry *pa = a->d_parent, *pb = b->d_parent;
    unsigned la = a->d_namelen, lb = b->d_namelen;
    u32 ha = hash_in(pa, a->d_node.hash); /* of the names alone */
    u32 hb = hash_in(pb, b->d_node.hash);

    d_move(a, pb, b_name, lb, hb);
    d_move(b, pa, a_name, la, ha);
}

bool d_is_ancestor(const struct dentry *a, const struct dentry *d)
{
    for (; d != a; d = d->d_parent)
        if (d->d_parent == d)
            return false;
    return true;
}

bool simple_dir_empty(struct dentry *d)
{
    return list_empty(&d->d_subdirs);
}

/* ---- names made by the kernel ---- */
struct dentry *d_make_root(struct inode *root)
{
    struct dentry *d = d_alloc(NULL, "/", 1, 0);

    if (!d) {
        iput(root);
        return NULL;
    }
    d->d_sb = root->i_sb;
    d_instantiate(d, root);
    return d;
}

struct dentry *d_find_child(struct dentry *parent, const char *name)
{
    unsigned len = strlen(name);

    return d_lookup(parent, name, len, name_hash(name, len));
}

struct dentry *d_create_child(struct dentry *parent, const char *name, struct inode *inode)
{
    unsigned len = strlen(name);
    u32 hash = name_hash(name, len);
    struct dentry *d = d_alloc(parent, name, len, hash);
    struct dentry *old;

    if (!d) {
        iput(inode);
        return ERR_PTR(-ENOMEM);
    }
    d_instantiate(d, inode);
    mutex_lock(&parent->d_inode->i_mutex);
    old = d_lookup(parent, name, len, hash);
    if (!old) {
        d_add(d);
        if (S_ISDIR(inode->i_mode))
            parent->d_inode->i_nlink++;
    }
    mutex_unlock(&parent->d_inode->i_mutex);
    dput(d); /* the directory's reference stays when it was added */
    if (old) {
        dput(old);
        return ERR_PTR(-EEXIST);
    }
    return d;
}

void d_remove_child(struct dentry *child)
{
    struct dentry *parent = child->d_parent;

    dget(parent);
    mutex_lock(&parent->d_inode->i_mutex);
    if (child->d_flags & D_HASHED && S_ISDIR(child->d_inode->i_mode))
        parent->d_inode->i_nlink--;
    d_delete(child);
    mutex_unlock(&parent->d_inode->i_mutex);
    dput(parent);
}
