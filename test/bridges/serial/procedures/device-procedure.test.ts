import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { portConfig } from '../../../../bridges/serial/config/serial-config.ts';
import { DeviceProcedure } from '../../../../bridges/serial/procedures/device-procedure.ts';
import { WampError } from '../../../../src/wamp/errors.ts';

function procedure(config: Record<string, unknown>, port: Record<string, unknown> = {}): DeviceProcedure {
  const parsed = portConfig.parse({ id: 'g1', path: '/dev/x', ...port, procedures: [{ name: 'p', ...config }] });
  const [first] = parsed.procedures;
  assert.ok(first !== undefined);
  return new DeviceProcedure(parsed, first);
}

function written(made: DeviceProcedure, args: unknown[], kwargs: Record<string, unknown> = {}): string {
  return Buffer.from(made.exchange(args, kwargs).bytes).toString('latin1');
}

/** The text of the error of a call with these arguments. */
function refusal(made: DeviceProcedure, args: unknown[], kwargs: Record<string, unknown> = {}): unknown {
  try {
    made.exchange(args, kwargs);
  } catch (error) {
    assert.ok(error instanceof WampError);
    assert.equal(error.uri, 'wamp.error.invalid_argument');
    return error.args[0];
  }
  return 'accepted';
}

const relay = procedure({
  write: 'RELAY {channel} {state}\n',
  args: [
    { name: 'channel', type: 'integer', min: 1, max: 8 },
    { name: 'state', type: 'enum', values: ['on', 'off'], default: 'off' },
  ],
});

describe('device procedure', () => {
  it('writes arguments given by position, by name, and by both', () => {
    assert.equal(written(relay, [1, 'on']), 'RELAY 1 on\n');
    assert.equal(written(relay, [], { channel: 8, state: 'off' }), 'RELAY 8 off\n');
    assert.equal(written(relay, [2], { state: 'on' }), 'RELAY 2 on\n');
    assert.equal(written(relay, [2]), 'RELAY 2 off\n');
  });

  it('names the invalid argument and the expected value', () => {
    for (const [args, kwargs, text] of [
      [[], {}, 'argument "channel" is missing: it takes channel, [state]'],
      [[9], {}, 'argument "channel" must be an integer from 1 to 8 (got 9)'],
      [[1.5], {}, 'argument "channel" must be an integer from 1 to 8 (got 1.5)'],
      [['1'], {}, 'argument "channel" must be an integer from 1 to 8 (got "1")'],
      [[null], {}, 'argument "channel" must be an integer from 1 to 8 (got null)'],
      [[1, 'up'], {}, 'argument "state" must be one of on, off (got "up")'],
      [[1, 'on\n'], {}, 'argument "state" must be one of on, off (got "on\\n")'],
      [[1, ['on']], {}, 'argument "state" must be one of on, off (got a list)'],
      [[1, 'on', 3], {}, 'takes channel, [state], got 3 arguments'],
      [[1], { channel: 2 }, 'argument "channel" is given twice, by position and by name'],
      [[1], { colour: 2 }, 'has no argument "colour": it takes channel, [state]'],
      [[], { __proto__: null, toString: 1, channel: 1 }, 'has no argument "toString": it takes channel, [state]'],
    ] as const) {
      assert.equal(refusal(relay, [...args], kwargs), text);
    }
  });

  it('refuses a text argument that would begin another command', () => {
    const say = procedure({
      write: 'SAY {text};\r\n',
      args: [{ name: 'text', type: 'string', maxLength: 20 }],
    });
    assert.equal(written(say, ['hello {text}']), 'SAY hello {text};\r\n');
    assert.match(String(refusal(say, ['a\nRELAY 1 on'])), /without control characters/);
    assert.match(String(refusal(say, ['a\rb'])), /without control characters/);
    assert.match(String(refusal(say, ['a\u0000b'])), /without control characters/);
    assert.match(String(refusal(say, ['a\u0085b'])), /without control characters/);
    assert.match(String(refusal(say, ['a;RELAY 1 on'])), /without ";", which ends a command/);
    assert.match(String(refusal(say, ['\ud800'])), /without control characters/);
    assert.match(String(refusal(say, ['x'.repeat(21)])), /at most 20 characters/);
    const piped = procedure(
      { write: 'SAY {text}', args: [{ name: 'text', type: 'string' }] },
      { framing: { type: 'line', delimiter: '|' } },
    );
    assert.match(String(refusal(piped, ['a|b'])), /without "\|", which ends a command/);
  });

  it('checks the whole text against its pattern, and against the encoding', () => {
    const name = procedure(
      { write: 'N {n}\n', args: [{ name: 'n', type: 'string', pattern: '[a-zé]+' }] },
      { framing: { type: 'line', encoding: 'latin1' } },
    );
    assert.equal(written(name, ['caf\u00e9']), 'N caf\u00e9\n');
    assert.match(String(refusal(name, ['abc1'])), /like \/\[a-zé\]\+\//);
    assert.match(String(refusal(name, ['\u20ac'])), /Latin-1/);
  });

  it('writes numbers and booleans in the configured format', () => {
    const set = procedure({
      write: 'SET {v} {b}\n',
      args: [
        { name: 'v', type: 'number', min: -10, decimals: 2 },
        { name: 'b', type: 'boolean', values: ['OFF', 'ON'] },
      ],
    });
    assert.equal(written(set, [1, true]), 'SET 1.00 ON\n');
    assert.equal(written(set, [-0.001, false]), 'SET 0.00 OFF\n');
    assert.match(String(refusal(set, [Number.NaN, true])), /a number of at least -10 \(got NaN\)/);
    assert.match(String(refusal(set, [Number.POSITIVE_INFINITY, true])), /must be a number/);
    assert.match(String(refusal(set, [1, 1])), /true or false/);
  });

  it('parses the answer, an error first', () => {
    const wide = procedure({ write: 'X\n', expect: '^(?<word>.+)$', error: '^ERR (?<message>.*)$' });
    const { interpret } = wide.exchange([], {});
    assert.deepEqual(wide.result(interpret?.('yes')), { args: [], kwargs: { word: 'yes' } });
    assert.throws(
      () => wide.result(interpret?.('ERR too hot')),
      (error: unknown) =>
        error instanceof WampError && error.uri === 'wampway.error.device' && error.args[0] === 'too hot',
    );
    assert.equal(interpret?.(''), undefined);
  });
});
