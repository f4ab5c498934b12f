# Runs paho clients: `paho_client.py HOST PORT TRANSPORT VERSION`. Prints the received messages as one JSON line.
import json
import sys
import threading

import paho.mqtt.client as mqtt

host, port, transport, version = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
COUNT = 60


class Visit:
    """A connected client that records the received messages."""

    def __init__(self, client_id, clean, will=None):
        self.received = []
        self.connected = threading.Event()
        self.subscribed = threading.Event()
        self.changed = threading.Condition()
        self.session_present = None
        self.client = mqtt.Client(client_id=client_id, clean_session=clean, protocol=version, transport=transport)
        if transport == "websockets":
            self.client.ws_set_options(path="/mqtt")
        if will:
            self.client.will_set(will, "gone", qos=1)
        self.client.on_connect = self.on_connect
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self.on_message
        self.client.connect(host, port, keepalive=30)
        self.client.loop_start()
        assert self.connected.wait(10), "not connected"

    def on_connect(self, client, userdata, flags, code):
        assert code == 0, code
        self.session_present = flags["session present"]
        self.connected.set()

    def on_message(self, client, userdata, message):
        with self.changed:
            self.received.append([message.topic, message.payload.decode(), message.qos, message.retain])
            self.changed.notify()

    def subscribe(self, topic, qos):
        self.subscribed.clear()
        self.client.subscribe(topic, qos)
        assert self.subscribed.wait(10), "not subscribed"

    def publish(self, topic, text, qos, retain=False):
        info = self.client.publish(topic, text, qos, retain)
        info.wait_for_publish(10)
        assert info.is_published(), "not published"

    def wait(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.received) >= count, 10), f"{len(self.received)} of {count}"
        return self.received

    def leave(self):
        self.client.disconnect()
        self.client.loop_stop()


prefix = f"paho/{transport}/{version}"
result = {}

listener = Visit("listener", True)
publisher = Visit("publisher", True)
for qos in (0, 1, 2):
    listener.subscribe(f"{prefix}/{qos}", qos)
    for n in range(COUNT):
        publisher.publish(f"{prefix}/{qos}", str(n), qos)
    listener.wait(COUNT * (qos + 1))
result["live"] = list(listener.received)

keeper = Visit("keeper", False)
keeper.subscribe(f"{prefix}/kept", 2)
keeper.leave()
for n in range(COUNT):
    publisher.publish(f"{prefix}/kept", str(n), 1 + n % 2)
keeper = Visit("keeper", False)
result["present"] = keeper.session_present
result["kept"] = sorted(keeper.wait(COUNT), key=lambda message: int(message[1]))
keeper.client.unsubscribe(f"{prefix}/kept")
keeper.leave()

publisher.publish(f"{prefix}/retained", "here", 1, True)
late = Visit("late", True)
late.subscribe(f"{prefix}/retained", 1)
result["retained"] = list(late.wait(1))
publisher.publish(f"{prefix}/retained", "", 1, True)

doomed = Visit("doomed", True, will=f"{prefix}/will")
watcher = Visit("watcher", True)
watcher.subscribe(f"{prefix}/will", 1)
doomed.client._sock_close()
result["will"] = list(watcher.wait(1))

for visit in (listener, publisher, late, watcher):
    visit.leave()
print(json.dumps(result), flush=True)
