import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cryptosign } from '../../../src/auth/methods/cryptosign.ts';
import { Ticket } from '../../../src/auth/methods/ticket.ts';
import { WampScram } from '../../../src/auth/methods/wamp-scram.ts';
import { WampCra } from '../../../src/auth/methods/wampcra.ts';
import { PrincipalDirectory } from '../../../src/auth/principals/principal-directory.ts';
import type { PrincipalRecord } from '../../../src/auth/principals/principal-record.ts';

const KEY = '2568578f59cbb08880a534b1be36d7f01164d4c52d90ee981cc4f9f1912bffc5';
const FINGERPRINT = 'ab'.repeat(32);

const principal = (authid: string, more: Partial<PrincipalRecord>): PrincipalRecord => ({
  ...{ authid, authrole: 'user', authprovider: 'static', credentials: [] },
  ...more,
});

const scram = new WampScram({
  ...{ kdf: 'pbkdf2', iterations: 4096, memory: null, salt: Buffer.alloc(16).toString('base64') },
  ...{ storedKey: Buffer.alloc(32), serverKey: Buffer.alloc(32) },
});

const directory = (pepper = 'p'): PrincipalDirectory =>
  new PrincipalDirectory(
    ['home', 'work'],
    [
      principal('joe', { credentials: [new Ticket('t')], realms: ['home'] }),
      principal('ann', { credentials: [scram, new Cryptosign([KEY.toUpperCase()])] }),
      principal('pump', { certificates: [{ fingerprint: FINGERPRINT }, { subject: 'CN=pump' }] }),
      principal('cra', { credentials: [new WampCra('k', { salt: 'saltsalt', iterations: 7, keylen: 32 })] }),
    ],
    Buffer.from(pepper),
  );

describe('principal directory', () => {
  it('finds a principal by name and key, on the realms that it may join', () => {
    const principals = directory();
    assert.equal(principals.find('home', 'joe')?.authid, 'joe');
    assert.equal(principals.find('work', 'joe'), undefined);
    assert.equal(principals.find('work', 'ann')?.authid, 'ann');
    assert.equal(principals.findByKey('home', KEY)?.authid, 'ann');
    assert.equal(principals.find('home', '__proto__'), undefined);
    assert.equal(principals.uses('work', 'ticket'), false);
    assert.equal(principals.uses('home', 'tls'), true);
    assert.equal(principals.uses('elsewhere', 'ticket'), false);
  });

  it('accepts a subject only with a trusted authority, and a fingerprint always', () => {
    const principals = directory();
    const find = (fingerprint: string, subject: string, trusted: boolean): string | undefined =>
      principals.findByCertificate('home', { fingerprint, subject, trusted })?.authid;
    assert.equal(find(FINGERPRINT, 'CN=x', false), 'pump');
    assert.equal(find('00', 'CN=pump', true), 'pump');
    assert.equal(find('00', 'CN=pump', false), undefined);
    assert.equal(find('00', 'CN=pumps', true), undefined);
  });

  it('makes decoys in the shape of credentials, the same for the same name, and different for each name', () => {
    const salt = (principals: PrincipalDirectory, authid: string): unknown => {
      const decoy = principals.decoy('home', authid, ['wamp-scram']);
      assert.equal(decoy?.credential.method, 'wamp-scram');
      const question = decoy?.credential.question({
        request: { link: {} },
        extra: { nonce: 'bm9uY2Vub25jZQ==' },
      } as never);
      assert.ok(question !== undefined && 'extra' in question);
      return question.extra['salt'];
    };
    assert.equal(salt(directory(), 'eve'), salt(directory(), 'eve'));
    assert.notEqual(salt(directory(), 'eve'), salt(directory(), 'bob'));
    assert.notEqual(salt(directory('p'), 'eve'), salt(directory('q'), 'eve'));
    assert.equal(String(salt(directory(), 'eve')).length, 24);
  });

  it('makes a decoy only for an offered method that a principal has', () => {
    const methodsOf = (offered: readonly string[]): Set<string | undefined> =>
      new Set(Array.from({ length: 50 }, (_, i) => directory().decoy('home', `n${i}`, offered)?.credential.method));
    assert.deepEqual(methodsOf(['ticket']), new Set(['ticket']));
    assert.deepEqual(methodsOf(['kerberos']), new Set([undefined]));
    assert.deepEqual(methodsOf(['ticket', 'wampcra']), new Set(['ticket', 'wampcra']));
  });

  it('uses every role of wampcra in decoys, otherwise a role would show which names exist', () => {
    const credentials = [new WampCra('k')];
    const principals = new PrincipalDirectory(
      ['home'],
      [principal('joe', { credentials }), principal('ann', { credentials, authrole: 'admin' })],
    );
    const roles = Array.from({ length: 50 }, (_, i) => principals.decoy('home', `n${i}`, ['wampcra'])?.authrole);
    assert.deepEqual(new Set(roles), new Set(['user', 'admin']));
  });
});
