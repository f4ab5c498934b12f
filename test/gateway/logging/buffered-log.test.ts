import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BufferedLog } from '../../../src/gateway/logging/buffered-log.ts';
import type { LogLevel } from '../../../src/gateway/logging/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function make(level: LogLevel = 'info') {
  const texts: string[] = [];
  const clock = new FakeClock();
  const destination = {
    terminal: false,
    colours: false,
    write: (line: string) => void texts.push(JSON.parse(line).text),
  };
  return { held: new BufferedLog({ level, format: 'json', destination }, clock), texts, clock };
}

describe('BufferedLog', () => {
  it('writes buffered lines in order when it is released, and further lines at once', () => {
    const { held, texts } = make();
    held.log.info({}, 'one');
    held.log.child({ part: 'x' }).warn({}, 'two');
    assert.deepEqual(texts, []);
    held.release();
    held.log.info({}, 'three');
    held.release();
    assert.deepEqual(texts, ['one', 'two', 'three']);
  });

  it('discards buffered lines on discard', () => {
    const { held, texts } = make();
    held.log.info({}, 'one');
    held.discard();
    held.release();
    held.log.info({}, 'two');
    assert.deepEqual(texts, ['two']);
  });

  it('buffers for at most two seconds and a thousand lines, and not at level debug', () => {
    const slow = make();
    slow.held.log.info({}, 'one');
    slow.clock.advance(1999);
    assert.deepEqual(slow.texts, []);
    slow.clock.advance(1);
    assert.deepEqual(slow.texts, ['one']);
    const busy = make();
    for (let n = 0; n <= 1000; n++) busy.held.log.info({}, 'line');
    assert.equal(busy.texts.length, 1001);
    const debug = make('debug');
    debug.held.log.info({}, 'one');
    assert.deepEqual(debug.texts, ['one']);
  });
});
