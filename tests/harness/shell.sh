#!/usr/bin/env bash
# cloudbench shell under a pseudo-terminal: prompt, keys, the ways out, and the terminal afterwards.
set -u
cd "$(dirname "$0")/../.." || exit 1
for kernel in linux cloudos; do
    timeout 200 python3 - "$kernel" <<'P' || echo "not ok the shell's judge ($kernel): exit code $?"
import os, pty, select, signal, sys, termios, time
kernel = sys.argv[1]

def check(name, ok, why=''):
    print(f'ok {name} ({kernel})' if ok else f'not ok {name} ({kernel}): {why!r}', flush=True)

class Session:
    def __init__(self):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv('build/bin/cloudbench', ['cloudbench', 'shell', '-k', kernel, '-t', '1'])
        self.before = termios.tcgetattr(self.fd)

    def read(self, seconds, want=None):
        end, out = time.time() + seconds, b''
        while time.time() < end and not (want and want in out):
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    out += os.read(self.fd, 4096)
                except OSError:
                    break
        return out

    def type(self, keys, want, seconds=20):
        os.write(self.fd, keys)
        return self.read(seconds, want)

    def end(self):
        for _ in range(150):
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            self.read(0.1)
            time.sleep(0.1)
        os.kill(self.pid, signal.SIGKILL)
        return 'still running'

s = Session()
check('a prompt', b'# ' in s.read(60, b'# '))
check('the terminal is raw', termios.tcgetattr(s.fd) != s.before)
check('commands', b'a42b' in s.type(b'echo a$((6*7))b\r', b'a42b\r'))
check('pipeline', b'\n3\r' in s.type(b'printf "1\\n2\\n3\\n" | tail -1\r', b'\n3\r'))
# It says that it runs: before that the shell itself would read the key.
check('a program runs', b'running' in s.type(b'sh -c "echo run\'\'ning; exec sleep 1000"\r', b'running'))
# The prompt first: a key that comes while the shell changes the terminal's mode is lost.
after = s.type(b'\x03', b'# ')
check('Ctrl-C goes to the guest', b'^C' in after and b'alive' in s.type(b'echo al""ive\r', b'alive'), after)
os.write(s.fd, b'exit\r')
code = s.end()
check('exit ends with code 0', code == 0, code)
check('exit restores the terminal', termios.tcgetattr(s.fd) == s.before)

s = Session()
s.read(60, b'# ')
os.write(s.fd, b'\x1dq')
code = s.end()
check('the escape leaves', code == 0, code)
check('the escape restores the terminal', termios.tcgetattr(s.fd) == s.before)

s = Session()
s.read(60, b'# ')
os.kill(s.pid, signal.SIGTERM)
code = s.end()
check('SIGTERM ends with code 130', code == 130, code)
check('SIGTERM restores the terminal', termios.tcgetattr(s.fd) == s.before)
P
    out=$(echo 'echo from-a-script' | timeout 100 build/bin/cloudbench shell -k $kernel 2>/dev/null)
    case $out in
    *from-a-script*from-a-script*) echo "ok a script on standard input ($kernel)" ;;
    *) echo "not ok a script on standard input ($kernel)" ;;
    esac
done
