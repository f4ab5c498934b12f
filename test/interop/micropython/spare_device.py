"""A device with the arguments port, name and ticket. Prints the arguments of each call as Python values."""

import sys

from wampway import Device

device = Device("127.0.0.1", int(sys.argv[1]), sys.argv[2], ticket=sys.argv[3] if len(sys.argv) > 3 else None)


def shown(*args, **kwargs):
    print("called with", args, kwargs)
    return args[0] if args else None


def published(value):
    device.publish("inner", value)
    return value


device.register("show", shown)
device.register("publish", published)
print("ready")
while True:
    device.wait(500)
