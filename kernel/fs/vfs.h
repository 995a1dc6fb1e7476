/* The file layer: inode, dentry, file, path walk. All names live in dentries; a directory's dentries are its contents
 * for in-memory file systems (tmpfs, devtmpfs), a cache for those that make them on lookup (procfs, sysfs).
 * Owned by kernel/fs/. Errors are negative errno; functions that may sleep say so. */
#pragma once
#include "kernel/lib/err.h"
#include "kernel/lib/list.h"
#include "kernel/lib/spinlock.h"
#include "kernel/mm/pagecache.h"
#include "lockfree/rcu.h"
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
struct path_s { struct mount *mnt; struct dentry *dentry; };

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFLNK 0120000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFIFO 0010000
#define S_ISREG(m) (((m) & S_IFMT) == S_IFREG)
#define S_ISDIR(m) (((m) & S_IFMT) == S_IFDIR)
#define S_ISLNK(m) (((m) & S_IFMT) == S_IFLNK)
#define S_ISCHR(m) (((m) & S_IFMT) == S_IFCHR)
#define S_ISFIFO(m) (((m) & S_IFMT) == S_IFIFO)
#define O_ACCMODE 3
#define O_RDONLY 0
#define O_WRONLY 1
#define O_RDWR 2
#define O_CREAT 0100
#define O_EXCL 0200
#define O_NOCTTY 0400
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_NONBLOCK 04000
#define O_DIRECTORY 0200000
#define O_NOFOLLOW 0400000
#define O_CLOEXEC 02000000
#define O_PATH 010000000
#define O_TMPFILE 020200000
#define FMODE_READ 1u
#define FMODE_WRITE 2u
#define FMODE_EXEC 0x20u
#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR 0x200
#define AT_SYMLINK_FOLLOW 0x400
#define AT_EMPTY_PATH 0x1000
#define MKDEV(ma, mi) (((dev_t)(ma) << 20) | (mi))
#define MAJOR(d) ((d) >> 20)
#define MINOR(d) ((d) & 0xfffff)
#define POLLIN 0x1
#define POLLPRI 0x2
#define POLLOUT 0x4
#define POLLERR 0x8
#define POLLHUP 0x10
#define POLLNVAL 0x20
#define POLLRDNORM 0x40
#define POLLRDBAND 0x80
#define POLLWRNORM 0x100
#define POLLRDHUP 0x2000

/* Directory reader: actor returns false to stop (buffer full). */
struct dir_context {
    bool (*actor)(struct dir_context *, const char *name, unsigned len, loff_t pos, ino_t ino, unsigned d_type);
    loff_t pos;
};

struct file_operations {
    ssize_t (*read)(struct file *, char __user *buf, size_t n, loff_t *pos);
    ssize_t (*write)(struct file *, const char __user *buf, size_t n, loff_t *pos);
    loff_t (*llseek)(struct file *, loff_t off, int whence); /* NULL: ESPIPE */
    unsigned (*poll)(struct file *, struct poll_table *);    /* NULL: always readable and writable */
    long (*ioctl)(struct file *, unsigned cmd, unsigned long arg); /* NULL: ENOTTY */
    int (*mmap)(struct file *, struct vm_area_struct *);     /* NULL: ENODEV */
    int (*open)(struct inode *, struct file *);
    void (*release)(struct inode *, struct file *);
    int (*iterate)(struct file *, struct dir_context *);     /* directories */
    int (*flush)(struct file *);                             /* each close() */
};

struct inode_operations {
    struct dentry *(*lookup)(struct inode *dir, struct dentry *child); /* fills child (d_instantiate) or leaves it negative; 0/ERR_PTR */
    int (*create)(struct inode *dir, struct dentry *, mode_t);
    int (*mkdir)(struct inode *dir, struct dentry *, mode_t);
    int (*rmdir)(struct inode *dir, struct dentry *);
    int (*unlink)(struct inode *dir, struct dentry *);
    int (*link)(struct dentry *old, struct inode *dir, struct dentry *);
    int (*symlink)(struct inode *dir, struct dentry *, const char *target);
    int (*mknod)(struct inode *dir, struct dentry *, mode_t, dev_t);
    int (*rename)(struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new, unsigned flags);
    /* Symbolic link target into buf (kernel), length or -errno. magic links (/proc/PID/exe, fd/N) use get_path instead. */
    ssize_t (*readlink)(struct dentry *, char *buf, size_t n);
    int (*get_path)(struct dentry *, struct path_s *out);
    int (*setattr)(struct dentry *, struct iattr *);
    int (*permission)(struct inode *, int mask);
};

struct iattr { u32 valid; mode_t mode; uid_t uid; gid_t gid; loff_t size; struct timespec atime, mtime, ctime; };
#define ATTR_MODE 1u
#define ATTR_UID 2u
#define ATTR_GID 4u
#define ATTR_SIZE 8u
#define ATTR_ATIME 16u
#define ATTR_MTIME 32u
#define ATTR_CTIME 64u

