/* abi_tty.c: the console as terminal, and what programs read in /proc. */
#include <pthread.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "tests/guest/abi.h"

static int console(void)
{
    int fd = open("/dev/console", O_RDWR | O_NOCTTY);
    CHECK(fd >= 0);
    return fd;
}

TEST(ioctl, termios)
{
    struct termios t, u;
    int fd = console();
    signal(SIGTTOU, SIG_IGN);
    EQ(tcgetattr(fd, &t), 0);
    CHECK(t.c_lflag & ICANON);
    CHECK(t.c_lflag & ISIG);
    u = t;
    u.c_cc[VMIN] = 3;
    u.c_lflag &= ~(tcflag_t)ECHO;
    EQ(tcsetattr(fd, TCSADRAIN, &u), 0);
    EQ(tcgetattr(fd, &u), 0);
    EQ(u.c_cc[VMIN], 3);
    EQ(u.c_lflag & ECHO, 0);
    EQ(tcsetattr(fd, TCSADRAIN, &t), 0);
    FAILS(ioctl(fd, TCGETS, BAD_ADDRESS), EFAULT);
    FAILS(ioctl(fd, 0x12345678, 0), ENOTTY);
}

TEST(ioctl, window_size)
{
    struct winsize w = {33, 44, 0, 0}, old;
    int fd = console();
    EQ(ioctl(fd, TIOCGWINSZ, &old), 0);
    signal(SIGWINCH, SIG_IGN);
    EQ(ioctl(fd, TIOCSWINSZ, &w), 0);
    memset(&w, 0, sizeof w);
    EQ(ioctl(fd, TIOCGWINSZ, &w), 0);
    EQ(w.ws_row * 100 + w.ws_col, 3344);
    ioctl(fd, TIOCSWINSZ, &old);
}

TEST(ioctl, foreground_group)
{
    int fd = open("/dev/tty", O_RDWR);
    CHECK(fd >= 0);
    pid_t front = tcgetpgrp(fd);
    CHECK(front > 0);
    signal(SIGTTOU, SIG_IGN);
    EQ(tcsetpgrp(fd, getpgrp()), 0);
    EQ(tcgetpgrp(fd), getpgrp());
    EQ(tcsetpgrp(fd, front), 0);
    FAILS(tcsetpgrp(fd, 999999), ESRCH);
}

TEST(ioctl, background_change_stops)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        int fd = open("/dev/tty", O_RDWR);
        struct termios t;
        tcgetattr(fd, &t);
        tcsetattr(fd, TCSANOW, &t); /* from the background: SIGTTOU */
        _exit(0);
    }
    EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
    kill(pid, SIGKILL);
}

TEST(ioctl, background_read_stops)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        char c;
        setpgid(0, 0);
        read(open("/dev/tty", O_RDONLY), &c, 1);
        _exit(0);
    }
    EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
    kill(pid, SIGKILL);
}

static volatile int over;

/* Asks for a foreground group that there is none of: what is looked at first is the group of the process itself. */
static void *foreground_asker(void *arg)
{
    int fd = open("/dev/tty", O_RDWR), nothing = -1;

    if (fd < 0)
        return "no /dev/tty";
    while (!over)
        if (ioctl(fd, TIOCSPGRP, &nothing) == 0 || errno != EINVAL)
            return "not EINVAL";
    return arg;
}

/* Into the group of a process that has ended: the caller is its last member, and leaves it. */
static void be_the_last_of_a_group(void)
{
    pid_t pid = abi_sleeper();

    EQ(setpgid(pid, pid), 0);
    EQ(setpgid(0, pid), 0);
    EQ(kill(pid, SIGKILL), 0);
    EQ(waitpid(pid, NULL, 0), pid);
    EQ(setpgid(0, 0), 0);
}

