/* Object caches with per-CPU magazines, and kmalloc. Any context with GFP_ATOMIC; free in any context. */
#pragma once
#include "kernel/mm/page.h"
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align);
void *kmem_cache_alloc(struct kmem_cache *c, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *c, void *obj);
void shrink_local_magazines(void); /* the running CPU's free objects go back to the slabs */
void shrink_remote_frees(void);    /* and those that were freed on another node than theirs */
void *kmalloc(size_t size, gfp_t gfp); /* NULL when there is no memory; sizes above 4 MiB: vmalloc */
static inline void *kzalloc(size_t size, gfp_t gfp) { return kmalloc(size, gfp | GFP_ZERO); }
void *kmalloc_node(size_t size, gfp_t gfp, int nid);
void kfree(const void *p);
char *kstrdup(const char *s, gfp_t gfp);
void *vmalloc(size_t size); /* zeroed, page granular, NULL */
void vfree(void *p);
/* Kernel stacks: KSTACK_SIZE bytes with a guard page below, mapped once and kept in per-node caches. Lowest address or NULL. */
void *alloc_kernel_stack(int nid);
void free_kernel_stack(void *stack);
