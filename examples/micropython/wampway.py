"""A WAMP device in one file: RawSocket and CBOR, for MicroPython (ESP32, Pico W) and Python alike.

    from wampway import Device
    device = Device("192.168.1.10", 8082, "esp32_kitchen", ticket="its password")
    device.register("led.set", lambda on: led.value(on))
    while True:
        device.publish("temperature", read_temperature())
        device.wait(1000)

The gateway puts what the device publishes and registers under `dev.<name>.`, so the topic above is
`dev.esp32_kitchen.temperature`, and a dashboard calls `dev.esp32_kitchen.led.set`. A gateway that admits devices
without credentials needs no `ticket`.
"""

import select
import socket
import struct
import time

HELLO, WELCOME, ABORT, CHALLENGE, AUTHENTICATE, GOODBYE, ERROR = 1, 2, 3, 4, 5, 6, 8
PUBLISH, REGISTER, REGISTERED, INVOCATION, YIELD = 16, 64, 65, 68, 70

MAX_MESSAGE = 65536  # bytes; announced in the handshake
MAX_DEPTH = 24  # nested lists and dictionaries; a board has a small stack


# Monotonic time in whole milliseconds. The floats of many boards are too coarse for it.

def _now():
    return time.ticks_ms() if hasattr(time, "ticks_ms") else time.monotonic_ns() // 1000000


def _since(now, then):
    return time.ticks_diff(now, then) if hasattr(time, "ticks_ms") else now - then


# CBOR (RFC 8949): the part that sensors and actuators need.

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


def _integer(major, n):
    if n < 0x10000000000000000:
        return _head(major, n)
    data = b""
    while n:
        data, n = bytes([n & 255]) + data, n >> 8
    return bytes([0xC2 + major]) + _head(2, len(data)) + data


def encode(value):
    if value is None:
        return b"\xf6"
    if value is True:
        return b"\xf5"
    if value is False:
        return b"\xf4"
    if isinstance(value, int):
        return _integer(0, value) if value >= 0 else _integer(1, -1 - value)
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


class TooDeep(ValueError):
    pass


def decode(data, at=0, depth=0):
    """Returns the value at `at` and the position of the next one. Raises ValueError if `data` is truncated or malformed."""
    first, at = _take(data, at, 1)
    major, n = first[0] >> 5, first[0] & 31
    if major < 7:
        n, at = _argument(data, at, n)
    if major == 0 or major == 1:
        if n < 0:
            raise ValueError("CBOR: an integer without length")
        return n if major == 0 else -1 - n, at
    if major == 2 or major == 3:
        return _string(data, at, major, n)
    if depth >= MAX_DEPTH and major != 7:
        raise TooDeep("more than %d levels" % MAX_DEPTH)
    if major == 4:
        items = []
        return items, _items(data, at, n, depth + 1, items)
    if major == 5:
        return _pairs(data, at, n, depth + 1)
    if major == 6:
        if n < 0:
            raise ValueError("CBOR: a tag without number")
        value, at = decode(data, at, depth + 1)
        if n == 2 or n == 3:
            if not isinstance(value, bytes):
                raise ValueError("CBOR: a big number that is not bytes")
            value = int.from_bytes(value, "big")
            return value if n == 2 else -1 - value, at
        return value, at  # any other tag: its content
    if n < 24:
        return {20: False, 21: True}.get(n), at
    if n == 24:  # a simple value that is not supported
        value, at = _take(data, at, 1)
        if value[0] < 32:
            raise ValueError("CBOR: a simple value that is not written in one byte")
        return None, at
    if n > 27:
        raise ValueError("CBOR: a break without a beginning, or a reserved byte")
    bits, at = _take(data, at, 1 << n - 24)
    return _half(struct.unpack(">H", bits)[0]) if n == 25 else struct.unpack(">f" if n == 26 else ">d", bits)[0], at


def _take(data, at, n):
    if n > len(data) - at:
        raise ValueError("CBOR: the data is cut off")
    return data[at:at + n], at + n


def _argument(data, at, n):
    """Returns the number of a head; -1 for an indefinite length."""
    if n < 24:
        return n, at
    if n == 31:
        return -1, at
    if n > 27:
        raise ValueError("CBOR: a reserved byte")
    part, at = _take(data, at, 1 << n - 24)
    return struct.unpack((">B", ">H", ">I", ">Q")[n - 24], part)[0], at


def _at_break(data, at):
    return _take(data, at, 1)[0][0] == 0xFF


def _string(data, at, major, n):
    if n >= 0:
        value, at = _take(data, at, n)
        return bytes(value) if major == 2 else bytes(value).decode(), at
    parts = []
    while not _at_break(data, at):
        if data[at] >> 5 != major or data[at] & 31 == 31:
            raise ValueError("CBOR: a chunk of another kind")
        part, at = decode(data, at)
        parts.append(part)
    return (b"" if major == 2 else "").join(parts), at + 1


def _items(data, at, n, depth, items):
    """Appends `n` items to `items`, or all items before the break if the length is indefinite."""
    while n != 0:
        if n < 0 and _at_break(data, at):
            return at + 1
        item, at = decode(data, at, depth)
        items.append(item)
        n -= 1
    return at


def _pairs(data, at, n, depth):
    pairs = {}
    while n != 0:
        if n < 0 and _at_break(data, at):
            return pairs, at + 1
        key, at = decode(data, at, depth)
        if isinstance(key, (list, dict)):
            raise ValueError("CBOR: a key that is no key")
        pairs[key], at = decode(data, at, depth)
        n -= 1
    return pairs, at


