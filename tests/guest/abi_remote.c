/* The memory of another process: process_vm_readv and process_vm_writev. */
#include <sys/prctl.h>
#include <sys/uio.h>
#include "tests/guest/abi.h"

static char cell[16] = "parent";

static void wait_for_end(pid_t child)
{
    kill(child, SIGKILL);
    EQ(waitpid(child, NULL, 0), child);
}

TEST(process_vm_readv, reads_the_childs_copy_and_ESRCH)
{
    char got[16] = "";
    struct iovec local = { got, 6 }, remote = { cell, 6 }, wild = { BAD_LOW, 6 };
    int ready[2];
    char c;

    EQ(pipe(ready), 0);
    pid_t child = fork();
    if (!child) {
        memcpy(cell, "child!", 6);
        write(ready[1], "x", 1);
        pause();
        _exit(0);
    }
    EQ(read(ready[0], &c, 1), 1);
    EQ(process_vm_readv(child, &local, 1, &remote, 1, 0), 6);
    CHECK(!memcmp(got, "child!", 6));
    CHECK(!memcmp(cell, "parent", 6));
    FAILS(process_vm_readv(child, &local, 1, &wild, 1, 0), EFAULT);
    FAILS(process_vm_readv(child, &local, 1, &remote, 1, 1), EINVAL);
    wait_for_end(child);
    FAILS(process_vm_readv(3999999, &local, 1, &remote, 1, 0), ESRCH);
}

TEST(process_vm_writev, writes_the_childs_copy_and_EPERM)
{
    struct iovec local = { "write!", 6 }, remote = { cell, 6 };
    int ready[2];
    char c;

    EQ(pipe(ready), 0);
    pid_t child = fork();
    if (!child) {
        write(ready[1], "x", 1);
        while (*(volatile char *)cell != 'w')
            ;
        _exit(memcmp(cell, "write!", 6) ? 1 : 0);
    }
    EQ(read(ready[0], &c, 1), 1);
    EQ(process_vm_writev(child, &local, 1, &remote, 1, 0), 6);
    abi_reap(child, 0);
    CHECK(!memcmp(cell, "parent", 6));
    EQ(setresuid(1000, 1000, 1000), 0);
    FAILS(process_vm_writev(1, &local, 1, &remote, 1, 0), EPERM);
}

/* The user's own process, but one that nobody may look into. */
TEST(process_vm_readv, EPERM_for_an_undumpable_process)
{
    char got[16], path[64];
    struct iovec local = { got, 6 }, remote = { cell, 6 };
    int ready[2], go[2], fd;
    char c;

    EQ(setresgid(77, 77, 77), 0);
    EQ(setresuid(55, 55, 55), 0);
    EQ(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), 0); /* set*id ended it */
    EQ(pipe(ready), 0);
    EQ(pipe(go), 0);
    pid_t child = fork();
    if (!child) {
        write(ready[1], "x", 1);
        read(go[0], &c, 1);
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        write(ready[1], "x", 1);
        pause();
        _exit(0);
    }
    EQ(read(ready[0], &c, 1), 1);
    EQ(process_vm_readv(child, &local, 1, &remote, 1, 0), 6);
    snprintf(path, sizeof(path), "/proc/%d/environ", child);
    fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    close(fd);
    EQ(write(go[1], "x", 1), 1);
    EQ(read(ready[0], &c, 1), 1);
    FAILS(process_vm_readv(child, &local, 1, &remote, 1, 0), EPERM);
    FAILS(process_vm_writev(child, &local, 1, &remote, 1, 0), EPERM);
    FAILS(open(path, O_RDONLY), EACCES);
    snprintf(path, sizeof(path), "/proc/%d/auxv", child);
    FAILS(open(path, O_RDONLY), EACCES);
    snprintf(path, sizeof(path), "/proc/%d/fd/0", child);
    CHECK(open(path, O_RDONLY) < 0);
    wait_for_end(child);
}

/* While the program is exec'ed there is a moment between its space and its rights. */
TEST(process_vm_writev, EPERM_into_a_set_user_id_program_beside_its_exec)
{
    struct iovec local = { "hacked", 6 }, remote = { cell, 6 };
    long end = abi_now_ms() + 1500;

    abi_scratch();
    chmod(".", 0755);
    CHECK(system("cat /tests/abi_remote > id; chown 1234 id; chmod 4755 id") == 0);
    EQ(setresgid(77, 77, 77), 0);
    EQ(setresuid(55, 55, 55), 0);
    EQ(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
    while (abi_now_ms() < end) {
        int status;
        pid_t child = fork();
        if (!child) {
            memset(mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, 16 << 20); /* what exec tears down */
            memcpy(cell, "old   ", 6);
            execle("./id", "id", (char *)NULL, (char *[]){"REMOTE_CELL=1", NULL});
            _exit(99);
        }
        while (waitpid(child, &status, WNOHANG) == 0)
            process_vm_writev(child, &local, 1, &remote, 1, 0);
        EQ(WEXITSTATUS(status), 0);
    }
}

/* The set-user-id program: has anybody written into it? */
__attribute__((constructor(101))) static void look_at_the_cell(void)
{
    if (getenv("REMOTE_CELL"))
        _exit(memcmp(cell, "parent", 6) ? 50 : geteuid() == 1234 ? 0 : 51);
}

TEST(process_vm_readv, EFAULT_where_the_mapping_forbids_it)
{
    char got[4], *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct iovec to = {got, 4}, from = {page, 4};
    memcpy(page, "have", 4);
    EQ(process_vm_readv(getpid(), &to, 1, &from, 1, 0), 4);
    EQ(mprotect(page, 4096, PROT_NONE), 0);
    FAILS(process_vm_readv(getpid(), &to, 1, &from, 1, 0), EFAULT);
    EQ(mprotect(page, 4096, PROT_READ), 0);
    EQ(process_vm_readv(getpid(), &to, 1, &from, 1, 0), 4);
    FAILS(process_vm_writev(getpid(), &to, 1, &from, 1, 0), EFAULT);
}
