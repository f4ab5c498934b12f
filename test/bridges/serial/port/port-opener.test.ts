import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseLineSettings } from '../../../../bridges/serial/config/line-settings.ts';
import { portOpener } from '../../../../bridges/serial/port/port-opener.ts';
import type { WireSettings } from '../../../../bridges/serial/port/wire.ts';
import type { SimulatedLine } from '../../../../bridges/serial/simulation/simulated-device.ts';
import { until } from '../../../support/until.ts';

function settings(path: string): WireSettings {
  const line = parseLineSettings('9600n81');
  assert.ok(line !== undefined);
  return { path, line, hupcl: false, dtr: undefined, rts: undefined };
}

/** Opens `demo:echo`, whose device records the received bytes. */
async function connect() {
  const got: string[] = [];
  const data: string[] = [];
  const lost: string[] = [];
  let device: SimulatedLine | undefined;
  let disconnected = 0;
  const open = portOpener(
    new Map([
      [
        'echo',
        {
          connect: line => {
            device = line;
            return {
              receive: bytes => got.push(Buffer.from(bytes).toString()),
              disconnect: () => {
                disconnected++;
              },
            };
          },
        },
      ],
    ]),
  );
  const wire = await open(settings('demo:echo'), {
    data: chunk => data.push(Buffer.from(chunk).toString()),
    lost: reason => lost.push(reason),
  });
  assert.ok(device !== undefined);
  return { wire, device, got, data, lost, disconnected: () => disconnected };
}

describe('port opener', () => {
  it('carries bytes both ways through the mock binding', async () => {
    const { wire, device, got, data } = await connect();
    await wire.write(Buffer.from('X\n'));
    assert.deepEqual(got, ['X\n']);
    device.send('T=1\n');
    await until('the bytes', () => data.join('') === 'T=1\n');
    await wire.close();
  });

  it('reports an unplugged device once, and refuses to write from then on', async () => {
    const { wire, device, lost, got, disconnected } = await connect();
    device.unplug();
    await until('the loss', () => lost.length > 0);
    assert.deepEqual(lost, ['unplugged']);
    // The library would keep these bytes and send them after the next opening.
    await assert.rejects(wire.write(Buffer.from('X\n')), /not open/);
    assert.deepEqual(got, []);
    assert.equal(disconnected(), 1);
    await wire.close();
  });

  it('reports nothing for a port that its owner closed', async () => {
    const { wire, lost, disconnected } = await connect();
    await wire.close();
    await wire.close();
    assert.deepEqual(lost, []);
    assert.equal(disconnected(), 1);
    await assert.rejects(wire.write(Buffer.from('X')), /not open/);
  });

  it("rejects with the system's error if the path is not a port", async () => {
    const open = portOpener(new Map());
    const receiver = { data: () => {}, lost: () => {} };
    await assert.rejects(open(settings('/dev/wampway-no-such-port'), receiver), /No such file/);
    await assert.rejects(open(settings('demo:nothing'), receiver), /there are none/);
  });
});