def _half(bits):
    sign = -1.0 if bits & 0x8000 else 1.0
    exponent, fraction = bits >> 10 & 31, bits & 1023
    if exponent == 31:
        return float("nan") if fraction else sign * float("inf")
    return sign * (fraction * 2.0 ** -24 if exponent == 0 else (1024 + fraction) * 2.0 ** (exponent - 25))


class Device:
    """One connection to the gateway. Raises OSError, with its socket closed, if the gateway is unreachable, rejects it,
    or disconnects. A `ticket` proves that the device is `name`."""

    def __init__(self, host, port, name, realm="realm1", timeout=10, ticket=None):
        self._request = 0
        self._procedures = {}
        self._pending = {}
        self._data = b""
        self._socket = _connected(host, port, timeout)
        try:
            self._poll = select.poll()
            self._poll.register(self._socket, select.POLLIN)
            self._join(name, realm, ticket)
        except BaseException:
            self._socket.close()
            raise

    def publish(self, topic, *args, **kwargs):
        self._request += 1
        self._send([PUBLISH, self._request, {}, topic] + ([list(args), kwargs] if kwargs else [list(args)]))

    def register(self, procedure, function):
        self._request += 1
        request = self._request
        self._pending[request] = function
        self._send([REGISTER, request, {}, procedure])
        while request in self._pending:
            self._handle(self._receive())

    def wait(self, milliseconds):
        """Answers calls for this time in milliseconds."""
        left, then = int(milliseconds), _now()
        while left > 0:
            if self._data or self._poll.poll(min(left, 60000)):
                self._handle(self._receive())
            now = _now()
            left -= _since(now, then)
            then = now

    def close(self):
        try:
            self._send([GOODBYE, {}, "wamp.close.close_realm"])
        finally:
            self._socket.close()

    def _join(self, name, realm, ticket):
        # 0x7F: RawSocket; 0x73: messages up to 64 KiB, CBOR.
        self._write(b"\x7f\x73\x00\x00")
        answer = self._read(4)
        if answer[0] != 0x7F or answer[1] & 15 != 3:
            raise OSError("the gateway refused the handshake: " + str(answer))
        details = {"authid": name, "roles": {"publisher": {}, "callee": {}}}
        if ticket is not None:
            details["authmethods"] = ["ticket"]
        self._send([HELLO, realm, details])
        message = self._receive()
        if message[0] == CHALLENGE:
            if ticket is None or message[1:2] != ["ticket"]:
                raise OSError("the gateway wants a proof that was not given: " + str(message[1:2]))
            self._send([AUTHENTICATE, ticket, {}])
            message = self._receive()
        if message[0] != WELCOME:
            raise OSError("the gateway refused the device: " + str(message))
        self.session = message[1]

    def _handle(self, message):
        if message[0] == INVOCATION:
            args = message[4] if len(message) > 4 else []
            kwargs = message[5] if len(message) > 5 else {}
            try:
                result = self._procedures[message[2]](*args, **kwargs)
                answer = encode([YIELD, message[1], {}] + ([] if result is None else [[result]]))
            except Exception as error:
                answer = encode([ERROR, INVOCATION, message[1], {}, "wamp.error.runtime_error", [str(error)]])
            self._frame(answer)
        elif message[0] == REGISTERED:
            self._procedures[message[2]] = self._pending.pop(message[1])
        elif message[0] in (ERROR, ABORT, GOODBYE):
            self._fail("the gateway says " + str(message))

    def _send(self, message):
        self._frame(encode(message))

    def _frame(self, data):
        self._write(struct.pack(">I", len(data)) + data)

    def _receive(self):
        """Returns the next message, and answers PINGs before it."""
        while True:
            head = struct.unpack(">I", self._read(4))[0]
            if head & 0xFFFFFF > MAX_MESSAGE:
                self._fail("the gateway sends more than %d bytes" % MAX_MESSAGE)
            data = self._read(head & 0xFFFFFF)
            kind = head >> 24
            if kind == 1:
                self._write(struct.pack(">I", 2 << 24 | len(data)) + data)
            elif kind == 0:
                message = self._message(data)
                if message:
                    return message

    def _message(self, data):
        """Returns the message in `data`; None for a call that was rejected because its arguments are nested too deep."""
        message = []
        try:
            if data[:1] < b"\x80" or data[:1] > b"\x9f":
                raise ValueError("CBOR: not a list")
            n, at = _argument(data, 1, data[0] & 31)
            if _items(data, at, n, 1, message) != len(data) or not message:
                raise ValueError("CBOR: something is missing, or follows")
            return message
        except TooDeep as error:
            if message[:1] != [INVOCATION] or len(message) < 3:
                self._fail("the gateway sends what is nested too deep")
            self._send([ERROR, INVOCATION, message[1], {}, "wamp.error.invalid_argument", [str(error)]])
        except ValueError as error:
            self._fail("the gateway sends what cannot be read: " + str(error))

    def _fail(self, text):
        self._socket.close()
        raise OSError(text)

    def _write(self, data):
        try:
            self._socket.sendall(data)
        except OSError:
            self._socket.close()
            raise

    def _read(self, n):
        while len(self._data) < n:
            try:
                part = self._socket.recv(512)
            except OSError:
                self._socket.close()
                raise
            if not part:
                self._fail("the gateway closed the connection")
            self._data += part
        data, self._data = self._data[:n], self._data[n:]
        return data


def _connected(host, port, timeout):
    """Returns a socket that is connected to the first address of `host` that answers."""
    problem = OSError("no address of " + host)
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(timeout)
            connection.connect(address)
            return connection
        except OSError as error:
            connection.close()
            problem = error
        except BaseException:
            connection.close()
            raise
    raise problem
