"""Autobahn|Python driven over standard input: one JSON command a line in, one JSON answer or event a line out."""

import asyncio
import json
import sys

from autobahn.asyncio.component import Component, run
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallResult, PublishOptions, SubscribeOptions

transport = json.loads(sys.argv[1])
component = Component(transports=[transport], realm="realm1")


def say(**what):
    print(json.dumps(what), flush=True)


@component.on_join
async def joined(session, details):
    def on_event(*args, details=None, **kwargs):
        say(event={"topic": details.topic, "args": args, "kwargs": kwargs})

    behaviours = {
        "echo": lambda *args, **kwargs: CallResult(*args, **kwargs),
        "add": lambda a, b: a + b,
        "name": lambda: "autobahn-python",
    }

    def fail(*args, **kwargs):
        raise ApplicationError("com.interop.failed", *args, **kwargs)

    behaviours["fail"] = fail

    async def carry_out(command):
        op = command["op"]
        if op == "subscribe":
            await session.subscribe(
                on_event, command["topic"], SubscribeOptions(match=command["match"], details_arg="details")
            )
        elif op == "publish":
            await session.publish(
                command["topic"], *command["args"], options=PublishOptions(acknowledge=True), **command["kwargs"]
            )
        elif op == "register":
            await session.register(behaviours[command["behaviour"]], command["procedure"])
        elif op == "call":
            result = await session.call(command["procedure"], *command["args"], **command["kwargs"])
            if isinstance(result, CallResult):
                return {"args": result.results, "kwargs": result.kwresults}
            return {"args": [] if result is None else [result], "kwargs": {}}
        return {}

    async def answer(command):
        try:
            say(id=command["id"], ok=await carry_out(command))
        except ApplicationError as error:
            say(id=command["id"], error=error.error, args=error.args)
        except Exception as error:
            say(id=command["id"], error="python", args=[repr(error)])

    say(joined=True, serializer=str(details.serializer) if hasattr(details, "serializer") else None)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        # Calls may take a while and answer out of order; the other end matches them by id.
        loop.create_task(answer(json.loads(line)))
    session.leave()


run([component], log_level="error")
