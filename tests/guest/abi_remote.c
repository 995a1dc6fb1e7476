/* The memory of another process: process_vm_readv and process_vm_writev. */
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
