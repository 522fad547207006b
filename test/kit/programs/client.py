"""A client with Python's websockets: sends a text and some bytes, says what comes back, closes."""
import asyncio
import sys

import websockets


async def main(url):
    async with websockets.connect(url, subprotocols=["chat"], max_size=None) as socket:
        print("subprotocol", socket.subprotocol, flush=True)
        await socket.send("grüße")
        print("text", await socket.recv(), flush=True)
        payload = bytes(range(256)) * 4096
        await socket.send(payload)
        print("bytes", await socket.recv() == payload, flush=True)
        await asyncio.wait_for(await socket.ping(), 10)
        print("pong", flush=True)
    print("closed", socket.close_code, flush=True)


asyncio.run(main(sys.argv[1]))