TEST(ioctl, foreground_group_beside_a_change_of_the_own)
{
    pid_t pid = fork();

    if (pid == 0) {
        long end = abi_now_ms() + 1000;
        void *said = "";
        pthread_t t;

        signal(SIGTTOU, SIG_IGN);
        EQ(pthread_create(&t, NULL, foreground_asker, NULL), 0);
        while (abi_now_ms() < end)
            be_the_last_of_a_group();
        over = 1;
        EQ(pthread_join(t, &said), 0);
        _exit(said ? 1 : 0);
    }
    abi_reap(pid, 0);
}

TEST(open, dev_tty_without_terminal_ENXIO)
{
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        _exit(open("/dev/tty", O_RDWR) < 0 && errno == ENXIO ? 0 : 1);
    }
    abi_reap(pid, 0);
}

static char *slurp(const char *path)
{
    static char text[65536];
    int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    ssize_t n, got = 0;
    while ((n = read(fd, text + got, sizeof text - 1 - (size_t)got)) > 0) {
        got += n;
    }
    CHECK(n == 0);
    text[got] = 0;
    close(fd);
    return text;
}

TEST(proc, meminfo)
{
    char *t = slurp("/proc/meminfo");
    CHECK(strstr(t, "MemTotal:") && strstr(t, "MemFree:") && strstr(t, "MemAvailable:") && strstr(t, "SwapFree:"));
}

TEST(proc, self_stat)
{
    char name[64], state;
    int pid, ppid, pgrp, session;
    CHECK(sscanf(slurp("/proc/self/stat"), "%d (%63[^)]) %c %d %d %d", &pid, name, &state, &ppid, &pgrp, &session) == 6);
    EQ(pid, getpid());
    EQ(ppid, getppid());
    EQ(pgrp, getpgrp());
    EQ(session, getsid(0));
    EQ(state, 'R');
    CHECK(strcmp(name, "abi_tty") == 0);
    int fields = 1;
    for (char *p = slurp("/proc/self/stat"); *p; p++) {
        fields += *p == ' ';
    }
    EQ(fields, 52);
}

TEST(proc, self_status)
{
    char *t = slurp("/proc/self/status"), want[64];
    snprintf(want, sizeof want, "Pid:\t%d\n", getpid());
    CHECK(strstr(t, want) && strstr(t, "VmRSS:") && strstr(t, "Threads:\t1\n") && strstr(t, "SigBlk:"));
}

TEST(proc, states_of_others)
{
    pid_t pid = abi_sleeper();
    abi_await_state(pid, "S");
    kill(pid, SIGKILL);
    abi_await_state(pid, "Z");
}

TEST(proc, cmdline_and_comm)
{
    CHECK(strstr(slurp("/proc/self/cmdline"), "abi_tty"));
    CHECK(strcmp(slurp("/proc/self/comm"), "abi_tty\n") == 0);
}

TEST(proc, maps_cover_the_stack)
{
    CHECK(strstr(slurp("/proc/self/maps"), "[stack]"));
}

TEST(proc, fd_folder)
{
    char path[64], target[128] = "";
    int fd = open("/etc/passwd", O_RDONLY);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CHECK(readlink(path, target, sizeof target - 1) > 0);
    CHECK(strcmp(target, "/etc/passwd") == 0);
}

TEST(proc, system_files)
{
    CHECK(strncmp(slurp("/proc/stat"), "cpu ", 4) == 0);
    CHECK(strstr(slurp("/proc/cpuinfo"), "processor\t: 0"));
    CHECK(atof(slurp("/proc/uptime")) > 0);
    CHECK(strchr(slurp("/proc/loadavg"), '/'));
    CHECK(strstr(slurp("/proc/mounts"), " /proc proc "));
    CHECK(atoi(slurp("/proc/sys/kernel/pid_max")) >= 32768);
    CHECK(strncmp(slurp("/proc/sys/kernel/ostype"), "Linux", 5) == 0);
    CHECK(strncmp(slurp("/sys/devices/system/cpu/online"), "0", 1) == 0);
}

