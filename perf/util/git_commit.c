// Asks git, once for each commit.
#include "perf/util/git_commit.h"

#include "perf/util/project.h"
#include "perf/util/text_buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// Its first line, or NULL when git does not say anything.
static char *ask(const char *verb, const char *option, const char *what)
{
    int end[2];
    char line[128] = "";
    if (pipe(end))
        return NULL;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(end[1], STDOUT_FILENO);
        if (!freopen("/dev/null", "w", stderr))
            _exit(127);
        execlp("git", "git", "-C", project_root(), verb, option, what, "--", (char *)NULL);
        _exit(127);
    }
    close(end[1]);
    FILE *f = fdopen(end[0], "r");
    bool any = f && fgets(line, sizeof(line), f);
    if (f)
        fclose(f);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    line[strcspn(line, "\n")] = '\0';
    return any && *line ? x_strdup(line) : NULL;
}

char *git_commit(void)
{
    char *commit = ask("rev-parse", "--verify", "HEAD^{commit}");
    if (commit && strspn(commit, "0123456789abcdef") == 40)
        return commit;
    free(commit);
    return NULL;
}

long git_ordinal(const char *commit)
{
    static json_t *known;
    size_t n = strspn(commit, "0123456789abcdef");
    if (n < 7 || n > 40 || commit[n])
        return -1;
    known = known ? known : json_object();
    json_t *v = json_object_get(known, commit);
    if (!v) {
        char *count = ask("rev-list", "--count", commit);
        json_object_set_new(known, commit, json_integer(count ? atol(count) : -1));
        free(count);
        v = json_object_get(known, commit);
    }
    return json_integer_value(v);
}
