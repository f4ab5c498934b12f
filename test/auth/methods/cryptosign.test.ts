import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Attempt } from '../../../src/auth/methods/credential.ts';
import { Cryptosign, isPublicKey } from '../../../src/auth/methods/cryptosign.ts';
import type { ChannelBinding } from '../../../src/link/link.ts';
import { MessageType } from '../../../src/wamp/messages/message-type.ts';
import { signAnswer } from '../../support/bare-login.ts';

const PRIVATE_KEY = '04c32ac48ec8e5cadfea1f3dd806c302c3c53f6f76718ed658a1d522f4276403';
const PUBLIC_KEY = '2568578f59cbb08880a534b1be36d7f01164d4c52d90ee981cc4f9f1912bffc5';

function question(channelBinding?: (type: ChannelBinding) => Uint8Array | undefined, binding?: string) {
  const extra = { pubkey: PUBLIC_KEY, ...(binding !== undefined && { channel_binding: binding }) };
  const attempt = { request: { link: { channelBinding } }, extra } as unknown as Attempt;
  return new Cryptosign([PUBLIC_KEY]).question(attempt);
}

function xor(hex: string, octets: Uint8Array): string {
  return Buffer.from(Buffer.from(hex, 'hex').map((octet, index) => octet ^ (octets[index] ?? 0))).toString('hex');
}

async function judge(asked: ReturnType<typeof question>, message: string): Promise<boolean> {
  const [signature] = signAnswer(PRIVATE_KEY, message);
  return (await asked.check({ type: MessageType.Authenticate, signature, extra: {} })).right;
}

describe('cryptosign', () => {
  it('accepts only a signature over the challenge of this handshake [advanced/authentication_cryptosign]', async () => {
    const asked = question();
    const challenge = String(asked.extra['challenge']);
    assert.equal(await judge(asked, challenge), true);
    assert.equal(await judge(question(), challenge), false);
    const other = question();
    const [signature] = signAnswer(PRIVATE_KEY, String(other.extra['challenge']));
    const answer = { type: MessageType.Authenticate, signature: signature.slice(0, 128) + '00'.repeat(32), extra: {} };
    assert.equal((await other.check(answer)).right, false, 'the signed text differs');
  });

  it('binds to the channel if the peer requests it [advanced/authentication_cryptosign: TLS Channel Binding]', async () => {
    const channel = Buffer.alloc(32, 0x5a);
    const asked = question(type => (type === 'tls-exporter' ? channel : undefined), 'tls-exporter');
    assert.equal(asked.extra['channel_binding'], 'tls-exporter');
    const challenge = String(asked.extra['challenge']);
    assert.equal(await judge(asked, xor(challenge, channel)), true);
    assert.equal(await judge(asked, challenge), false);
    assert.equal(await judge(asked, xor(challenge, Buffer.alloc(32, 1))), false);
  });

  it('continues without an unavailable binding, and announces this in CHALLENGE', async () => {
    for (const binding of ['tls-unique', 'tls-exporter', 'tls-nonsense']) {
      const asked = question(undefined, binding);
      assert.equal(asked.extra['channel_binding'], null);
      assert.equal(await judge(asked, String(asked.extra['challenge'])), true);
    }
  });

  it('recognizes valid keys', () => {
    assert.equal(isPublicKey(PUBLIC_KEY), true);
    for (const text of ['', 'zz', PUBLIC_KEY.slice(2), `${PUBLIC_KEY}00`]) assert.equal(isPublicKey(text), false);
  });
});
