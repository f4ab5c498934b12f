import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainOpenFailure } from '../../../../bridges/serial/port/open-failure.ts';

const explain = (message: string, ports: string[] = []) => explainOpenFailure('/dev/ttyUSB0', message, () => ports);

// The messages are those of serialport 13 on Linux.
describe('open failure', () => {
  it('waits for a missing port, and names the existing ports', () => {
    const missing = explain('Error: No such file or directory, cannot open /dev/ttyUSB0', ['/dev/serial/by-id/usb-A']);
    assert.equal(missing.kind, 'missing');
    assert.equal(missing.advice, 'waiting for /dev/ttyUSB0; existing ports: /dev/serial/by-id/usb-A');
    assert.match(explain('Error: No such device, cannot open /dev/ttyUSB0').advice, /no serial port is plugged in/);
  });

  it('explains how to get permission', () => {
    const denied = explain('Error: Permission denied, cannot open /dev/ttyUSB0');
    assert.equal(denied.kind, 'denied');
    assert.match(denied.advice, /usermod -aG dialout/);
    assert.match(denied.advice, /SupplementaryGroups=dialout/);
  });

  it('explains how to find the program that has the port open', () => {
    for (const text of ['Error Resource temporarily unavailable Cannot lock port', 'Error: Device or resource busy']) {
      assert.equal(explain(text).kind, 'busy');
      assert.match(explain(text).advice, /fuser -v \/dev\/ttyUSB0/);
    }
  });

  it('passes on an unknown error', () => {
    assert.match(
      explain('Error: Inappropriate ioctl for device setting custom baud rate of 9600').advice,
      /is not a serial port/,
    );
    assert.equal(explain('Error: strange').advice, 'could not open /dev/ttyUSB0: Error: strange');
  });
});
