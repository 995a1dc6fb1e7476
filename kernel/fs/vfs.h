/* The file layer: inode, dentry, file, path walk. All names live in dentries; a directory's
 * dentries are its contents for in-memory file systems (tmpfs, devtmpfs), a cache for those that
 * make them on lookup (procfs, sysfs). Owned by kernel/fs/. Errors are negative errno; functions
 * that may sleep say so. */
#pragma once
#include "kernel/lib/err.h"
#include "kernel/lib/list.h"
#include "kernel/lib/spinlock.h"
#include "kernel/mm/pagecache.h"
#include "lockfree/rcu.h"
#include "lockfree/rcu_hash.h"
#include "kernel/sync/mutex.h"
#include "kernel/time/ktime.h"

struct file;
struct inode;
struct dentry;
struct super_block;
struct vm_area_struct;
struct poll_table;
struct cred;
struct mount;
struct iattr;
struct files_struct;
struct fs_struct;
struct path_s {
    struct mount *mnt;
    struct dentry *dentry;
};

#define S_IFMT      0170000
#define S_IFSOCK    0140000
#define S_IFLNK     0120000
#define S_IFREG     0100000
#define S_IFBLK     0060000
#define S_IFDIR     0040000
#define S_IFCHR     0020000
#define S_IFIFO     0010000
#define S_ISREG(m)  (((m)&S_IFMT) == S_IFREG)
#define S_ISDIR(m)  (((m)&S_IFMT) == S_IFDIR)
#define S_ISLNK(m)  (((m)&S_IFMT) == S_IFLNK)
#define S_ISCHR(m)  (((m)&S_IFMT) == S_IFCHR)
#define S_ISFIFO(m) (((m)&S_IFMT) == S_IFIFO)
#define O_ACCMODE   3
#define O_RDONLY    0
#define O_WRONLY    1
#define O_RDWR      2
#define O_CREAT     0100
#define O_EXCL      0200
#define O_NOCTTY    0400
#define O_TRUNC     01000
#define O_APPEND    02000
#define O_NONBLOCK  04000
#define O_DIRECTORY 0200000
#define O_NOFOLLOW  0400000
#define O_CLOEXEC   02000000
#define O_PATH      010000000
#define O_TMPFILE   020200000
#define FMODE_READ  1u
#define FMODE_WRITE 2u
#define FMODE_EXEC  0x20u /* a program that runs: its last fput ends what deny_write_access began  \
                           */
#define AT_FDCWD            (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR        0x200
#define AT_SYMLINK_FOLLOW   0x400
#define AT_EMPTY_PATH       0x1000
#define MKDEV(ma, mi)       (((dev_t)(ma) << 20) | (mi))
#define MAJOR(d)            ((d) >> 20)
#define MINOR(d)            ((d)&0xfffff)
#define POLLIN              0x1
#define POLLPRI             0x2
#define POLLOUT             0x4
#define POLLERR             0x8
#define POLLHUP             0x10
#define POLLNVAL            0x20
#define POLLRDNORM          0x40
#define POLLRDBAND          0x80
#define POLLWRNORM          0x100
#define POLLRDHUP           0x2000

/* Directory reader: actor returns false to stop (buffer full). */
struct dir_context {
    bool (*actor)(struct dir_context *, const char *name, unsigned len, loff_t pos, ino_t ino,
                  unsigned d_type);
    loff_t pos;
};

struct file_operations {
    ssize_t (*read)(struct file *, char __user *buf, size_t n, loff_t *pos);
    ssize_t (*write)(struct file *, const char __user *buf, size_t n, loff_t *pos);
    loff_t (*llseek)(struct file *, loff_t off, int whence); /* NULL: ESPIPE */
    unsigned (*poll)(struct file *, struct poll_table *); /* NULL: always readable and writable */
    long (*ioctl)(struct file *, unsigned cmd, unsigned long arg); /* NULL: ENOTTY */
    int (*mmap)(struct file *, struct vm_area_struct *);           /* NULL: ENODEV */
    int (*open)(struct inode *, struct file *);
    void (*release)(struct inode *, struct file *);
    int (*iterate)(struct file *, struct dir_context *); /* directories */
    int (*flush)(struct file *);                         /* each close() */
    /* From kernel memory, for sendfile and copy_file_range; NULL: they answer EINVAL and programs
     * fall back on write. */
    ssize_t (*write_kernel)(struct file *, const void *buf, size_t n, loff_t *pos);
};

