import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RefusalSummary } from '../../src/base/refusal-summary.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/recording-logger.ts';

function setup() {
  const log = new RecordingLogger();
  const clock = new FakeClock();
  const refusals = new RefusalSummary(clock);
  const refuse = (reason: string, from = '192.0.2.1', fields = {}): void =>
    refusals.refused({ log, text: 'login refused', reason, from, fields });
  return { log, clock, refusals, refuse };
}

describe('refusal summary', () => {
  it('logs the first refusal at once, then the number and the latest less and less often, and counts each', () => {
    const { log, clock, refusals, refuse } = setup();
    for (let i = 0; i < 5000; i++) refuse('wrong', '192.0.2.1', { port: i });
    assert.deepEqual(log.lines, [{ level: 'info', fields: { port: 0 }, text: 'login refused' }]);
    clock.advance(10_000);
    assert.deepEqual(log.lines[1]?.fields, { port: 4999, count: 4999, seconds: 10 });
    for (let second = 0; second < 3600; second++) {
      refuse('wrong');
      clock.advance(1000);
    }
    assert.ok(log.lines.length < 20, String(log.lines.length));
    refusals.stop();
    assert.equal(
      log.lines.reduce((sum, { fields }) => sum + Number(fields['count'] ?? 1), 0),
      8600,
    );
    assert.deepEqual(refusals.counts, { 'login refused: wrong': 8600 });
  });

  it('logs another reason and another network separately', () => {
    const { log, refuse } = setup();
    refuse('wrong');
    refuse('unknown');
    refuse('wrong', '192.0.2.2');
    assert.equal(log.lines.length, 3);
  });

  it('logs at once again after a pause without a refusal', () => {
    const { log, clock, refuse } = setup();
    refuse('wrong');
    clock.advance(10_000);
    refuse('wrong');
    assert.deepEqual(
      log.lines.map(({ text }) => text),
      ['login refused', 'login refused'],
    );
  });

  it('has a bounded number of lines and kinds for any networks and reasons, and loses no count', () => {
    const { log, clock, refusals, refuse } = setup();
    for (let i = 0; i < 20_000; i++) refuse(`reason ${i % 1000}`, `192.0.${i >> 8}.${i & 255}`);
    clock.advance(10_000);
    assert.ok(log.lines.length < 1000, String(log.lines.length));
    assert.ok(Object.keys(refusals.counts).length <= 201);
    assert.equal(
      Object.values(refusals.counts).reduce((sum, count) => sum + count),
      20_000,
    );
    assert.equal(
      log.lines.reduce((sum, { fields }) => sum + Number(fields['count'] ?? 1), 0),
      20_000,
    );
  });
});
