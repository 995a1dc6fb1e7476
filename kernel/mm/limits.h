/* mm->flags bits of kernel/mm. Guard: mmap_lock for writing. */
#pragma once
#define MM_FORKED      1u /* entries with W were written since the last fork */
#define MM_MEMBARRIER  4u /* registered for private expedited barriers (membarrier(2)); fork inherits it */
#define MM_LOCK_FUTURE 2u /* mlockall(MCL_FUTURE): new mappings are locked */
#define MM_MEMBARRIER_RSEQ 8u /* the same for restarting critical sections of rseq(2) */
#define MM_MEMBARRIER_SYNC_CORE 16u /* the same for serialising every CPU before user code runs on */
#define MM_INHERITED (MM_MEMBARRIER | MM_MEMBARRIER_RSEQ | MM_MEMBARRIER_SYNC_CORE)
#define MAP_NONBLOCK   0x10000
