import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { watchFile } from '../../../../bridges/serial/port/path-watcher.ts';
import { systemClock } from '../../../../src/base/clock.ts';
import { until } from '../../../support/until.ts';

describe('path watcher', () => {
  it('reports each time that a device file appears, in a new folder, and disappears', async () => {
    const root = mkdtempSync(join(tmpdir(), 'wampway-watch-'));
    const folder = join(root, 'serial', 'by-id');
    const path = join(folder, 'usb-board');
    let changes = 0;
    using watch = watchFile(path, systemClock, () => {
      changes++;
    });
    try {
      for (let round = 0; round < 2; round++) {
        assert.equal(watch.exists(), false);
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(root, `tty${round}`), '');
        symlinkSync(join(root, `tty${round}`), path);
        const before = changes;
        await until('the file to be reported', () => changes > before && watch.exists());
        watch.opened();
        assert.equal(watch.gone(), false);
        rmSync(join(root, 'serial'), { recursive: true });
        assert.equal(watch.gone(), false, 'the link is gone, the device is not');
        rmSync(join(root, `tty${round}`));
        const then = changes;
        await until('its going to be reported', () => changes > then && watch.gone());
      }
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });

  it('reports nothing after disposal', async () => {
    const root = mkdtempSync(join(tmpdir(), 'wampway-watch-'));
    let changes = 0;
    const watch = watchFile(join(root, 'tty'), systemClock, () => {
      changes++;
    });
    let others = 0;
    using witness = watchFile(join(root, 'tty'), systemClock, () => {
      others++;
    });
    watch[Symbol.dispose]();
    writeFileSync(join(root, 'tty'), '');
    await until('the other watcher to see it', () => others > 0);
    assert.equal(witness.exists(), true);
    assert.equal(changes, 0);
    rmSync(root, { recursive: true });
  });
});
