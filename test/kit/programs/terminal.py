"""Runs a program in a pseudo-terminal.

Arguments: columns, rows, the program and its arguments. Takes lines of JSON: a text is typed, a pair of numbers is the
new size, an object names a signal. Gives lines: `out TEXT` for what the program writes, and at its end `modes same` (or `modes changed`) and
`exit CODE`.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios


def resize(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main():
    columns, rows = int(sys.argv[1]), int(sys.argv[2])
    controller, terminal = pty.openpty()
    resize(controller, columns, rows)
    before = termios.tcgetattr(terminal)
    pid = os.fork()
    if pid == 0:
        os.login_tty(terminal) if hasattr(os, "login_tty") else become(terminal)
        os.execvp(sys.argv[3], sys.argv[3:])
    # The terminal stays open here, so that its modes can be read when the program has ended.
    typed = b""
    ended = None
    while ended is None:
        readable, _, _ = select.select([controller, 0], [], [], 0.05)
        if controller in readable:
            say("out " + json.dumps(os.read(controller, 65536).decode("utf-8", "replace")))
        if 0 in readable:
            typed += os.read(0, 65536)
            *lines, typed = typed.split(b"\n")
            for line in lines:
                command = json.loads(line)
                if isinstance(command, str):
                    os.write(controller, command.encode())
                elif isinstance(command, dict):
                    os.kill(pid, getattr(signal, command["signal"]))
                else:
                    resize(controller, *command)
        if controller not in readable:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done == pid:
                ended = os.waitstatus_to_exitcode(status)
    say("modes same" if termios.tcgetattr(terminal) == before else "modes changed")
    say(f"exit {ended}")


def become(terminal):
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for fd in range(3):
        os.dup2(terminal, fd)


main()
