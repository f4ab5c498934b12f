import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, describe, it } from 'node:test';
import { bridges } from '../../../bridges/index.ts';
import { mapCommand } from '../../../src/cli/gateway/map.ts';

const folder = mkdtempSync(join(tmpdir(), 'wampway-map-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'gateway.yaml');
writeFileSync(
  file,
  `bridges:
  mqtt:
    rules:
      - { from: "mqtt:tele/{device}/SENSOR", to: "wamp:dev.{device}.sensor", select: /Power }
      - { from: "mqtt:tele/#", drop: true }
      - { from: "wamp:dev.{device}.set", to: "mqtt:cmnd/{device}/POWER", payload: text }
      - { from: "mqtt:home/{room}", to: "wamp:home.{room}", both: true }
`,
);

async function map(args: readonly string[], json = false) {
  const stdout = new PassThrough();
  const io = { stdout, stderr: new PassThrough(), stdin: new PassThrough(), signal: new AbortController().signal };
  const exitCode = await mapCommand(bridges, {}).run(args, { config: file, ...(json && { json }) }, io);
  stdout.end();
  return { exitCode, out: await text(stdout) };
}

describe('wampway map test', () => {
  it('shows the matching rule and its result', async () => {
    const { exitCode, out } = await map(['test', 'tele/bath/SENSOR', '{"Power":12}']);
    assert.equal(exitCode, 0);
    assert.equal(
      out,
      `mqtt:tele/bath/SENSOR
  rules[0]: mqtt:tele/{device}/SENSOR -> wamp:dev.{device}.sensor
  wamp:dev.bath.sensor  [12]
wamp:dev.bath.sensor
  no rule matches
  not forwarded
`,
    );
  });

  it('shows the way back, and the way from WAMP to MQTT', async () => {
    assert.match(
      (await map(['test', 'home/bath', 'on'])).out,
      /wamp:home\.bath {2}\["on"\]\nwamp:home\.bath\n {2}rules\[3\].*\n {2}mqtt:home\/bath {2}on\n$/,
    );
    assert.match(
      (await map(['test', 'wamp:dev.bath.set', 'true'])).out,
      /rules\[2\]: .*\n {2}mqtt:cmnd\/bath\/POWER {2}true\n$/,
    );
    assert.match((await map(['test', 'stat/x', '1'])).out, /default: mirrored.*\n {2}wamp:mqtt\.stat\.x {2}\[1\]\n/);
  });

  it('reports a message that is not forwarded, and ends with exit code 1', async () => {
    const dropped = await map(['test', 'tele/bath/STATE', '1']);
    assert.deepEqual(
      [dropped.exitCode, /rules\[1\]: mqtt:tele\/# -> dropped\n {2}not forwarded\n$/.test(dropped.out)],
      [1, true],
    );
    const bare = await map(['test', 'tele/bath/SENSOR', '{}']);
    assert.equal(bare.exitCode, 1);
    assert.match(bare.out, /the part that "select" names is missing\n {2}not forwarded/);
  });

  it('prints JSON', async () => {
    const { out } = await map(['test', 'tele/bath/SENSOR', '{"Power":12}'], true);
    const [first] = JSON.parse(out);
    assert.deepEqual([first.rule, first.to, first.args], [0, 'wamp:dev.bath.sensor', [12]]);
  });

  it('rejects any action but test', async () => {
    await assert.rejects(map(['check', 'x']), /expected test TOPIC/);
  });

  it('rejects an invalid topic name [MQTT-3.3.2-2]', async () => {
    for (const topic of ['home/#', 'home/+', '', 'mqtt:', 'home/\u0007']) {
      await assert.rejects(map(['test', topic, '1']), /is not a valid MQTT topic name/, JSON.stringify(topic));
    }
  });
});
