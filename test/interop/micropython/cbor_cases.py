"""Decodes well-formed and malformed CBOR of a gateway. Prints each failure, and then "done"."""

from wampway import decode, encode


def octets(text):
    return bytes([int(text[i:i + 2], 16) for i in range(0, len(text), 2)])


GOOD = [
    ("9f05ff", [5]),
    ("9fff", []),
    ("9f019f02ff9f03ffff", [1, [2], [3]]),
    ("829f01ff02", [[1], 2]),
    ("bf616101616202ff", {"a": 1, "b": 2}),
    ("bfff", {}),
    ("5f4201024103ff", b"\x01\x02\x03"),
    ("5fff", b""),
    ("7f61616162ff", "ab"),
    ("7fff", ""),
    ("a17f61616162ff01", {"ab": 1}),
    ("9f9fffbfff5fff7fffff", [[], {}, b"", ""]),
    ("00", 0), ("17", 23), ("1818", 24), ("190100", 256), ("1a00010000", 65536), ("1b0020000000000001", 2 ** 53 + 1),
    ("1bffffffffffffffff", 2 ** 64 - 1), ("3bffffffffffffffff", -2 ** 64), ("20", -1), ("390100", -257),
    ("c249010000000000000000", 2 ** 64), ("c349010000000000000000", -1 - 2 ** 64), ("c240", 0),
    ("c25f42010043000000ff", 2 ** 32),
    ("c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"), ("d9d9f78101", [1]), ("d81f01", 1), ("d81f9f05ff", [5]),
    ("f90000", 0.0), ("f93c00", 1.0), ("f97bff", 65504.0), ("f90001", 2.0 ** -24), ("f9c400", -4.0),
    ("fa47c35000", 100000.0), ("fb3ff8000000000000", 1.5), ("f97c00", float("inf")), ("f9fc00", -float("inf")),
    ("f4", False), ("f5", True), ("f6", None), ("f7", None), ("f8ff", None), ("82f82001", [None, 1]),
    ("62c3bc", "\u00fc"), ("4201ff", b"\x01\xff"), ("81" * 20 + "01", None),
]

BAD = [
    # truncated
    "", "18", "19", "1901", "1a000000", "1b00000000000000", "41", "4201", "5801", "61", "6261", "636162",
    "7818616263", "7b00000000ffffffff61", "5bffffffffffffffff61", "82", "8201", "9801", "9bffffffffffffffff01", "a1",
    "a16161", "a20102", "b90002010203", "c2", "c24201", "f9", "f900", "fa000000", "fb00000000000000", "f8",
    "9f", "9f01", "9f9fff", "bf", "bf6161", "bf616101", "5f", "5f4101", "7f", "7f6161", "826161",
    # a break in a wrong place
    "ff", "81ff", "8201ff", "a1ff", "a101ff", "bf01ff", "c1ff", "9f01c1ff", "82ff01", "1f", "3f", "df", "df01ff",
    # chunks of a different type, or nested chunks
    "5f6161ff", "7f4161ff", "7f01ff", "5f5f4101ffff", "7f7f6161ffff", "5f80ff",
    # reserved
    "f800", "f814", "f818", "f81f", "1c", "1d", "1e", "3c", "5c00", "7d00", "9e00", "bc00", "dc00", "fc", "fd", "fe",
    # invalid UTF-8, an invalid key, and a bignum that is not bytes
    "61ff", "62c328", "a18001", "a1a001", "c201", "c26161", "c280",
    # nested too deep
    "81" * 300 + "01", "9f" * 300, "a101" * 300, "c1" * 300 + "01", "a1" * 300 + "01", "81" * 25 + "01",
]

for text, value in GOOD:
    try:
        found, end = decode(octets(text))
        if value is not None and (found != value or isinstance(found, float) != isinstance(value, float)):
            print(text, "is", repr(found), "and not", repr(value))
        if end != len(text) // 2:
            print(text, "ends at", end)
    except Exception as error:
        print(text, repr(error))

for text in BAD:
    try:
        print(text[:40], "was read as", decode(octets(text)))
    except ValueError:
        pass
    except Exception as error:
        print(text[:40], "raises", repr(error))

for value in (0, 23, 24, 255, 256, 2 ** 16, 2 ** 32, 2 ** 63, 2 ** 64 - 1, 2 ** 64, 2 ** 200, -1, -2 ** 63, -2 ** 64,
              -2 ** 64 - 1, -2 ** 100, 1.5, -0.25, True, None, "", "\u00fc" * 300, b"\x00" * 300, [1, [2, {"a": [None]}]]):
    data = encode(value)
    if decode(data) != (value, len(data)):
        print(repr(value), "comes back as", decode(data))

print("done")
