/*
 * A program on its way to be executed (kernel/task/exec.c, exec_strings.c, elf_load.c,
 * exec_stack.c). Lives in one system call of one task; nothing in it is shared.
 */
#pragma once
#include "kernel/fs/vfs.h"
#include "kernel/mm/mm.h"
#include "kernel/task/task_internal.h"

#define BINPRM_HEADER_BYTES 576 /* an ELF header and nine program headers */
#define BINPRM_PATH_MAX     4096
#define MAX_SCRIPT_DEPTH    5

/* The strings as they will stand on the new stack: argv, then envp, then the program's name; all
 * NUL terminated. */
struct exec_strings {
    char *buf;
    size_t size;
    size_t start, env_start,
        end; /* offsets in buf; start moves down when scripts put words in front */
    u32 argc, envc;
    size_t limit; /* bytes of strings and pointers (E2BIG) */
};

struct binprm {
    struct file *file;   /* what is loaded; opened by open_exec_at() */
    struct file *interp; /* PT_INTERP, NULL without */
    char *name;          /* path of the program as it was called, kmalloc */
    char comm[TASK_COMM_LEN];
    u8 header[BINPRM_HEADER_BYTES];
    ssize_t header_bytes;
    struct exec_strings strings;
    struct mm_struct *mm; /* the new space, until it is switched in */
    struct cred *cred;    /* NULL: rights do not change */
    bool secure;          /* AT_SECURE: rights were gained */
    bool dumpable;        /* others of the user may look into the new space */
    bool exec_stack;
    /* set by elf_load() */
    unsigned long entry, sp, at_phdr, at_entry, at_base;
    u16 at_phnum;
};

/* exec_strings.c: 0, -E2BIG, -EFAULT, -ENOMEM */
int strings_init(struct exec_strings *s);
int strings_from_user(struct exec_strings *s, const char __user *const __user *argv,
                      const char __user *const __user *envp);
int strings_from_kernel(struct exec_strings *s, const char *const *argv, const char *const *envp);
int strings_push_front(struct exec_strings *s, const char *word); /* a new argv[0] */
void strings_drop_front(struct exec_strings *s);
int strings_append_name(struct exec_strings *s, const char *name);
int strings_reserve_front(struct exec_strings *s, size_t bytes);
void strings_free(struct exec_strings *s);
/* exec_stack.c: lays the stack out in bprm->mm. 0 or -errno */
int exec_build_stack(struct binprm *b);
/* elf_load.c: elf_check: -ENOEXEC and the like, opens the interpreter; elf_load: maps everything
 * into bprm->mm. */
int elf_check(struct binprm *b);
int elf_load(struct binprm *b);
/* exec_cred.c: b->cred and b->secure from the file's mode. 0, -ENOMEM, -EPERM */
int exec_prepare_creds(struct binprm *b);
void exec_commit_creds(struct binprm *b);
/* de_thread.c: current becomes the only thread and the leader of its process. 0, -EAGAIN when
 * killed. */
int de_thread(void);
unsigned long exec_random(const struct binprm *b, unsigned bits); /* pages; 0 when addresses are not randomised */
