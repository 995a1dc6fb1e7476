/* RCU under torture, for tests: rcu_torture.c. */
#pragma once
void rcu_torture_create(void); /* makes /proc/rcu-torture */
