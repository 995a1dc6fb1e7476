// Makes, removes and sweeps cloudbench-PID-XXXXXX folders.
#include "perf/vm/temp_dir.h"

#include "perf/util/host_file.h"
#include "perf/util/text_buf.h"

#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 60 // what sun_path leaves after /cloudbench-PID-XXXXXX/NAME.sock

static const char *base_dir(void)
{
    const char *tmp = getenv("TMPDIR");
    return tmp && tmp[0] == '/' && strlen(tmp) < PATH_ROOM ? tmp : "/tmp";
}

char *temp_dir_make(void)
{
    char *path = x_printf("%s/cloudbench-%d-XXXXXX", base_dir(), (int)getpid());
    if (mkdtemp(path))
        return path;
    free(path);
    return NULL;
}

void temp_dir_remove(char *path)
{
    if (path)
        remove_tree(path);
    free(path);
}

static void sweep_one(const char *path)
{
    int pid = 0;
    struct stat st;
    const char *name = strrchr(path, '/') + 1;
    if (sscanf(name, "cloudbench-%d-", &pid) != 1 || pid <= 0 || lstat(path, &st))
        return;
    if (S_ISDIR(st.st_mode) && st.st_uid == getuid() && kill(pid, 0) && errno == ESRCH)
        remove_tree(path);
}

void temp_dir_sweep(void)
{
    glob_t g;
    char *pattern = x_printf("%s/cloudbench-*-??????", base_dir());
    if (!glob(pattern, 0, NULL, &g)) {
        for (size_t i = 0; i < g.gl_pathc; i++)
            sweep_one(g.gl_pathv[i]);
        globfree(&g);
    }
    free(pattern);
}
