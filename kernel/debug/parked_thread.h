/* A kernel thread to park, for tests: parked_thread.c. */
#pragma once
void parked_thread_create(void); /* makes /proc/kthread-park */
