import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { connectAsync } from 'mqtt';
import { bridges } from '../../bridges/index.ts';
import { banner } from '../../src/cli/gateway/banner.ts';
import { checkCommand } from '../../src/cli/gateway/check.ts';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { loadConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { ticketLogin } from '../../src/public/client.ts';
import { dial } from '../../src/transport/dial.ts';
import { Folder } from '../support/folder.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { until } from '../support/until.ts';

const admin =
  '      admin: { permissions: [{ uri: "", match: prefix, allow: [publish, subscribe, call, register] }] }\n';
const yaml = (roles: string): string => `realms:
  - name: realm1
    roles:
${roles}principals: [{ authid: joe, role: admin, ticket: joes }]
listeners: [{ type: web, port: 0 }]
bridges: { mqtt: { port: 0, anonymous: any } }
`;

async function checked(file: string): Promise<string> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io = { stdout, stderr, stdin: new PassThrough(), signal: new AbortController().signal };
  assert.equal(await checkCommand(bridges, {}).run([], { config: file }, io), 0);
  stdout.end();
  return text(stdout);
}

/** The events that a plug without credentials can publish, and the warnings of the gateway. */
async function plugged(file: string) {
  const log = new RecordingLogger();
  await using gateway = new Gateway(loadConfig({ file, environment: {}, bridges }), { bridges, log });
  await gateway.start();
  const lines = banner(gateway, file);
  const warnings = log.at('warn').filter(({ text }) => text.includes('without permissions'));
  const url = `ws://127.0.0.1:${gateway.listeners[0]?.port}/ws`;
  const joe = await ClientSession.join(await dial(url, { codec: codecNamed('json') }), {
    realm: 'realm1',
    authid: 'joe',
    logins: [ticketLogin('joes')],
  });
  const heard: unknown[] = [];
  await joe.subscribe('mqtt.', ({ topic, args }) => topic.startsWith('mqtt.tele.') && heard.push(args[0]), {
    match: 'prefix',
  });
  const port = /:(\d+):/.exec(gateway.bridges[0]?.banner[0] ?? '')?.[1] ?? assert.fail();
  const plug = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: 'plug1', reconnectPeriod: 0 });
  plug.publish('tele/plug1/POWER', 'on');
  await until('the event was judged', () => heard.length + gateway.status.refused > 0);
  await plug.endAsync(true);
  // A session that stays after a refusal shows its own count, although nothing was acknowledged.
  const other = await ClientSession.join(await dial(url, { codec: codecNamed('json') }), { realm: 'realm1' });
  for (const value of [1, 2]) other.publish('mqtt.tele.other', { args: [value] }).catch(assert.fail);
  await other.call('wamp.session.count').catch(() => {});
  const { args } = await joe.call('wampway.session.get', { args: [other.id] });
  const health = (await (await fetch(`http://${gateway.listeners[0]?.address}/healthz`)).json()) as { refused: number };
  const seen = { heard, refused: (args[0] as { refused: number }).refused, health: health.refused };
  await other.leave();
  await joe.leave();
  return { lines, warnings, seen };
}

describe('plugs without credentials, and one role with permissions', () => {
  it('are refused, as check, banner, log and counters report, and not refused with the proposed rule', async () => {
    using folder = new Folder();
    const file = folder.file('gateway.yaml');
    writeFileSync(file, yaml(admin));
    const report = await checked(file);
    const { lines, warnings, seen } = await plugged(file);
    assert.deepEqual(seen, { heard: [], refused: 2, health: 3 });
    const said = /MQTT clients without credentials may not publish on realm realm1: role "anonymous" has no rule/;
    assert.match(report, said);
    assert.match(lines.join('\n'), said);
    assert.equal(warnings.length, 1);
    assert.equal(JSON.stringify(warnings).includes('stack'), false);
    const [{ fields } = assert.fail()] = warnings;
    assert.deepEqual([fields['devices'], fields['missing']], [['MQTT clients without credentials'], ['publish']]);

    const pasted = [
      /add to realms\[0\]\.roles: (.*)$/.exec(String(fields['hint']))?.[1] ?? assert.fail(),
      report.slice(report.indexOf('anonymous:')),
      lines
        .slice(lines.findIndex(line => line.trim() === 'anonymous:'))
        .slice(0, 3)
        .join('\n'),
    ];
    for (const rule of pasted) {
      const width = /^ */.exec(rule.split('\n')[1] ?? '')?.[0].length ?? 0;
      const indented = rule
        .trim()
        .split('\n')
        .map((line, index) => ' '.repeat(index === 0 ? 6 : 8 + Math.max(0, line.search(/\S/) - width)) + line.trim());
      writeFileSync(file, yaml(`${admin}${indented.join('\n')}\n`));
      assert.doesNotMatch(await checked(file), /warning/);
      const after = await plugged(file);
      assert.deepEqual(after.seen, { heard: ['on', 1, 2], refused: 0, health: 0 });
      assert.deepEqual(after.warnings, []);
      assert.doesNotMatch(after.lines.join('\n'), /permissions/);
    }
  });
});
