/* Credentials (guide): immutable once published; a change makes a copy and commits it. */
#pragma once
#include "kernel/task/task.h"
#include "lockfree/rcu_hash.h"
#include "lockfree/refcount.h"
struct user_struct {
    refcount_t count;
    uid_t uid;
    u32 processes, sigpending; /* atomic */
    struct rcu_hash_node node;
    struct rcu_head rcu;
};
struct group_info { u32 usage; u32 ngroups; gid_t gid[]; };
struct user_namespace;
typedef u64 kernel_cap_t;
#define CAP_TO_MASK(c) (1UL << (c))
#define CAP_CHOWN 0
#define CAP_DAC_OVERRIDE 1
#define CAP_DAC_READ_SEARCH 2
#define CAP_FOWNER 3
#define CAP_FSETID 4
#define CAP_KILL 5
#define CAP_SETGID 6
#define CAP_SETUID 7
#define CAP_SETPCAP 8
#define CAP_IPC_LOCK 14
#define CAP_SYS_RAWIO 17
#define CAP_SYS_CHROOT 18
#define CAP_FULL_SET ((1UL << (CAP_LAST_CAP + 1)) - 1)
#define CAP_SYS_PTRACE 19
#define CAP_SYS_ADMIN 21
#define CAP_SYS_BOOT 22
#define CAP_SYS_NICE 23
#define CAP_SYS_RESOURCE 24
#define CAP_SYS_TIME 25
#define CAP_SYS_TTY_CONFIG 26
#define CAP_MKNOD 27
#define CAP_LAST_CAP 40
struct cred {
    u32 usage; /* atomic */
    uid_t uid;
    gid_t gid;
    uid_t suid;
    gid_t sgid;
    uid_t euid;
    gid_t egid;
    uid_t fsuid;
    gid_t fsgid;
    unsigned securebits;
    kernel_cap_t cap_inheritable, cap_permitted, cap_effective, cap_bset, cap_ambient;
    struct user_struct *user;
    struct user_namespace *user_ns;
    struct group_info *group_info;
    struct rcu_head rcu;
};
extern struct cred init_cred;
static inline const struct cred *current_cred(void) { return current->cred; }
bool capable(int cap);
bool in_group_p(gid_t gid); /* fsgid or a supplementary group of current */
struct cred *prepare_creds(void);      /* copy of current's, NULL: no memory */
int commit_creds(struct cred *new);    /* consumes it; current must own it alone. 0 */
void abort_creds(struct cred *c);      /* an uncommitted copy */
int cred_set_user(struct cred *c, uid_t uid); /* of an uncommitted copy: the account of the real user. 0, -EAGAIN */
void put_group_info(struct group_info *g);
void cred_init(void);
struct user_struct *init_user(void);
void free_uid(struct user_struct *u);
#define SECBIT_NOROOT 0x1u
#define SECBIT_NO_SETUID_FIXUP 0x4u
#define SECBIT_KEEP_CAPS 0x10u
#define SECBIT_NO_CAP_AMBIENT_RAISE 0x40u
#define SECBITS_ALL 0xffu
#define SECBITS_LOCKS 0xaau
#define NGROUPS_MAX 65536
void put_cred(const struct cred *c);
const struct cred *get_task_cred(struct task_struct *t); /* of a task that the caller holds: a reference */
/* Of credentials that cannot end meanwhile. */
static inline const struct cred *get_cred(const struct cred *c) { atomic_inc_relaxed(&((struct cred *)c)->usage); return c; }
