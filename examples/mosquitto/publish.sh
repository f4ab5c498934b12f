#!/bin/sh
# Any MQTT client can publish to WAMP: the topic a/b/c becomes mqtt.a.b.c.
mosquitto_pub -h "${MQTT_HOST:-127.0.0.1}" -p "${MQTT_PORT:-1883}" -i kitchen-sensor -q 1 -t kitchen/temperature -m 21.5
mosquitto_pub -h "${MQTT_HOST:-127.0.0.1}" -p "${MQTT_PORT:-1883}" -i kitchen-sensor -q 1 -t kitchen/climate -m '{"temperature": 21.5, "humidity": 48}'
