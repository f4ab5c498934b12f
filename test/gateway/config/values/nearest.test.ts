import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { editDistance, nearest, plainName } from '../../../../src/gateway/config/values/nearest.ts';

describe('nearest', () => {
  it('counts edits, and a swap of neighbours as one', () => {
    assert.equal(editDistance('', 'abc'), 3);
    assert.equal(editDistance('levle', 'level'), 1);
    assert.equal(editDistance('kitten', 'sitting'), 3);
    assert.equal(editDistance('same', 'same'), 0);
  });

  it('finds the intended name', () => {
    const keys = ['procedures', 'port', 'path', 'publish'];
    assert.equal(nearest('procedurs', keys), 'procedures');
    assert.equal(nearest('prot', keys), 'port');
    assert.equal(nearest('PATH', keys), 'path');
    assert.equal(nearest('message-size', ['messageSize']), 'messageSize');
  });

  it('finds nothing if no name is similar or the name is very long', () => {
    assert.equal(nearest('tls', ['host', 'port']), undefined);
    assert.equal(nearest('x'.repeat(100_000), ['x'.repeat(100_000)]), undefined);
    assert.equal(nearest('x', []), undefined);
  });

  it('ignores case, dashes and underscores', () => {
    assert.equal(plainName('CBOR_TCP'), plainName('cbor-tcp'));
  });
});