struct inode_operations {
    struct dentry *(*lookup)(
        struct inode *dir,
        struct dentry *child); /* fills child (d_instantiate) or leaves it negative; 0/ERR_PTR */
    int (*create)(struct inode *dir, struct dentry *, mode_t);
    int (*mkdir)(struct inode *dir, struct dentry *, mode_t);
    int (*rmdir)(struct inode *dir, struct dentry *);
    int (*unlink)(struct inode *dir, struct dentry *);
    int (*link)(struct dentry *old, struct inode *dir, struct dentry *);
    int (*symlink)(struct inode *dir, struct dentry *, const char *target);
    int (*mknod)(struct inode *dir, struct dentry *, mode_t, dev_t);
    int (*rename)(struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new,
                  unsigned flags);
    /* Symbolic link target into buf (kernel), length or -errno. magic links (/proc/PID/exe, fd/N)
     * use get_path instead. */
    ssize_t (*readlink)(struct dentry *, char *buf, size_t n);
    int (*get_path)(struct dentry *, struct path_s *out);
    int (*setattr)(struct dentry *, struct iattr *);
    int (*permission)(struct inode *, int mask);
};

struct iattr {
    u32 valid;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    loff_t size;
    struct timespec atime, mtime, ctime;
};
#define ATTR_MODE  1u
#define ATTR_UID   2u
#define ATTR_GID   4u
#define ATTR_SIZE  8u
#define ATTR_ATIME 16u
#define ATTR_MTIME 32u
#define ATTR_CTIME 64u

struct inode {
    ino_t i_ino;
    mode_t i_mode;
    uid_t i_uid;
    gid_t i_gid;
    u32 i_nlink;
    u32 i_count; /* atomic */
    dev_t i_rdev;
    loff_t i_size;
    struct timespec i_atime, i_mtime, i_ctime;
    s32 i_writecount;     /* atomic: > 0 writers, < 0 executed (deny_write_access) */
    struct mutex i_mutex; /* directory contents, truncate against write */
    const struct inode_operations *i_op;
    const struct file_operations *i_fop;
    struct super_block *i_sb;
    struct address_space i_data; /* regular files */
    void *i_private;             /* pipe, device, proc entry */
    void (*destroy)(
        struct inode *); /* last reference and no link; NULL: nothing beyond the generic free */
    const char *
        i_link; /* symbolic link: the target (kmalloc), freed with the inode after a grace period */
    u32 i_flags;                       /* S_DEAD; under i_mutex */
    u32 i_next_pos;                    /* directory: cookie of the next entry; under i_mutex */
    struct file_lock_context *i_flctx; /* POSIX and flock locks, NULL until the first */
    struct rcu_head rcu;
};
#define S_DEAD     1u /* removed directory: nothing may be created in it */
#define S_LINKABLE 2u /* made by O_TMPFILE: may get its first name by linkat */
#define S_FIXED    4u /* a fixed name of /proc, /sys or debugfs: found by asking, and never removed */

struct dentry {
    struct inode *d_inode; /* NULL: negative */
    struct dentry *d_parent;
    char *d_name; /* short names inline */
    u32 d_namelen;
    u32 d_count; /* atomic */
    u32 d_flags;
    struct list_head d_child; /* in parent's d_subdirs, under parent inode's i_mutex */
    struct list_head d_subdirs;
    struct rcu_hash_node d_node; /* hash: of the name until d_add, then of name and parent */
    struct super_block *d_sb;
    struct rcu_head rcu;
    u32 d_pos; /* directory cookie, rising in d_subdirs' order */
    char d_iname[36];
};
#define D_MOUNTED 1u /* something is (or was) mounted here */
#define D_HASHED  2u /* in its directory and in the hash */
#define D_ANON    4u /* no place in the tree: pipe:[..] and the like, memfd */
#define D_DELETED 8u /* its name was removed: d_path says " (deleted)" */

struct file {
    u32 f_count; /* atomic */
    u32 f_mode;  /* FMODE_* */
    u32 f_flags; /* O_* (fcntl F_SETFL) */
    u32 f_version; /* of a FIFO's reader: its w_counter when it was opened without a writer */
    const struct file_operations *f_op;
    struct inode *f_inode;
    struct path_s f_path;
    loff_t f_pos;
    struct mutex f_pos_lock; /* taken only when the file is shared */
    void *private_data;
    const struct cred *f_cred;
    struct list_head
        f_ep; /* epoll items that watch it, under epoll_mutex; next is NULL before the first */
    const char *f_anon_name; /* alloc_anon_file: "pipe", "[eventfd]"; f_path is empty then */
    struct rcu_head rcu;
};
#define FMODE_STREAM 0x40u  /* no position: pipes, terminals; set by ->open or alloc_anon_file */
#define FMODE_PATH   0x80u  /* O_PATH */
#define FMODE_WRITER 0x100u /* holds i_writecount */

