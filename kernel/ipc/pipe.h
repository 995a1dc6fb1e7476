/* Pipes and FIFOs: a byte ring of pages behind one sleeping lock. */
#pragma once
#include "kernel/fs/vfs.h"

#define PIPE_BUF 4096u
#define PIPE_DEF_BYTES 65536u
#define PIPE_MAX_BYTES 1048576u

/* open() of a FIFO inode: blocks until the other end is opened (O_NONBLOCK: ENXIO for a writer). 0, -ENXIO, -ERESTARTSYS,
 * -ENOMEM. The file's f_op becomes the pipe's. */
int fifo_open(struct inode *inode, struct file *file);
/* F_SETPIPE_SZ, F_GETPIPE_SZ: bytes, or -EBADF (no pipe), -EBUSY (more bytes inside), -EINVAL, -EPERM, -ENOMEM. */
long pipe_fcntl(struct file *file, unsigned cmd, unsigned long arg);
#define F_SETPIPE_SZ 1031
#define F_GETPIPE_SZ 1032