struct inode {
    ino_t i_ino;
    mode_t i_mode;
    uid_t i_uid;
    gid_t i_gid;
    u32 i_nlink;
    u32 i_count;            /* atomic */
    dev_t i_rdev;
    loff_t i_size;
    struct timespec i_atime, i_mtime, i_ctime;
    s32 i_writecount;       /* atomic: > 0 writers, < 0 executed (deny_write_access) */
    struct mutex i_mutex;   /* directory contents, truncate against write */
    const struct inode_operations *i_op;
    const struct file_operations *i_fop;
    struct super_block *i_sb;
    struct address_space i_data; /* regular files */
    void *i_private;        /* pipe, device, proc entry */
    void (*destroy)(struct inode *); /* last reference and no link; NULL: nothing beyond the generic free */
    struct rcu_head rcu;
};

struct dentry {
    struct inode *d_inode;  /* NULL: negative */
    struct dentry *d_parent;
    char *d_name;           /* short names inline */
    u32 d_namelen, d_hash;
    u32 d_count;            /* atomic */
    u32 d_flags;
    struct list_head d_child; /* in parent's d_subdirs, under parent inode's i_mutex */
    struct list_head d_subdirs;
    struct dentry *d_hash_next;
    struct super_block *d_sb;
    struct rcu_head rcu;
    char d_iname[32];
};

struct file {
    u32 f_count;            /* atomic */
    u32 f_mode;             /* FMODE_* */
    u32 f_flags;            /* O_* (fcntl F_SETFL) */
    const struct file_operations *f_op;
    struct inode *f_inode;
    struct path_s f_path;
    loff_t f_pos;
    struct mutex f_pos_lock; /* taken only when the file is shared */
    void *private_data;
    const struct cred *f_cred;
    struct rcu_head rcu;
};

/* Files of the current task. fget: reference or NULL. */
struct file *fget(int fd);
void fput(struct file *f);
static inline void get_file(struct file *f) { atomic_inc_relaxed(&f->f_count); }
/* Light reference: no RMW while the table is not shared between tasks. */
struct fd { struct file *file; bool need_put; };
struct fd fdget(int fd);
static inline void fdput(struct fd f) { if (f.need_put) fput(f.file); }
int get_unused_fd_flags(unsigned flags);           /* fd or -EMFILE */
void fd_install(int fd, struct file *f);
void put_unused_fd(int fd);
/* A file without a name (pipe, eventfd, ...): anonymous inode. ERR_PTR(-ENFILE/-ENOMEM). */
struct file *alloc_anon_file(const char *name, const struct file_operations *fops, void *priv, unsigned flags);
struct file *filp_open(const char *kernel_path, int flags, mode_t mode);
/* Reads a page-cache file into kernel memory at pos; bytes or -errno. */
ssize_t kernel_read(struct file *f, void *buf, size_t n, loff_t pos);
loff_t generic_file_llseek(struct file *f, loff_t off, int whence);
int generic_permission(struct inode *inode, int mask); /* MAY_* against current's fsuid/fsgid/groups/capabilities */
#define MAY_EXEC 1
#define MAY_WRITE 2
#define MAY_READ 4
int deny_write_access(struct file *f);  /* exec: 0 or -ETXTBSY */
void allow_write_access(struct file *f);
/* Absolute path of a dentry as the current task's root sees it; pointer into buf or ERR_PTR. */
char *d_path(const struct path_s *p, char *buf, size_t n);

/* fork / exec / exit hooks. */
struct files_struct;
struct fs_struct;
extern struct files_struct init_files;
extern struct fs_struct init_fs;
struct files_struct *dup_files(struct files_struct *old); /* ERR_PTR(-ENOMEM) */
struct files_struct *get_files(struct files_struct *f);
void put_files(struct files_struct *f);                   /* last: closes all. May sleep. */
void close_on_exec_files(struct files_struct *f);
int unshare_files(void);                                  /* exec: own copy if shared */
struct fs_struct *copy_fs(struct fs_struct *old);
struct fs_struct *get_fs(struct fs_struct *f);
void put_fs(struct fs_struct *f);

/* Character devices: kernel/fs/devtmpfs. Creates /dev/NAME at once (or at mount). */
int register_chrdev(const char *name, dev_t dev, mode_t mode, const struct file_operations *fops);

/* poll: a poll_table collects wait queues. NULL table: only ask. */
struct wait_queue_head;
void poll_wait(struct file *f, struct wait_queue_head *wq, struct poll_table *pt);

void vfs_init(void);        /* mounts the root tmpfs */
int unpack_initramfs(const void *data, size_t len); /* newc, plain or gzip, several in a row; 0 or -errno with a log line */
