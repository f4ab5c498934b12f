"""Connects twenty times to a gateway that rejects it. Keeps all errors, prints the last one, and waits for a line."""

import sys

from wampway import Device

errors = []
for _ in range(20):
    try:
        Device("127.0.0.1", int(sys.argv[1]), "board", timeout=1, ticket="secret")
    except OSError as error:
        errors.append(error)
print(len(errors), "refused:", errors[-1] if errors else "")
sys.stdin.readline()
