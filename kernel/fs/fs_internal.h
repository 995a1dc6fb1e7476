/* What the files of kernel/fs share with one another and with nobody else.
 *
 * Lock order: rename_mutex > i_mutex of a directory (ancestor first, then by address) > i_mutex of
 * the child > files->lock, fs->lock, the name hash's locks (leaf spin locks). mmap_lock is taken inside
 * i_mutex (copies from user memory). */
#pragma once
#include "kernel/fs/vfs.h"
#include "kernel/task/cred.h"
#include "kernel/mm/slab.h"
#include "kernel/arch/x86/uaccess.h"
#include "kernel/lib/percpu_parts.h"
#include "kernel/lib/string.h"
#include "percpu/percpu_ref.h"

#define PATH_MAX    4096
#define NAME_MAX    255
#define MAXSYMLINKS 40
#define MAY_APPEND  8

/* ---- the tree's sequence: odd while a rename or a mount change is under way ---- */
extern u32 tree_seq;
void tree_write_begin(void); /* takes the tree lock: a spin lock */
void tree_write_end(void);
static inline u32 tree_read_begin(void)
{
    u32 s;

    while ((s = atomic_load_acquire(&tree_seq)) & 1)
        cpu_relax();
    return s;
}
/* After reads: true when they may have seen a change half done. */
static inline bool tree_read_retry(u32 seq)
{
    atomic_fence_acquire();
    return atomic_load_relaxed(&tree_seq) != seq;
}

/* ---- dcache.c ---- */
u32 name_hash(const char *name, unsigned len);
struct dentry *d_alloc(struct dentry *parent, const char *name, unsigned len,
                       u32 hash); /* negative, unhashed, one reference */
/* Under rcu_read_lock: the hashed child or NULL. No reference. */
struct dentry *d_lookup_rcu(const struct dentry *parent, const char *name, unsigned len, u32 hash);
struct dentry *d_lookup(struct dentry *parent, const char *name, unsigned len,
                        u32 hash); /* referenced */
bool dget_not_zero(struct dentry *d);
void d_add(struct dentry *
               d); /* parent's i_mutex held: hash and list; the directory takes its own reference */
void d_delete(struct dentry *d); /* parent's i_mutex held: drops that reference */
/* Between tree_write_begin and _end, both directories' i_mutex held: d gets new's place. */
void d_move(struct dentry *d, struct dentry *parent, char *text, unsigned len, u32 hash);
void d_exchange(struct dentry *a, struct dentry *b, char *a_name, char *b_name);
char *d_name_dup(const char *name, unsigned len);                   /* NULL: no memory */
void d_name_free(char *text);                                       /* never published */
bool d_is_ancestor(const struct dentry *a, const struct dentry *d); /* a is d or above it */
bool simple_dir_empty(struct dentry *d);
void dcache_init(void);
void file_init(void);

/* ---- mount.c ---- */
struct mount {
    struct mount *parent;      /* tree lock and tree_seq */
    struct dentry *mountpoint; /* in parent; referenced */
    struct dentry *root;
    struct super_block *sb;
    struct list_head list; /* all mounts; a grace period after it left the tree: detached ones */
    u32 flags;             /* MS_* */
    int id;
    bool detached;             /* mount_mutex */
    struct mount *gone_next;   /* mount_mutex: list of an umount */
    char *devname;
    struct percpu_ref users; /* spread while it is in the tree; switches: mount_mutex */
};
#define MS_RDONLY      1u
#define MS_NOSUID      2u
#define MS_NODEV       4u
#define MS_NOEXEC      8u
#define MS_REMOUNT     32u
#define MS_NOATIME     1024u
#define MS_NODIRATIME  2048u
#define MS_BIND        4096u
#define MS_MOVE        8192u
#define MS_REC         16384u
#define MS_SILENT      32768u
#define MS_RELATIME    (1u << 21)
#define MS_STRICTATIME (1u << 24)
extern struct mount *root_mount;
static inline void mntget(struct mount *m)
{
    preempt_disable();
    percpu_ref_get(&m->users, this_cpu_part(m->users.part));
    preempt_enable();
}
static inline void mntput(struct mount *m)
{
    preempt_disable();
    (void)percpu_ref_put(&m->users, this_cpu_part(m->users.part)); /* mount.c looks for the last */
    preempt_enable();
}
/* Under rcu_read_lock: what is mounted on this dentry of this mount, or NULL. */
struct mount *lookup_mnt(const struct mount *m, const struct dentry *d);
bool is_mountpoint(const struct dentry *d);
static inline int mnt_want_write(const struct mount *m)
{
    return m->flags & MS_RDONLY ? -EROFS : 0;
}
void mount_init(void);

/* ---- fs_struct.c ---- */
struct fs_struct {
    u32 users; /* atomic */
    u32 umask;
    spinlock_t lock;
    struct path_s root, pwd;
};
/* Under rcu_read_lock: copies without references. */
void fs_copy_root_rcu(struct fs_struct *fs, struct path_s *out);
void fs_copy_pwd_rcu(struct fs_struct *fs, struct path_s *out);
void fs_set_root_pwd(struct fs_struct *fs, const struct path_s *root, const struct path_s *pwd);

/* ---- super.c ---- */
struct super_block *fs_mount_by_name(const char *type, const char *data, unsigned long flags);
void put_super(struct super_block *sb);
struct super_block *tmpfs_mount(const char *data, unsigned long flags);
struct super_block *devtmpfs_mount(const char *data, unsigned long flags);
void devtmpfs_init(void);
void memdev_init(void);

