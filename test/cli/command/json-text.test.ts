import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonText, payloadText, printable, printableText } from '../../../src/cli/command/json-text.ts';
import { Payload } from '../../../src/wamp/payload.ts';
import { UNSAFE_CHARACTERS } from '../../support/unsafe-characters.ts';

const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

describe('text of a peer on a terminal', () => {
  it('is printed without characters that control the terminal, in values, names, messages and errors', () => {
    for (const unsafe of UNSAFE_CHARACTERS) {
      for (const shown of [
        jsonText({ [`k${unsafe}`]: [unsafe] }),
        payloadText(Payload.of([unsafe], { [unsafe]: unsafe })),
        printable(`name ${unsafe}`),
        printableText(`text ${unsafe}`).replaceAll('\n', ''),
      ]) {
        assert.doesNotMatch(shown, UNSAFE, JSON.stringify(unsafe));
      }
    }
  });

  it('keeps line feeds and tabs in a text, and letters everywhere', () => {
    assert.equal(printableText('a\tb\nü 温 👍'), 'a\tb\nü 温 👍');
    assert.equal(printable('a\tb\r\nü'), 'a b ü');
  });
});
