"""Waits with the clocks of boards. `poll` advances them, so no real time passes. Prints failures, and then "done"."""

import struct
import sys

PERIOD = 1 << 30


class Clock:
    """A clock of a board. `start` is its first time in milliseconds, from any origin."""

    def __init__(self, start, with_ticks, jumps=False):
        self.now = start
        self.jumps = jumps
        self.polls = 0
        if with_ticks:
            self.ticks_ms = lambda: self.now % PERIOD
            self.ticks_diff = lambda a, b: ((a - b + PERIOD // 2) % PERIOD) - PERIOD // 2
        else:
            self.monotonic_ns = lambda: self.now * 1000000
            self.monotonic = lambda: single(self.now / 1000)

    def time(self):
        # Whole seconds as a float of single precision, with steps of over two minutes. NTP also changes the clock.
        seconds = 1800000000 + self.now // 1000
        return single(seconds - (700000000 if self.jumps and self.polls % 2 else 0))

    def sleep(self, seconds):
        self.now += int(seconds * 1000)


def single(value):
    return struct.unpack(">f", struct.pack(">f", value))[0]


class Poll:
    def register(self, what, events):
        pass

    def poll(self, milliseconds):
        clock.polls += 1
        assert isinstance(milliseconds, int) and 0 < milliseconds < PERIOD // 2, milliseconds
        # Some implementations return early.
        clock.now += max(1, milliseconds - 7)
        return []


class Socket:
    """A gateway that accepts the session and then sends nothing."""

    def __init__(self, *_):
        self.data = b"\x7f\x73\x00\x00" + b"\x00\x00\x00\x04" + b"\x83\x02\x01\xa0"

    def settimeout(self, seconds):
        pass

    def connect(self, address):
        pass

    def sendall(self, data):
        pass

    def recv(self, size):
        data, self.data = self.data[:size], self.data[size:]
        return data

    def close(self):
        pass


class Modules:
    pass


select, socket = Modules(), Modules()
select.POLLIN, select.poll = 1, Poll
socket.socket, socket.SOCK_STREAM = Socket, 1
socket.getaddrinfo = lambda *_: [(2, 1, 6, "", ("127.0.0.1", 8082))]
sys.modules["select"], sys.modules["socket"] = select, socket

CLOCKS = {
    "ticks": Clock(1000, True),
    "ticks that wrap around": Clock(PERIOD - 2500, True),
    "a clock that NTP sets": Clock(PERIOD + 5, True, jumps=True),
    "no ticks, monotonic_ns": Clock(1000, False),
    "no ticks, after two years": Clock(2 * 365 * 86400 * 1000, False, jumps=True),
}

for name, clock in CLOCKS.items():
    sys.modules["time"] = clock
    sys.modules.pop("wampway", None)
    import wampway

    device = wampway.Device("127.0.0.1", 8082, "board")
    for milliseconds, times in ((1000, 10), (1, 10), (0, 3), (250.5, 4), (8 * 86400 * 1000, 1)):
        begun = clock.now
        for _ in range(times):
            device.publish("temperature", 1)
            device.wait(milliseconds)
        took, right = clock.now - begun, int(milliseconds) * times
        if not right <= took <= right + 10 * times:
            print(name, ":", times, "x", milliseconds, "ms took", took)

print("done")
