/* Crashes on demand, for tests: provoke.c. */
#pragma once
void provoke_create(void); /* makes /proc/provoke-crash */
