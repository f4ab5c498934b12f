import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { saslprep } from '../../../src/wamp/login/saslprep.ts';

describe('saslprep [RFC4013]', () => {
  it('normalizes text as in the examples of the RFC', () => {
    assert.equal(saslprep('I\u00adX'), 'IX');
    assert.equal(saslprep('user'), 'user');
    assert.equal(saslprep('USER'), 'USER');
    assert.equal(saslprep('\u00aa'), 'a');
    assert.equal(saslprep('\u2168'), 'IX');
    assert.equal(saslprep('a\u00a0b\u3000c'), 'a b c');
    assert.equal(saslprep('scram-pa\u0308ss, =word'), 'scram-päss, =word');
  });

  it('rejects control characters and other prohibited characters', () => {
    for (const text of ['\u0007', 'a\u0000', '\u200e', '\ue000', '\ufffd', '\ud800', '\u{e0001}']) {
      assert.equal(saslprep(text), undefined, JSON.stringify(text));
    }
  });
});
