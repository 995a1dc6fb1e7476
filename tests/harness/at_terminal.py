#!/usr/bin/env python3
"""Runs a command whose standard error is a terminal: `at_terminal.py COLUMNS COMMAND...`. What it says there goes to our standard output as the bytes are,
but for the terminal's own carriage returns at the ends of lines; its exit code is ours."""
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

ours, its = pty.openpty()
fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(sys.argv[1]), 0, 0))
attributes = termios.tcgetattr(its)
attributes[1] &= ~termios.OPOST
termios.tcsetattr(its, termios.TCSANOW, attributes)
process = subprocess.Popen(sys.argv[2:], stderr=its, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
os.close(its)
while True:
    try:
        said = os.read(ours, 1 << 16)
    except OSError: # the last end of its side is closed
        break
    if not said:
        break
    sys.stdout.buffer.write(said)
sys.exit(process.wait())
