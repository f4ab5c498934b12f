import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { crc32c } from '../../../src/store/files/crc32c.ts';
import { readTable, rewriteTable } from '../../../src/store/files/table-file.ts';
import { Folder } from '../../support/folder.ts';

const FOOTER = 48;

describe('tables of LevelDB', () => {
  let table: Buffer;

  before(async () => {
    using folder = new Folder();
    const level = new ClassicLevel<string, string>(folder.path);
    // Snappy compresses these blocks, and their index.
    for (let n = 0; n < 2_000; n++) await level.put(`key/of/some/length/${n}`, `${n} `.repeat(20));
    await level.compactRange('', '\uffff');
    await level.close();
    const name = (await readdir(folder.path)).find(file => file.endsWith('.ldb')) ?? '';
    table = await readFile(folder.file(name));
  });

  it('have the checksum of RFC 3720', () => {
    assert.equal(crc32c(Buffer.alloc(32), 0, 32), 0x8a9136aa);
    assert.equal(crc32c(Buffer.alloc(32, 0xff), 0, 32), 0x62a8ab43);
    assert.equal(crc32c(Buffer.from('xx123456789x'), 2, 11), 0xe3069283);
  });

  it('are intact as LevelDB writes them, and as this program writes them', () => {
    const { good, damaged, flawed } = readTable(table);
    assert.ok(good && good.length > 10);
    assert.deepEqual({ damaged, flawed }, { damaged: [], flawed: false });
    const again = readTable(rewriteTable(table, good.slice(1)));
    assert.equal(again.good?.length, good.length - 1);
    assert.deepEqual({ damaged: again.damaged, flawed: again.flawed }, { damaged: [], flawed: false });
  });

  it('reveal damage of any byte, and lose only its block', () => {
    const count = readTable(table).good?.length ?? 0;
    for (let at = 0; at < table.length - FOOTER; at += 37) {
      const bytes = Buffer.from(table);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      const { good, damaged, flawed } = readTable(bytes);
      assert.ok(good === undefined || damaged.length > 0 || flawed, `a change at ${at} is seen`);
      if (good !== undefined) assert.equal(good.length + damaged.length, count);
      if (good !== undefined) assert.ok(good.length >= count - 1);
    }
  });

  it('are read to an end, for any content', () => {
    for (let length = 0; length < table.length; length += 211) readTable(table.subarray(0, length));
    let state = 1;
    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.from(table);
      for (let n = 0; n < 40; n++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        // The end holds the index and the footer.
        bytes[bytes.length - 1 - (state % 400)] = state >>> 24;
      }
      readTable(bytes);
    }
  });
});
