"""Publishes a temperature every second and registers a procedure that switches the LED.

On a board: connect to Wi-Fi first (see your board's quick start), copy wampway.py and this file, replace
`read_temperature` and `set_led` with your hardware, and write your gateway's address and the device's name below.
On a computer: `python3 sensor.py 127.0.0.1 8082 esp32_kitchen`, and its ticket behind it if the gateway wants one.
"""

import math
import sys
import time

from wampway import Device

settings = ["127.0.0.1", "8082", "esp32_kitchen", ""]  # host, port, name, ticket
given = sys.argv[1:]  # empty on a board
host, port, name, ticket = given[:4] + settings[len(given):]
seconds = 0


def read_temperature():
    return round(21 + math.sin(seconds / 60), 2)  # machine.ADC(…).read_u16() …


def set_led(on):
    print("led", "on" if on else "off")  # machine.Pin(2, machine.Pin.OUT).value(on)
    return on


while True:
    try:
        device = Device(host, int(port), name, ticket=ticket or None)
        device.register("led.set", set_led)
        print("connected as", name)
        while True:
            device.publish("temperature", read_temperature())
            device.wait(1000)
            seconds += 1
    except OSError as error:
        print("not connected:", error)
        time.sleep(2)