/* File systems. mount_fn returns a super block with s_root (one shared instance is fine) or
 * ERR_PTR. */
struct super_block {
    dev_t s_dev;
    u32 s_magic;
    const char *s_type;
    struct dentry *s_root; /* the super block's own reference */
    u64 s_max_pages;       /* 0: no limit */
    u64 s_pages;           /* atomic: data pages in use */
    u64 s_max_inodes;      /* 0: no limit */
    u64 s_inodes;          /* atomic */
    u64 s_next_ino;        /* atomic */
    u32 s_active;          /* atomic: mounts; the last one frees it unless s_shared */
    bool s_shared;         /* proc, sysfs, devtmpfs: one instance for ever */
    void *s_fs_info;
};
typedef struct super_block *(*fs_mount_fn)(const char *data, unsigned long flags);
int register_filesystem(const char *name, fs_mount_fn mount); /* -EBUSY: name taken */
struct super_block *alloc_super(const char *type, u32 magic); /* NULL: no memory; has no root yet */

/* Inodes and entries made by the kernel. new_inode: one reference, i_nlink 1, owner current's fs
 * ids, times now. */
struct inode *new_inode(struct super_block *sb, mode_t mode);
static inline void ihold(struct inode *i)
{
    atomic_inc_relaxed(&i->i_count);
}
void iput(struct inode *i);
struct dentry *d_make_root(struct inode *root); /* consumes the inode reference; NULL: no memory */
/* A child of parent that holds `inode` (reference consumed), visible at once;
 * ERR_PTR(-EEXIST/-ENOMEM). Takes the directory's i_mutex. The directory keeps it alive; the caller
 * gets no reference. */
struct dentry *d_create_child(struct dentry *parent, const char *name, struct inode *inode);
void d_remove_child(struct dentry *child); /* unhashes it; takes the directory's i_mutex */
void d_instantiate(struct dentry *d,
                   struct inode *inode); /* ->lookup, ->create...: consumes the inode reference */
struct dentry *d_find_child(struct dentry *parent, const char *name); /* referenced or NULL */
void dget(struct dentry *d);
void dput(struct dentry *d); /* may sleep */
void path_get(const struct path_s *p);
void path_put(const struct path_s *p);
/* Directory iteration over the dentries of an in-memory directory: ->iterate of such file systems.
 */
int dcache_iterate(struct file *dir, struct dir_context *ctx);
bool dir_emit_dots(struct file *dir, struct dir_context *ctx); /* positions 0 and 1 */
extern const struct file_operations simple_dir_fops;           /* dcache_iterate */
/* For directories whose entries come from ->lookup the dentry is not kept: it dies with its last
 * reference. An in-memory directory has no ->lookup: a name that is not hashed does not exist. */

/* Paths by kernel strings. flags: AT_SYMLINK_NOFOLLOW. out is referenced. */
int kern_path(const char *name, unsigned flags, struct path_s *out);
/* The path of an open file, also of a nameless one (then a private dentry is made): for magic
 * links. Referenced. */
int inode_permission(struct inode *inode, int mask); /* 0 or -EACCES, by the fs ids and capabilities of current */
bool path_noexec(const struct path_s *p); /* false for what has no path */
int file_get_path(struct file *f, struct path_s *out);
/* Text for /proc/PID/fd/N and maps: as d_path, "pipe:[ino]" for nameless files. */
char *file_path(struct file *f, char *buf, size_t n);
/* Opens for exec: regular file, MAY_EXEC, not written by anyone (deny_write_access is done). flags:
 * AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. The caller ends with allow_write_access() and fput(). */
struct file *open_exec_at(int dfd, const char *kernel_path, int flags);
bool file_may_suid(const struct file *f); /* its mount lets set-user-id programs work */
/* root and working directory of a task's fs (referenced), umask. */
void get_fs_root(struct fs_struct *fs, struct path_s *out);
void get_fs_pwd(struct fs_struct *fs, struct path_s *out);
unsigned fs_umask(struct fs_struct *fs);
/* The files of another task for /proc: take the struct with get_files under the task's lock first.
 */
struct file *files_lookup_get(struct files_struct *files, unsigned fd); /* referenced or NULL */
bool files_fd_cloexec(struct files_struct *files, unsigned fd);
int files_next_fd(struct files_struct *files, unsigned from); /* first open fd >= from, -1 */
unsigned files_limit(struct files_struct *files);             /* size of the table (FDSize) */
/* One line per mount as in /proc/mounts: calls fn with device, mount point (as current sees it),
 * type, options. */
