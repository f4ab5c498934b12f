import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLog, type LogFormat } from '../../../src/gateway/logging/log.ts';
import { UNSAFE_CHARACTERS } from '../../support/unsafe-characters.ts';

function logged(format: LogFormat, terminal = false) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line), terminal, colours: false };
  return { log: createLog({ level: 'info', format, destination }), lines };
}

describe('log', () => {
  it('writes one line of JSON for each event, with ISO time', () => {
    const { log, lines } = logged('json', true);
    log.child({ bridge: 'mqtt' }).info({ clients: 3 }, 'listening');
    log.debug({}, 'too fine');
    assert.equal(lines.length, 1);
    const { time, ...rest } = JSON.parse(lines[0] ?? '');
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(rest, { level: 'info', bridge: 'mqtt', clients: 3, text: 'listening' });
  });

  it('writes readable lines to a terminal', () => {
    for (const [format, terminal] of [
      ['auto', true],
      ['pretty-lines', false],
    ] as const) {
      const { log, lines } = logged(format, terminal);
      log.child({ bridge: 'mqtt' }).warn({ peer: '127.0.0.1:5', reason: 'two words' }, 'refused');
      assert.match(
        lines[0] ?? '',
        /^\d\d:\d\d:\d\d\.\d{3} warn {2}mqtt: refused {2}peer=127\.0\.0\.1:5 reason="two words"\n$/,
      );
    }
    const { log, lines } = logged('auto', false);
    log.info({}, 'x');
    assert.ok(lines[0]?.startsWith('{'));
  });

  it('never shows secrets, in fields or nested values', () => {
    const { log, lines } = logged('json');
    log.child({ authToken: 'hunter2' }).info({ password: 'hunter2', mqtt: { user: 'u', passwd: 'hunter2' } }, 'x');
    assert.doesNotMatch(lines.join(''), /hunter2/);
    assert.match(lines.join(''), /"user":"u"/);
  });

  it('escapes text of a peer, which cannot forge a line or colour the terminal', () => {
    const { log, lines } = logged('pretty-lines');
    log.info({ client: 'x\n12:00:00.000 error \u001b[31mforged', err: new Error('a\nb') }, 'connected');
    assert.equal(lines[0]?.trimEnd().split('\n').length, 1);
    assert.ok(!lines[0]?.includes('\u001b'));
  });

  for (const format of ['json', 'pretty-lines'] as const) {
    it(`escapes terminal control characters in every part of a ${format} line`, () => {
      for (const unsafe of UNSAFE_CHARACTERS) {
        const { log, lines } = logged(format);
        const error = new Error(`m${unsafe}\n    at forged (evil:1:1)${unsafe}`, { cause: new Error(unsafe) });
        error.stack = `${error.stack}\n    at frame${unsafe} (file:1:1)`;
        const fields = { peer: unsafe, [`key${unsafe}`]: [unsafe], deep: { [unsafe]: unsafe }, err: error };
        log.child({ bridge: `b${unsafe}`, client: unsafe }).error(fields, `text ${unsafe}`);
        const [line = ''] = lines;
        const stack = format === 'json' ? [] : line.split('\n').slice(1, -1);
        assert.ok(line.endsWith('\n'));
        assert.doesNotMatch(line.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u, JSON.stringify(line));
        assert.ok(
          stack.every(frame => /^ {4}at /.test(frame) && !frame.includes('forged')),
          line,
        );
        if (format === 'json') assert.equal(line.indexOf('\n'), line.length - 1);
        if (format === 'json') assert.equal(JSON.parse(line).peer, unsafe);
      }
    });
  }

  it('shows the stack of an error at error level', () => {
    const { log, lines } = logged('pretty-lines');
    log.error({ err: new TypeError('a mistake') }, 'a bug');
    assert.match(lines[0] ?? '', /err="a mistake"\n\s+at .*log\.test/);
    const json = logged('json');
    json.log.error({ err: new TypeError('a mistake', { cause: new Error('below') }) }, 'a bug');
    const { err } = JSON.parse(json.lines[0] ?? '');
    assert.deepEqual([err.name, err.message, err.cause.message], ['TypeError', 'a mistake', 'below']);
  });

  it('accepts and bounds fields of any type', () => {
    const { log, lines } = logged('json');
    const cycle: Record<string, unknown> = { bytes: new Uint8Array(5), big: 2n ** 60n, long: 'x'.repeat(10_000) };
    cycle['self'] = cycle;
    log.info({ cycle }, 'x');
    assert.ok((lines[0]?.length ?? 0) < 20_000);
    assert.match(lines[0] ?? '', /"bytes":"5 bytes","big":"1152921504606846976"/);
  });
});
