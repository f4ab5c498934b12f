import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorTexts } from '../../../src/meta/procedures/error-texts.ts';
import { ErrorUri } from '../../../src/wamp/errors.ts';

describe('errorTexts', () => {
  it('has a text for every error URI [advanced/interface_reflection]', () => {
    assert.deepEqual(new Set(errorTexts.keys()), new Set(Object.values(ErrorUri)));
  });
});
