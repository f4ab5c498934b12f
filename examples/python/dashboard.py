"""Prints every temperature of the house and switches the greenhouse's relay, with Autobahn|Python.

    pip install autobahn[serialization]
    python3 dashboard.py ws://127.0.0.1:8080/ws
"""

import sys

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import SubscribeOptions

url = sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:8080/ws"


class Dashboard(ApplicationSession):
    async def onJoin(self, details):
        def on_event(*args, details=None, **kwargs):
            print(details.topic, *args, kwargs or "", flush=True)

        options = SubscribeOptions(match="prefix", details_arg="details")
        await self.subscribe(on_event, "mqtt.greenhouse.", options)
        await self.subscribe(on_event, "serial.greenhouse.", options)
        try:
            print("relay:", await self.call("serial.greenhouse.relay.set", "on"), flush=True)
        except ApplicationError as error:
            print("relay:", error.error, error.args, flush=True)


ApplicationRunner(url, "realm1").run(Dashboard)
