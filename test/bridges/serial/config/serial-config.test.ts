import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { deviceUri, serialConfig } from '../../../../bridges/serial/config/serial-config.ts';

/** The problems of a port with these fields, as `path: message`. */
function problems(port: Record<string, unknown>): string[] {
  const parsed = serialConfig.safeParse({ ports: [{ id: 'g1', path: '/dev/ttyUSB0', ...port }] });
  return (parsed.error?.issues ?? []).map(issue => `${issue.path.slice(2).join('.')}: ${issue.message}`);
}

function procedureProblems(procedure: Record<string, unknown>): string[] {
  return problems({ procedures: [{ name: 'p', write: 'X\n', ...procedure }] });
}

describe('serial configuration', () => {
  it('requires an id and a path, and has defaults for the rest', () => {
    const [port] = serialConfig.parse({ ports: [{ id: 'g1', path: '/dev/ttyUSB0' }] }).ports;
    assert.equal(port?.line.baud, 9600);
    assert.deepEqual(port?.framing, { type: 'line', delimiter: '\n', maxLength: 1024, encoding: 'utf8' });
    assert.equal(port?.hupcl, false);
    assert.deepEqual(serialConfig.parse({}), { ports: [] });
  });

  it('accepts the example of the documentation', () => {
    assert.deepEqual(
      problems({
        line: { baud: 115_200, bits: 8, parity: 'none', stop: 1 },
        framing: { type: 'line', delimiter: '\n', maxLength: 1024 },
        openDelay: 2000,
        publish: [{ match: '^T=(?<temperature>[-\\d.]+) H=(?<humidity>[\\d.]+)$', topic: 'serial.g1.climate' }],
        procedures: [
          {
            name: 'serial.g1.relay.set',
            write: 'RELAY {channel} {state}\n',
            args: [
              { name: 'channel', type: 'integer', min: 1, max: 8 },
              { name: 'state', type: 'enum', values: ['on', 'off'] },
            ],
            expect: '^OK (?<state>on|off)$',
            error: '^ERR (?<message>.*)$',
            timeout: 2000,
            retries: 0,
          },
        ],
      }),
      [],
    );
  });

  it('names the error in a regular expression', () => {
    assert.match(problems({ publish: [{ match: '(' }] }).join(), /^publish\.0\.match: is not a regular expression: /);
    assert.match(procedureProblems({ expect: '[' }).join(), /^procedures\.0\.expect: is not a regular expression/);
  });

  it('refuses patterns that do not match in linear time, in every field', () => {
    const words = /cannot be matched in linear time/;
    assert.match(problems({ publish: [{ match: '^(?<v>\\d+)(?! C)' }] }).join(), words);
    assert.match(procedureProblems({ expect: '(?<=OK )on' }).join(), words);
    assert.match(procedureProblems({ expect: 'OK', error: '(.)\\1' }).join(), words);
    const text = { name: 's', type: 'string', pattern: '^(?=a)' };
    assert.match(procedureProblems({ write: 'X {s}\n', args: [text] }).join(), words);
  });

  it('bounds the cost of one pattern for one frame', () => {
    const publish = [{ match: '^(?<v>[a-z]{200})$' }];
    assert.deepEqual(problems({ publish }), []);
    const framing = { type: 'line', maxLength: 65_536 };
    assert.match(problems({ publish, framing }).join(), /^publish\.0\.match: is too large for frames of 65536 bytes/);
    assert.match(procedureProblems({ expect: 'a{900}b{900}' }).join(), /compiles to \d+ instructions, and 1000/);
  });

  it('refuses an escape in single quotes', () => {
    assert.match(procedureProblems({ write: 'X\\n' }).join(), /double quotes/);
    assert.match(problems({ framing: { type: 'line', delimiter: '\\r\\n' } }).join(), /double quotes/);
  });

  it('requires that each placeholder is declared and each argument is used', () => {
    const args = [{ name: 'a', type: 'integer' }];
    assert.deepEqual(procedureProblems({ write: 'X {b}\n', args }), [
      'procedures.0.write: contains {b}, which args does not declare',
      'procedures.0.args.0.name: "a" is not used in write: add "{a}"',
    ]);
    assert.deepEqual(procedureProblems({ write: '{"led":{a}}\n', args }), []);
  });

  it('requires either name or uri, and refuses duplicates', () => {
    assert.deepEqual(procedureProblems({ uri: 'a.b' }), ['procedures.0: needs either name or uri']);
    const twice = problems({
      procedures: [
        { name: 'p', write: 'X\n' },
        { name: 'serial.g1.p', write: 'Y\n' },
      ],
    });
    assert.deepEqual(twice, ['procedures.1.name: serial.g1.p is already in use']);
    assert.deepEqual(procedureProblems({ name: 'status' }), ['procedures.0.name: serial.g1.status is already in use']);
    const ports = [
      { id: 'a', path: '/dev/1' },
      { id: 'a', path: '/dev/1' },
    ];
    assert.deepEqual(
      serialConfig.safeParse({ ports }).error?.issues.map(issue => issue.path.join('.')),
      ['ports.1.id', 'ports.1.path'],
    );
  });

  it('refuses invalid URIs', () => {
    assert.match(
      problems({ publish: [{ match: 'x', topic: 'a b' }] }).join(),
      /publish\.0\.topic: serial\.g1\.a b is not/,
    );
    assert.match(problems({ publish: [{ match: 'x', topic: '{device}' }] }).join(), /contains \{device\}/);
    assert.match(problems({ publish: [{ match: 'x', topic: '{name}' }] }).join(), /needs a named group/);
    assert.match(procedureProblems({ name: undefined, uri: 'wamp.x' }).join(), /reserved for the protocol/);
    assert.equal(problems({ id: 'a.b' }).length > 0, true);
  });

  it('requires expect for error and retries', () => {
    assert.match(procedureProblems({ error: 'E' }).join(), /needs expect/);
    assert.match(procedureProblems({ retries: 1 }).join(), /needs expect/);
  });

  it('has a JSON Schema for editors', () => {
    const schema = z.toJSONSchema(serialConfig, { io: 'input', unrepresentable: 'any' });
    assert.ok(JSON.stringify(schema).includes('"maxLength"'));
  });

  it('puts names under the device', () => {
    assert.equal(deviceUri('g1', undefined), 'serial.g1');
    assert.equal(deviceUri('g1', 'relay.set'), 'serial.g1.relay.set');
    assert.equal(deviceUri('g1', 'serial.g1.relay.set'), 'serial.g1.relay.set');
    assert.equal(deviceUri('g1', 'serial.g2.x'), 'serial.g1.serial.g2.x');
    assert.equal(deviceUri('g1', undefined, 'farm.{id}'), 'farm.g1');
  });
});
