"""Publishes a temperature every second and lets anyone on the realm switch the LED.

On a board: connect to Wi-Fi first (see your board's quick start), copy wampway.py and this file, and replace
`read_temperature` and `set_led` with your hardware. On a computer: `python3 sensor.py 127.0.0.1 8082 esp32_kitchen`.
"""

import math
import sys
import time

from wampway import Device

host, port, name = (sys.argv[1:] + ["127.0.0.1", "8082", "esp32_kitchen"][len(sys.argv) - 1:])[:3]


def read_temperature():
    return round(21 + math.sin(time.time() / 60), 2)  # machine.ADC(…).read_u16() …


def set_led(on):
    print("led", "on" if on else "off")  # machine.Pin(2, machine.Pin.OUT).value(on)
    return on


while True:
    try:
        device = Device(host, int(port), name)
        device.register("led.set", set_led)
        print("connected as", name)
        while True:
            device.publish("temperature", read_temperature())
            device.wait(1000)
    except OSError as error:
        print("not connected:", error)
        time.sleep(2)
