import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { scramKeys } from '../../../src/auth/methods/wamp-scram.ts';
import { scramAuthMessage, scramChannelHeader } from '../../../src/wamp/login/scram-message.ts';

// The example of RFC 7677, section 3: its messages have the same syntax.
const exchange = {
  authid: 'user',
  clientNonce: 'rOprNGfwEbeRWgbNEkqO',
  nonce: 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
  iterations: 4096,
  channel: 'biws',
};

const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest();

describe('SCRAM message', () => {
  it('is the text that both sides sign [advanced/authentication_scram: AuthMessage], [RFC7677: 3]', () => {
    const message = scramAuthMessage(exchange);
    const keys = scramKeys('pencil', Buffer.from(exchange.salt, 'base64'), {
      ...{ kdf: 'pbkdf2', iterations: 4096, memory: null },
    });
    assert.equal(hmac(keys.serverKey, message).toString('base64'), '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
    const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
    const signature = hmac(keys.storedKey, message);
    const clientKey = Buffer.from(proof.map((octet, index) => octet ^ (signature[index] ?? 0)));
    assert.deepEqual(createHash('sha256').update(clientKey).digest(), keys.storedKey);
  });

  it('escapes names and contains the channel binding', () => {
    assert.match(scramAuthMessage({ ...exchange, authid: 'a=b,c' }), /^n=a=3Db=2Cc,r=/);
    assert.equal(Buffer.from(scramChannelHeader(undefined)).toString('base64'), 'biws');
    assert.equal(scramChannelHeader('tls-unique'), 'p=tls-unique,,');
  });
});
