// A boot's private folder: sockets and the plugin's file. The name holds our pid, so a later
// cloudbench removes what a killed one left. Socket paths must fit sun_path: a long TMPDIR is
// passed over for /tmp.
#pragma once

// The new folder's path (owned by the caller), or NULL with errno.
char *temp_dir_make(void);
void temp_dir_remove(char *path); // and frees the path
// Remove folders of this user whose cloudbench is gone.
void temp_dir_sweep(void);
