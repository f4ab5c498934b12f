"""Runs Autobahn|Python: reads one JSON command per line, and prints one JSON answer or event per line.

    autobahn_peer.py WHERE SERIALIZER      WHERE: ws://host:port/path, rs://host:port or unix:/path
"""

import asyncio
import json
import sys
import threading
from urllib.parse import urlparse

import txaio

txaio.use_asyncio()

from autobahn.asyncio.rawsocket import WampRawSocketClientFactory, WampRawSocketClientProtocol
from autobahn.asyncio.wamp import ApplicationSession
from autobahn.asyncio.websocket import WampWebSocketClientFactory
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import (
    CallOptions,
    CallResult,
    ComponentConfig,
    PublishOptions,
    RegisterOptions,
    SubscribeOptions,
)

where, name = sys.argv[1:]
serializer = {"json": JsonSerializer, "msgpack": MsgPackSerializer, "cbor": CBORSerializer}[name]()
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
txaio.config.loop = loop


def say(**what):
    print(json.dumps(what), flush=True)


def fail(*args, **kwargs):
    raise ApplicationError("com.interop.failed", *args, **kwargs)


def count(n, details=None):
    for value in range(n):
        if details.progress:
            details.progress(value)
    return n


# Autobahn|Python passes the details of a call as `details`.
behaviours = {
    "echo": lambda *args, details=None, **kwargs: CallResult(*args, **kwargs),
    "add": lambda a, b, details=None: a + b,
    "name": lambda details=None: "autobahn-python",
    "fail": lambda *args, details=None, **kwargs: fail(*args, **kwargs),
    "count": count,
    "caller": lambda details=None: details.caller or "undisclosed",
    "procedure": lambda details=None: details.procedure,
    "never": lambda details=None: asyncio.Future(loop=loop),
}


def on_event(*args, details=None, **kwargs):
    event = {"topic": details.topic, "args": args, "kwargs": kwargs}
    if details.publisher is not None:
        event["publisher"] = details.publisher
    if details.retained is not None:
        event["retained"] = details.retained
    say(event=event)


class Peer(ApplicationSession):
    async def onJoin(self, details):
        say(joined=details.session)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in sys.stdin:
            # Calls may end out of order. The test matches answers by their id.
            asyncio.run_coroutine_threadsafe(self.answer(json.loads(line)), loop)
        loop.call_soon_threadsafe(self.leave)

    async def answer(self, command):
        try:
            say(id=command["id"], ok=await self.carry_out(command))
        except ApplicationError as error:
            say(id=command["id"], error=error.error, args=error.args)
        except Exception as error:
            say(id=command["id"], error="python", args=[repr(error)])

    async def carry_out(self, command):
        op = command["op"]
        if op == "subscribe":
            options = SubscribeOptions(details_arg="details", **command["options"])
            await self.subscribe(on_event, command["topic"], options)
        elif op == "publish":
            options = PublishOptions(**command["options"])
            await self.publish(command["topic"], *command["args"], options=options, **command["kwargs"])
        elif op == "register":
            options = RegisterOptions(details_arg="details", **command["options"])
            await self.register(behaviours[command["behaviour"]], command["procedure"], options)
        elif op == "call":
            options = CallOptions(**command["options"])
            result = await self.call(command["procedure"], *command["args"], options=options, **command["kwargs"])
            if isinstance(result, CallResult):
                return {"args": result.results, "kwargs": result.kwresults}
            return {"args": [] if result is None else [result], "kwargs": {}}
        elif op == "progress":
            values = []
            options = CallOptions(on_progress=values.append)
            last = await self.call(command["procedure"], *command["args"], options=options)
            return {"args": [*values, last], "kwargs": {}}
        elif op == "cancellable":
            self.cancellable = asyncio.ensure_future(self.call(command["procedure"]), loop=loop)
            try:
                await self.cancellable
            except asyncio.CancelledError:
                return {}
            raise ApplicationError("com.interop.answered")
        elif op == "cancel":
            self.cancellable.cancel()
        return {}

    def onDisconnect(self):
        loop.stop()


class RawSocketProtocol(WampRawSocketClientProtocol):
    # The session reads this property of its transport. In version 22.7, RawSocket for asyncio lacks it.
    @property
    def transport_details(self):
        return self._transport_details


class RawSocketFactory(WampRawSocketClientFactory):
    protocol = RawSocketProtocol


def session():
    return Peer(ComponentConfig("realm1", {}))


if where.startswith("ws"):
    connection = loop.create_connection(
        WampWebSocketClientFactory(session, url=where, serializers=[serializer]),
        urlparse(where).hostname,
        urlparse(where).port,
    )
elif where.startswith("rs"):
    connection = loop.create_connection(
        RawSocketFactory(session, serializer=serializer), urlparse(where).hostname, urlparse(where).port
    )
else:
    connection = loop.create_unix_connection(
        RawSocketFactory(session, serializer=serializer), where[len("unix:") :]
    )
loop.run_until_complete(connection)
loop.run_forever()
