#!/usr/bin/python3
"""free-port.py: prints a port of the loopback interface that nobody listens
at. Not one of those that the kernel gives to whoever asks for any: an outgoing
connection could take such a port until it is used."""

import random
import socket

while True:
    port = random.randint(10000, 32000)
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            continue
    print(port)
    break
