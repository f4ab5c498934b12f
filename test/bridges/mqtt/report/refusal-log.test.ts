import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RefusalLog } from '../../../../bridges/mqtt/report/refusal-log.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';

describe('RefusalLog', () => {
  it('writes one line for each reason and address, whatever the port', () => {
    const log = new RecordingLogger();
    const refusals = new RefusalLog(log);
    for (const port of [1, 22, 333]) refusals.refused(`192.0.2.1:${port}`, 'lamp', 'wrong password');
    refusals.refused('192.0.2.1:4', 'lamp', 'banned');
    refusals.refused('[2001:db8::1]:5', 'lamp', 'wrong password');
    refusals.refused('[2001:db8::1]:6', 'lamp', 'wrong password');
    assert.deepEqual(
      log.lines.map(({ fields }) => [fields['peer'], fields['reason']]),
      [
        ['192.0.2.1:1', 'wrong password'],
        ['192.0.2.1:4', 'banned'],
        ['[2001:db8::1]:5', 'wrong password'],
      ],
    );
  });

  it('is bounded, whatever the reasons are', () => {
    const log = new RecordingLogger();
    const refusals = new RefusalLog(log);
    for (let i = 0; i < 10_000; i++) refusals.refused('192.0.2.1:1', 'lamp', `reason ${i}`);
    assert.ok(log.lines.length <= 301, String(log.lines.length));
  });
});