/* ---- namei.c ---- */
#define LOOKUP_FOLLOW        1u
#define LOOKUP_DIRECTORY     2u
#define LOOKUP_PARENT        4u
#define LOOKUP_EMPTY         8u
#define LOOKUP_NO_SYMLINKS   16u
#define LOOKUP_NO_MAGICLINKS 32u
#define LOOKUP_NO_XDEV       64u
#define LOOKUP_BENEATH       128u
#define LOOKUP_IN_ROOT       256u
/* The referenced child or ERR_PTR(-ENOENT, ...); the directory's i_mutex is held. */
struct last_name;
struct dentry *lookup_one_locked(struct dentry *parent, const struct last_name *last);
/* A path name copied from user memory; short ones need no allocation. */
struct pathname {
    char *s;
    bool heap;
    char buf[200];
};
int getname(struct pathname *p, const char __user *name); /* -EFAULT, -ENAMETOOLONG, -ENOMEM */
static inline void putname(struct pathname *p)
{
    if (p->heap)
        kfree(p->s);
}
/* Last component of a LOOKUP_PARENT walk; name points into the walker's text. */
enum last_type { LAST_NORM, LAST_ROOT, LAST_DOT, LAST_DOTDOT };
struct last_name {
    enum last_type type;
    bool slash; /* followed by slashes */
    u32 hash;
    unsigned len;
    char name[NAME_MAX + 1];
};
/* The path of `name` relative to dfd, referenced. */
int path_lookup(int dfd, const char *name, unsigned lookup, struct path_s *out);
int path_lookup_parent(int dfd, const char *name, unsigned lookup, struct path_s *parent,
                       struct last_name *last);
int user_path_at(int dfd, const char __user *name, unsigned lookup, struct path_s *out);
unsigned at_to_lookup(int at_flags); /* AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH */
struct open_how_k {
    int flags;
    mode_t mode;
    unsigned lookup;
};
struct file *do_filp_open(int dfd, const char *name, const struct open_how_k *how);
int path_permission(const struct path_s *p, int mask); /* with the mount's read-only flag */
bool inode_owner_or_capable(const struct inode *inode);

/* ---- inode.c ---- */
struct timespec current_time(void);
int notify_change(struct dentry *d, struct iattr *attr, bool as_owner); /* i_mutex held */
int get_write_access(struct inode *inode);
void put_write_access(struct inode *inode);
void touch_atime(struct file *f);
void file_update_time(struct inode *inode);
int file_remove_privs(struct inode *inode);

/* ---- file.c ---- */
/* A nameless file behind a new descriptor of current; the number or -errno (priv stays the caller's
 * then). */
int anon_file_fd(const char *name, const struct file_operations *fops, void *priv, unsigned flags);
struct file *alloc_empty_file(unsigned flags); /* ERR_PTR(-ENFILE/-ENOMEM) */
struct file *dentry_open(const struct path_s *p,
                         int flags); /* no permission checks; takes its own references */

/* ---- fdtable.c ---- */
struct fd fdget_raw(int fd); /* O_PATH files too */
int alloc_fd_from(u32 start, unsigned flags);
int close_fd(unsigned fd);
long dup_from(unsigned fd, u32 start, unsigned flags);
int get_cloexec(unsigned fd);
void set_cloexec(unsigned fd, bool on);

/* ---- read_write.c ---- */
ssize_t vfs_read(struct file *f, char __user *buf, size_t n, loff_t *pos);
ssize_t vfs_write(struct file *f, const char __user *buf, size_t n, loff_t *pos);

/* ---- epoll.c ---- */
void eventpoll_release(struct file *f);

/* ---- tmpfs ---- */
struct inode *tmpfs_new_inode(struct super_block *sb, struct inode *dir, mode_t mode, dev_t rdev);
ssize_t tmpfs_write_kernel(struct inode *inode, const void *buf, size_t n, loff_t pos);
int tmpfs_truncate(struct inode *inode, loff_t size); /* i_mutex held */
long tmpfs_fallocate(struct inode *inode, int mode, loff_t off, loff_t len);
extern const struct file_operations tmpfs_file_fops;
extern const struct inode_operations tmpfs_file_iops;
extern struct super_block *anon_sb; /* memfd, pipes, nameless inodes */

/* ---- special files ---- */
int fifo_open(struct inode *inode, struct file *f); /* kernel/ipc: sets f_op and private_data */
void init_special_inode(struct inode *inode, mode_t mode, dev_t rdev);
extern const struct file_operations chrdev_fops;

/* ---- locks.c ---- */
void locks_remove_posix(struct file *f, struct files_struct *owner);
void locks_remove_flock(struct file *f);
void locks_free_context(struct inode *inode);
long fcntl_getlk(struct file *f, void __user *arg, bool ofd);
long fcntl_setlk(struct file *f, unsigned fd, void __user *arg, bool wait, bool ofd);

/* ---- old and new device numbers at the system-call border ---- */
static inline u64 new_encode_dev(dev_t d)
{
    u64 ma = MAJOR(d), mi = MINOR(d);

    return (mi & 0xff) | (ma & 0xfff) << 8 | (mi & ~0xffULL) << 12;
}
static inline dev_t new_decode_dev(u64 d)
{
    return MKDEV((d >> 8) & 0xfff, (d & 0xff) | ((d >> 12) & 0xfff00));
}
