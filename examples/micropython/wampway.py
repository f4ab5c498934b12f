"""A WAMP device in one file: RawSocket and CBOR, for MicroPython (ESP32, Pico W) and Python alike.

    from wampway import Device
    device = Device("192.168.1.10", 8082, "esp32_kitchen")
    device.register("led.set", lambda on: led.value(on))
    while True:
        device.publish("temperature", read_temperature())
        device.wait(1000)

The gateway puts what the device publishes and registers under `dev.<name>.`, so the topic above is
`dev.esp32_kitchen.temperature`, and a dashboard calls `dev.esp32_kitchen.led.set`.
"""

import select
import socket
import struct
import time

HELLO, WELCOME, ABORT, GOODBYE, ERROR = 1, 2, 3, 6, 8
PUBLISH, REGISTER, REGISTERED, INVOCATION, YIELD = 16, 64, 65, 68, 70


# CBOR (RFC 8949): as much of it as sensors and actuators need.

def _head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    if n < 0x100:
        return bytes([major << 5 | 24, n])
    if n < 0x10000:
        return struct.pack(">BH", major << 5 | 25, n)
    if n < 0x100000000:
        return struct.pack(">BI", major << 5 | 26, n)
    return struct.pack(">BQ", major << 5 | 27, n)


def encode(value):
    if value is None:
        return b"\xf6"
    if value is True:
        return b"\xf5"
    if value is False:
        return b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return struct.pack(">Bd", 0xFB, value)
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    if isinstance(value, (bytes, bytearray)):
        return _head(2, len(value)) + bytes(value)
    if isinstance(value, (list, tuple)):
        return _head(4, len(value)) + b"".join([encode(item) for item in value])
    if isinstance(value, dict):
        return _head(5, len(value)) + b"".join([encode(k) + encode(value[k]) for k in value])
    raise TypeError("cannot encode " + str(type(value)))


def decode(data, at=0):
    """The value at `at`, and where the next one begins."""
    first = data[at]
    major, n = first >> 5, first & 31
    at += 1
    if major == 7:
        if n == 25:
            return _half(struct.unpack_from(">H", data, at)[0]), at + 2
        if n == 26:
            return struct.unpack_from(">f", data, at)[0], at + 4
        if n == 27:
            return struct.unpack_from(">d", data, at)[0], at + 8
        return {20: False, 21: True}.get(n), at
    if n == 24:
        n, at = data[at], at + 1
    elif n == 25:
        n, at = struct.unpack_from(">H", data, at)[0], at + 2
    elif n == 26:
        n, at = struct.unpack_from(">I", data, at)[0], at + 4
    elif n == 27:
        n, at = struct.unpack_from(">Q", data, at)[0], at + 8
    if major == 0:
        return n, at
    if major == 1:
        return -1 - n, at
    if major == 2:
        return bytes(data[at:at + n]), at + n
    if major == 3:
        return bytes(data[at:at + n]).decode(), at + n
    if major == 4:
        items = []
        for _ in range(n):
            item, at = decode(data, at)
            items.append(item)
        return items, at
    if major == 5:
        items = {}
        for _ in range(n):
            key, at = decode(data, at)
            items[key], at = decode(data, at)
        return items, at
    return decode(data, at)  # a tag: its content


def _half(bits):
    sign = -1.0 if bits & 0x8000 else 1.0
    exponent, fraction = bits >> 10 & 31, bits & 1023
    if exponent == 31:
        return float("nan") if fraction else sign * float("inf")
    return sign * (fraction * 2.0 ** -24 if exponent == 0 else (1024 + fraction) * 2.0 ** (exponent - 25))


class Device:
    """One connection to the gateway. Raises OSError when the gateway is unreachable, refuses, or goes away."""

    def __init__(self, host, port, name, realm="realm1", timeout=10):
        self._request = 0
        self._procedures = {}
        self._pending = {}
        self._data = b""
        self._socket = socket.socket()
        self._socket.settimeout(timeout)
        self._socket.connect(socket.getaddrinfo(host, port)[0][-1])
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        # 0x7F: RawSocket; 0x73: messages up to 64 KiB, CBOR.
        self._write(b"\x7f\x73\x00\x00")
        answer = self._read(4)
        if answer[0] != 0x7F or answer[1] & 15 != 3:
            raise OSError("the gateway refused the handshake: " + str(answer))
        self._send([HELLO, realm, {"authid": name, "roles": {"publisher": {}, "callee": {}}}])
        welcome = self._receive()
        if welcome[0] != WELCOME:
            raise OSError("the gateway refused the device: " + str(welcome))
        self.session = welcome[1]

    def publish(self, topic, *args, **kwargs):
        self._request += 1
        self._send([PUBLISH, self._request, {}, topic] + ([list(args), kwargs] if kwargs else [list(args)]))

    def register(self, procedure, function):
        self._request += 1
        self._pending[self._request] = function
        self._send([REGISTER, self._request, {}, procedure])
        while self._request in self._pending:
            self._handle(self._receive())

    def wait(self, milliseconds):
        """Answers calls for that long."""
        end = time.time() + milliseconds / 1000
        while True:
            left = end - time.time()
            if left <= 0:
                return
            if self._data or self._poll.poll(int(left * 1000) + 1):
                self._handle(self._receive())

    def close(self):
        self._send([GOODBYE, {}, "wamp.close.close_realm"])
        self._socket.close()

    def _handle(self, message):
        if message[0] == INVOCATION:
            args = message[4] if len(message) > 4 else []
            kwargs = message[5] if len(message) > 5 else {}
            try:
                result = self._procedures[message[2]](*args, **kwargs)
                self._send([YIELD, message[1], {}] + ([] if result is None else [[result]]))
            except Exception as error:
                self._send([ERROR, INVOCATION, message[1], {}, "wamp.error.runtime_error", [str(error)]])
        elif message[0] == REGISTERED:
            self._procedures[message[2]] = self._pending.pop(message[1])
        elif message[0] in (ERROR, ABORT, GOODBYE):
            raise OSError("the gateway says " + str(message))

    def _send(self, message):
        data = encode(message)
        self._write(struct.pack(">I", len(data)) + data)

    def _receive(self):
        """The next message; PINGs on the way are answered."""
        while True:
            head = struct.unpack(">I", self._read(4))[0]
            data = self._read(head & 0xFFFFFF)
            kind = head >> 24
            if kind == 0:
                return decode(data)[0]
            if kind == 1:
                self._write(struct.pack(">I", 2 << 24 | len(data)) + data)

    def _write(self, data):
        self._socket.sendall(data)

    def _read(self, n):
        while len(self._data) < n:
            part = self._socket.recv(512)
            if not part:
                raise OSError("the gateway closed the connection")
            self._data += part
        data, self._data = self._data[:n], self._data[n:]
        return data
