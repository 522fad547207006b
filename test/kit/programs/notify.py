"""A service manager's end of sd_notify: says each message as one line of JSON, a list of its assignments."""

import json
import socket
import sys

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print("listening", flush=True)
while True:
    # A descriptor that comes along is the barrier of systemd-notify; not taking it closes it, which is the answer.
    message = receiver.recv(65536).decode()
    if message != "BARRIER=1":
        print("told " + json.dumps(message.splitlines()), flush=True)
