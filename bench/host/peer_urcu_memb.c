/* peer_urcu_memb.c: liburcu's memb flavour, inlined as its manual says. */
#define _LGPL_SOURCE
#define URCU_API_MAP
#define URCU_INLINE_SMALL_FUNCTIONS
#include <urcu/urcu-memb.h>
#define URCU_NAME "memb"
#define URCU_LIST list_urcu_memb
#define URCU_KIND RCU_SECTIONS
#define URCU_SIDE SIDE_PEER
#define URCU_QUIET ((void)0)
#include "bench/host/urcu_subject.h"
