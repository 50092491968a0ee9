#!/usr/bin/python3
"""ssh-delay.py READY UPSTREAM MILLISECONDS: a TCP proxy on the loopback
interface in front of port UPSTREAM, over which a byte takes half of these
milliseconds each way, however many come at once. Its own port stands in the
file READY when it listens. Ends with the process that started it."""

import asyncio
import os
import sys
import time

CHUNK = 256 << 10
IN_FLIGHT = 64 << 20


async def take(reader, queue, room, delay):
    """What comes, with the time at which it is to arrive."""
    while True:
        data = await reader.read(CHUNK)
        while room[0] <= 0:
            await asyncio.sleep(0.001)
        room[0] -= len(data)
        queue.put_nowait((time.monotonic() + delay, data))
        if not data:
            return


async def give(writer, queue, room):
    while True:
        due, data = await queue.get()
        wait = due - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        if not data:
            if writer.can_write_eof():
                writer.write_eof()
            return
        writer.write(data)
        await writer.drain()
        room[0] += len(data)


async def carry(reader, writer, delay):
    queue, room = asyncio.Queue(), [IN_FLIGHT]
    await asyncio.gather(take(reader, queue, room, delay),
                         give(writer, queue, room))


async def main():
    ready, upstream, delay = sys.argv[1], int(sys.argv[2]), \
        float(sys.argv[3]) / 2000
    parent = os.getppid()

    async def serve(reader, writer):
        try:
            there = await asyncio.open_connection("127.0.0.1", upstream,
                                                  limit=4 * CHUNK)
            await asyncio.gather(carry(reader, there[1], delay),
                                 carry(there[0], writer, delay))
            there[1].close()
        except OSError:
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0,
                                        limit=4 * CHUNK)
    with open(ready + ".new", "w", encoding="ascii") as f:
        print(server.sockets[0].getsockname()[1], file=f)
    os.rename(ready + ".new", ready)
    while os.getppid() == parent:
        await asyncio.sleep(1)


asyncio.run(main())