void for_each_mount(void (*fn)(void *arg, const char *dev, const char *dir, const char *type,
                               const char *opts, int id, int parent_id, dev_t sdev,
                               const char *root),
                    void *arg);
/* Names of file systems for /proc/filesystems. */
void for_each_filesystem(void (*fn)(void *arg, const char *name), void *arg);

/* Files of the current task. fget: reference or NULL. */
struct file *fget(int fd);
void fput(struct file *f);
static inline void get_file(struct file *f)
{
    atomic_inc_relaxed(&f->f_count);
}
/* Light reference: no RMW while the table is not shared between tasks. */
struct fd {
    struct file *file;
    bool need_put;
};
struct fd fdget(int fd);
static inline void fdput(struct fd f)
{
    if (f.need_put)
        fput(f.file);
}
int get_unused_fd_flags(unsigned flags); /* fd or -EMFILE */
void fd_install(int fd, struct file *f);
void put_unused_fd(int fd);
/* A file without a name (pipe, eventfd, ...): anonymous inode. ERR_PTR(-ENFILE/-ENOMEM). */
struct file *alloc_anon_file(const char *name, const struct file_operations *fops, void *priv,
                             unsigned flags);
struct file *filp_open(const char *kernel_path, int flags, mode_t mode);
/* Reads a page-cache file into kernel memory at pos; bytes or -errno. */
ssize_t kernel_read(struct file *f, void *buf, size_t n, loff_t pos);
loff_t generic_file_llseek(struct file *f, loff_t off, int whence);
int generic_permission(struct inode *inode,
                       int mask); /* MAY_* against current's fsuid/fsgid/groups/capabilities */
#define MAY_EXEC  1
#define MAY_WRITE 2
#define MAY_READ  4
int deny_write_access(struct file *f); /* exec: 0 or -ETXTBSY */
void allow_write_access(struct file *f);
/* Absolute path of a dentry as the current task's root sees it; pointer into buf or ERR_PTR. */
char *d_path(const struct path_s *p, char *buf, size_t n);

/* fork / exec / exit hooks. */
extern struct files_struct init_files;
extern struct fs_struct init_fs;
struct files_struct *dup_files(struct files_struct *old); /* ERR_PTR(-ENOMEM) */
struct files_struct *get_files(struct files_struct *f);
void put_files(struct files_struct *f); /* last: closes all. May sleep. */
void close_on_exec_files(struct files_struct *f);
int unshare_files(void); /* exec: own copy if shared */
struct fs_struct *copy_fs(struct fs_struct *old);
struct fs_struct *get_fs(struct fs_struct *f);
void put_fs(struct fs_struct *f);
u32 fs_users(const struct fs_struct *f); /* a glance: the threads that use it */
int unshare_fs(void);                    /* own copy if shared */

/* Character devices: kernel/fs/devtmpfs. Creates /dev/NAME at once (or at mount). */
int register_chrdev(const char *name, dev_t dev, mode_t mode, const struct file_operations *fops);
/* A nameless inode for two-ended objects (pipe): one reference; give it to files by
 * alloc_file_inode. NULL: no memory. */
struct inode *new_anon_inode(mode_t mode);
bool is_anon_inode(const struct inode *inode); /* of no directory: a pipe(2), a memfd */
/* A file on `inode` (reference taken) without a dentry. flags: O_* of the file. */
struct file *alloc_file_inode(struct inode *inode, const char *name,
                              const struct file_operations *fops, void *priv, unsigned flags);

/* poll: a poll_table collects wait queues. NULL table: only ask. */
struct wait_queue_head;
struct poll_table {
    void (*queue)(struct file *, struct wait_queue_head *,
                  struct poll_table *); /* NULL: only ask */
    unsigned events;                    /* what the caller waits for */
};
static inline void poll_wait(struct file *f, struct wait_queue_head *wq, struct poll_table *pt)
{
    if (pt && pt->queue)
        pt->queue(f, wq, pt);
}
/* Readiness of a file now (and, with a table, later). */
unsigned vfs_poll(struct file *f, struct poll_table *pt);

void vfs_init(void); /* mounts the root tmpfs */
int unpack_initramfs(
    const void *data,
    size_t len); /* newc, plain or gzip, several in a row; 0 or -errno with a log line */
/* Called while unpacking for whole pages of the archive that are no longer needed; may stay NULL.
 */
extern void (*initramfs_release)(const void *start, size_t bytes);
