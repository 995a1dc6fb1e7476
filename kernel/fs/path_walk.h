/* A path walk under way, for those who go on with its last component (namei_open.c). The rules are
 * in namei.c. */
#pragma once
#include "kernel/fs/fs_internal.h"

struct walk {
    struct path_s path;  /* where we are; referenced unless rcu */
    struct path_s root;  /* what / means; referenced if root_ref */
    struct inode *inode; /* path.dentry's */
    const char *name;    /* what is left */
    unsigned flags;      /* LOOKUP_* */
    unsigned links;
    u32 seq;
    bool rcu, root_ref, must_be_dir;
    char *heap;             /* PATH_MAX bytes of link text, or NULL */
    struct last_name *last; /* LOOKUP_PARENT */
    char small[128];        /* short link text */
};

/* On success w holds its references: end_walk(). Errors as path_lookup. */
int walk_path(struct walk *w, int dfd, const char *name, unsigned flags);
/* Goes on with w->name. */
int walk_all(struct walk *w);
/* Gives everything back but, on success, path. */
void end_walk(struct walk *w, bool keep_path);
/* link is referenced (reference mode) and consumed; rest is what follows it: "" or "/...". */
int follow_link(struct walk *w, struct dentry *link, const char *rest);
/* d's reference becomes path's. */
void goto_dentry(struct walk *w, struct dentry *d);
int cross_mounts(struct walk *w);
void save_last(struct walk *w, enum last_type type, const char *name, unsigned len, u32 hash,
               bool slash);
/* Referenced child or ERR_PTR. Reference mode, or i_mutex held. */
struct dentry *lookup_one(struct dentry *parent, const char *name, unsigned len, u32 hash);
