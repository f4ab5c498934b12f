import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { escapeUnsafe, isPlainText } from '../../src/base/safe-text.ts';
import { UNSAFE_CHARACTERS } from '../support/unsafe-characters.ts';

describe('safe text', () => {
  it('escapes every character that controls a terminal, changes the direction or is invisible, and no other', () => {
    for (const character of UNSAFE_CHARACTERS) {
      const shown = escapeUnsafe(`a${character}b`);
      assert.match(shown, /^a(\\u[0-9a-f]{4}){1,2}b$/, JSON.stringify(character));
      assert.equal(JSON.parse(`"${shown}"`), `a${character}b`);
      assert.equal(isPlainText(`a${character}b`), false);
    }
    for (const text of ['plain', 'tür', '温度', 'a b', '👍', 'e\u0301', '\u00a0']) {
      assert.equal(escapeUnsafe(text), text);
      assert.equal(isPlainText(text), true, text);
    }
  });
});