TEST(proc, task_folder_and_pid_lookup)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid());
    CHECK(access(path, R_OK) == 0);
    FAILS(access("/proc/999999", F_OK), ENOENT);
}

static void prints(const char *command, const char *text)
{
    char line[256];
    abi_scratch();
    snprintf(line, sizeof line, "%s > out 2>&1; /bin/busybox grep -q -e '%s' out", command, text);
    pid_t pid = fork();
    if (pid == 0) {
        setenv("PATH", "/bin", 1);
        execl("/bin/busybox", "sh", "-c", line, (char *)NULL);
        _exit(9);
    }
    int status;
    waitpid(pid, &status, 0);
    if (status != 0) {
        abi_failed(__FILE__, __LINE__, "%s did not print %s: %.200s", command, text, slurp("out"));
    }
}

TEST(proc, busybox_ps) { prints("ps", "abi_tty"); }
TEST(proc, busybox_top) { prints("top -b -n1", "abi_tty"); }
TEST(proc, busybox_free) { prints("free", "Mem:"); }
TEST(proc, busybox_uptime) { prints("uptime", "load average"); }
TEST(proc, busybox_nproc) { prints("nproc", "^[1-9]"); }
TEST(proc, busybox_pipeline) { prints("seq 1000 | sort -n | tail -n 1 | tr 0 x", "1xxx"); }
TEST(proc, busybox_find) { prints("find / -xdev | wc -l; ls -la /", "bench"); }
TEST(proc, busybox_tar) { prints("tar cf t.tar /etc && tar tf t.tar", "etc/passwd"); }
TEST(proc, busybox_date) { prints("date +%Y", "20"); }

TEST(pidfd_send_signal, takes_a_directory_of_proc)
{
    char path[32];
    pid_t child = abi_sleeper();
    int status;

    snprintf(path, sizeof(path), "/proc/%d", child);
    int dir = open(path, O_RDONLY | O_DIRECTORY);
    EQ(syscall(SYS_pidfd_send_signal, dir, SIGTERM, NULL, 0), 0);
    EQ(waitpid(child, &status, 0), child);
    EQ(WTERMSIG(status), SIGTERM);
    FAILS(syscall(SYS_pidfd_send_signal, open("/proc", O_RDONLY), SIGTERM, NULL, 0), EBADF);
}

TEST(proc, fdinfo_tells_position_and_flags)
{
    char text[256] = "";
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

    EQ(lseek(fd, 7, SEEK_SET), 7);
    snprintf(text, sizeof(text), "/proc/self/fdinfo/%d", fd);
    int info = open(text, O_RDONLY);
    CHECK(read(info, text, sizeof(text) - 1) > 0);
    CHECK(strstr(text, "pos:\t7\n"));
    CHECK(strstr(text, "flags:\t02100000\n"));
    CHECK(strstr(text, "mnt_id:\t"));
}

TEST(ioctl, attributes_change_while_output_is_stopped)
{
    struct termios t;
    int fd = console();
    signal(SIGTTOU, SIG_IGN);
    EQ(tcgetattr(fd, &t), 0);
    EQ(tcflow(fd, TCOOFF), 0);
    pid_t writer = fork();
    if (writer == 0)
        _exit(write(fd, "\n", 1) == 1 ? 0 : 1);
    while (!strchr("SZ", abi_state(writer)))
        ;
    pid_t setter = fork();
    if (setter == 0)
        _exit(tcsetattr(fd, TCSANOW, &t) == 0 ? 0 : 1);
    long end = abi_now_ms() + 5000;
    while (abi_state(setter) != 'Z' && abi_now_ms() < end)
        ;
    int state = abi_state(setter);
    EQ(tcflow(fd, TCOON), 0);
    EQ(state, 'Z');
    abi_reap(setter, 0);
    abi_reap(writer, 0);
}
