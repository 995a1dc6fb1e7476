/* unshare.pml: page tables shared by fork (kernel/mm/pgtable.h P1 to P5): unsharing, the last owner, copy on write of the page below.
 *
 * A parent with two threads and its child share one leaf table whose one entry maps a page that was writable before the fork. Each thread
 * writes to the page: entry above read-only -> copy the table, or, as the last owner, set W above; entry below read-only -> copy the page,
 * or, as its last owner, set W below; then the write. A processor may write by what its TLB still holds until it is flushed.
 * Checked: a space never writes to a page that the other maps; counts come back to what is mapped.
 * run: pass
 * run: -DNO_CLEAR fail
 * run: -DNO_FLUSH_IN_FORK fail
 * run: -DPUT_BEFORE_COPY fail
 * run: -DNO_RECHECK fail
 * run: -DLATE_COUNT fail
 * c: kernel/mm/dup.c share_table table_share WRITE_ONCE PTE_W | forker: the count, then both entries above without W
 * c: kernel/mm/pgtable.c table_unshare table_is_shared table_copy page_table_lock PTE_W | thread: copy, or the last owner sets W above
 * c: kernel/mm/pgtable.c table_copy page_table_lock table_lock copy_table_locked flush_tlb_page table_put | thread: the copy; let go only after the flush
 * c: kernel/mm/pgtable.c copy_table_locked PTE_W get_page WRITE_ONCE | thread: W cleared in the old table before the copy is visible (P3)
 * c: kernel/mm/pgtable.c table_put atomic_dec_and_test_full put_page | thread: the last one releases what it maps
 * c: kernel/mm/fault.c fault_write_protected refs break_cow PTE_W | thread: the page is ours alone, or is copied
 */
#define PARENT 0
#define CHILD 1
/* Tables: 0 the shared one, 1 the parent's copy, 2 the child's. Pages: 0 the old one, 1 and 2 copies. */
byte table[2];              /* which table each space's entry above names */
bool above_w[2];
byte refs[3];               /* of tables */
bool leaf_w[3];
byte leaf_page[3];
byte page_refs[3];
bool present[2];            /* the child exists */
bool table_lock[3], space_lock[2];
bool tlb_w[3];              /* thread's processor still holds a writable translation to page 0 */
bool mm_write = 1;          /* mmap_lock for writing, held by fork */
byte done = 0;

inline lock(l) { atomic { !l -> l = 1 } }
/* Thread `me` of `space` stores to `page`: nobody else may see it. */
inline store(page) { assert(!present[1 - space] || leaf_page[table[1 - space]] != page) }

proctype forker() {
#ifdef LATE_COUNT
  above_w[PARENT] = 0; table[CHILD] = 0; present[CHILD] = 1; mm_write = 0; refs[0]++;
#else
  refs[0]++;
  above_w[PARENT] = 0;
  table[CHILD] = 0; above_w[CHILD] = 0;
#ifndef NO_FLUSH_IN_FORK
  tlb_w[0] = 0; tlb_w[1] = 0;
#endif
  present[CHILD] = 1;
  mm_write = 0
#endif
  }

proctype thread(byte me; byte space) { byte old, fresh = space + 1; byte page; bool shared, mine;
  /* before the fork's flush a parent's processor may write by its TLB without a fault */
  if
  :: tlb_w[me] -> atomic { if :: tlb_w[me] -> store(0) :: else fi }
  :: true
  fi;
  (!mm_write && present[space]);
  do
  :: above_w[space] && leaf_w[table[space]] ->
     atomic { if :: above_w[space] && leaf_w[table[space]] -> page = leaf_page[table[space]]; store(page) :: else -> page = 9 fi };
     if :: page != 9 -> break :: else fi
  :: !above_w[space] ->
     old = table[space];
     shared = (refs[old] > 1);
     lock(space_lock[space]);
     if
     :: shared ->
#ifdef NO_RECHECK
        mine = 1;
#else
        mine = !above_w[space];
#endif
        if
        :: mine ->
           old = table[space];
           lock(table_lock[old]);
#ifdef PUT_BEFORE_COPY
           refs[old]--;
#endif
#ifndef NO_CLEAR
           leaf_w[old] = 0;
#endif
           page_refs[leaf_page[old]]++;
           leaf_page[fresh] = leaf_page[old]; leaf_w[fresh] = 0; refs[fresh] = 1;
           table_lock[old] = 0;
           atomic { table[space] = fresh; above_w[space] = 1 };
           space_lock[space] = 0;
#ifndef PUT_BEFORE_COPY
           atomic { refs[old]--; if :: refs[old] == 0 -> page_refs[leaf_page[old]]-- :: else fi }
#endif
        :: else -> space_lock[space] = 0
        fi
     :: else -> above_w[space] = 1; space_lock[space] = 0
     fi
  :: above_w[space] && !leaf_w[table[space]] ->
     old = table[space];
     lock(table_lock[old]);
     if
     :: table[space] == old && above_w[space] && !leaf_w[old] ->
        page = leaf_page[old];
        if
        :: page_refs[page] == 1 -> leaf_w[old] = 1
        :: else -> page_refs[space + 1] = 1; atomic { leaf_page[old] = space + 1; leaf_w[old] = 1 }; page_refs[page]--
        fi
     :: else
     fi;
     table_lock[old] = 0
  od;
  done++ }

init {
  atomic {
    table[PARENT] = 0; above_w[PARENT] = 1; refs[0] = 1; leaf_w[0] = 1; leaf_page[0] = 0; page_refs[0] = 1;
    present[PARENT] = 1; tlb_w[0] = 1; tlb_w[1] = 1;
    run forker(); run thread(0, PARENT); run thread(1, PARENT); run thread(2, CHILD) };
  done == 3;
  assert(leaf_page[table[PARENT]] != leaf_page[table[CHILD]]);
  assert(page_refs[leaf_page[table[PARENT]]] == 1 && page_refs[leaf_page[table[CHILD]]] == 1) }
