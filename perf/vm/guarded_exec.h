// Become another program that the kernel kills when its cloudbench dies, however that happens.
#pragma once

// parent: the cloudbench that must be alive. Returns only on failure, with an exit code, after
// saying why.
int guarded_exec(int parent, char **argv);
