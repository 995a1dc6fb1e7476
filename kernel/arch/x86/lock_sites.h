/* Lock prefixes on a machine with one CPU. */
#pragma once
/* Boot CPU, once, after smp_init_topology(); does nothing when there is more than one CPU. */
void lock_sites_patch_up(void);
