/* peer_urcu_bp.c: liburcu's bp flavour, inlined as its manual says. */
#define _LGPL_SOURCE
#define URCU_API_MAP
#define URCU_INLINE_SMALL_FUNCTIONS
#include <urcu/urcu-bp.h>
#define URCU_NAME "bp"
#define URCU_LIST list_urcu_bp
#define URCU_KIND RCU_SECTIONS
#define URCU_SIDE SIDE_PEER
#define URCU_QUIET ((void)0)
#include "bench/host/urcu_subject.h"
