/* Group stops (kernel/signal/stop.c). All with siglock held, which is dropped while the task
 * sleeps, unless said otherwise. */
#pragma once
void stop_current(int sig);   /* a stop signal was taken */
void take_part_in_stop(void); /* stop_work is set */
bool notify_continued_locked(void); /* tells the parent what SIGCONT noted; false: nothing was */
void exit_leaves_stop(void);  /* do_exit: this thread is not waited for any more */
