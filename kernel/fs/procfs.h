/* Text files of /proc and /sys: a show function writes the whole text into a growing buffer at each
 * open-read-from-0. */
#pragma once
#include "kernel/fs/vfs.h"
struct seq_buf {
    char *buf;
    size_t len, size;
    bool overflow;
    void *private;
};
void seq_printf(struct seq_buf *s, const char *fmt, ...) __printf(2, 3);
void seq_puts(struct seq_buf *s, const char *text);
void seq_putc(struct seq_buf *s, char c);
void seq_write(struct seq_buf *s, const void *data, size_t n);
typedef int (*proc_show_t)(struct seq_buf *s, void *data);
typedef ssize_t (*proc_store_t)(const char *text, size_t n,
                                void *data); /* text is NUL terminated; n or -errno */
/* path relative to /proc, e.g. "sys/kernel/pid_max"; parents are created. store may be NULL. */
int proc_create(const char *path, mode_t mode, proc_show_t show, proc_store_t store, void *data);
int sysfs_create(const char *path, mode_t mode, proc_show_t show, proc_store_t store,
                 void *data); /* relative to /sys */
int debugfs_create(const char *path, mode_t mode, proc_show_t show, proc_store_t store, void *data); /* relative to its root */
int proc_symlink(const char *path, const char *target);
int sysfs_symlink(const char *path, const char *target);
int sysfs_mkdir(const char *path);
/* Decimal numbers as sysctl files hold them; *value is an int of the kernel. */
int proc_show_int(struct seq_buf *s, void *value);
ssize_t proc_store_int(const char *text, size_t n, void *value);

void procfs_init(void); /* registers proc; slab and vfs work */
void sysfs_init(void);  /* registers sysfs; CPUs and nodes are known */
void debugfs_init(void); /* registers debugfs; proc is there */

/* The process of an open directory /proc/PID, referenced; ERR_PTR(-EBADF) for any other descriptor. */
struct pid *proc_pid_get(int fd);
