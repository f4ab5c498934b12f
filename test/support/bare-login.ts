import assert from 'node:assert/strict';
import { createHash, createHmac, createPrivateKey, pbkdf2Sync, randomBytes, sign } from 'node:crypto';
import { argon2id } from '@noble/hashes/argon2.js';
import { BarePeer, type BarePorts, type Message, type Wire } from './bare-peer.ts';
import { bareRoles } from './bare-session.ts';

type Dict = Readonly<Record<string, unknown>>;

/** The answer of AUTHENTICATE: the signature, and an extra. */
export type Answer = readonly [signature: string, extra: Dict];

/**
 * A client that authenticates on the realm `secure`, written by hand. Its arithmetic is independent of the tested code.
 */
export class BareLogin {
  readonly peer: BarePeer;

  private constructor(peer: BarePeer) {
    this.peer = peer;
  }

  static async hello(ports: BarePorts, wire: Wire, details: Dict, realm = 'secure'): Promise<BareLogin> {
    const login = new BareLogin(await BarePeer.connect(ports, wire));
    login.peer.send([1, realm, { roles: bareRoles, ...details }]);
    return login;
  }

  /** CHALLENGE.Extra, by `method`. */
  async challenge(method: string): Promise<Dict> {
    const message = await this.peer.receive();
    assert.equal(message[0], 4, `CHALLENGE expected, not ${JSON.stringify(message)}`);
    assert.equal(message.length, 3);
    assert.equal(message[1], method);
    return asDict(message[2]);
  }

  answer([signature, extra]: Answer): void {
    this.peer.send([5, signature, extra]);
  }

  /** WELCOME. */
  async welcome(): Promise<{ readonly id: unknown; readonly details: Dict }> {
    const message = await this.peer.receive();
    assert.equal(message[0], 2, `WELCOME expected, not ${JSON.stringify(message)}`);
    assert.equal(message.length, 3);
    return { id: message[1], details: asDict(message[2]) };
  }

  /** The reason of the ABORT that follows. Afterwards the connection ends. */
  async refused(): Promise<unknown> {
    const message: Message = await this.peer.receive();
    assert.equal(message[0], 3, `ABORT expected, not ${JSON.stringify(message)}`);
    assert.deepEqual(await this.peer.rest(), []);
    return message[2];
  }

  [Symbol.dispose](): void {
    this.peer.end();
  }
}

/** [advanced/authentication_cra] */
export function craAnswer(secret: string, extra: Dict): Answer {
  const { challenge, salt, iterations, keylen } = extra;
  assert.equal(typeof challenge, 'string');
  const key =
    typeof salt === 'string'
      ? pbkdf2Sync(secret, salt, Number(iterations), Number(keylen), 'sha256').toString('base64')
      : secret;
  return [createHmac('sha256', key).update(String(challenge)).digest('base64'), {}];
}

/** [advanced/authentication_cryptosign] */
export function signAnswer(privateKey: string, message: string): Answer {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(privateKey, 'hex')]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return [sign(null, Buffer.from(message, 'hex'), key).toString('hex') + message, {}];
}

/** A client's side of SCRAM. [advanced/authentication_scram] */
export class BareScram {
  readonly nonce = randomBytes(16).toString('base64');
  readonly #authid: string;
  readonly #password: string;
  #serverSignature = '';

  constructor(authid: string, password: string) {
    this.#authid = authid;
    this.#password = password;
  }

  answer(extra: Dict): Answer {
    const { nonce, salt, kdf, iterations, memory } = extra;
    assert.ok(typeof nonce === 'string' && nonce.startsWith(this.nonce) && nonce.length > this.nonce.length);
    const salted = this.#derive(Buffer.from(String(salt), 'base64'), kdf, Number(iterations), memory);
    const clientKey = hmac(salted, 'Client Key');
    const storedKey = createHash('sha256').update(clientKey).digest();
    const message = `n=${this.#authid},r=${this.nonce},r=${nonce},s=${salt},i=${iterations},c=biws,r=${nonce}`;
    const signature = hmac(storedKey, message);
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), message).toString('base64');
    const proof = Buffer.from(clientKey.map((octet, index) => octet ^ (signature[index] ?? 0)));
    return [proof.toString('base64'), { nonce, channel_binding: null, cbind_data: null }];
  }

  /** The proof that the router must give. */
  get verifier(): string {
    return this.#serverSignature;
  }

  #derive(salt: Buffer, kdf: unknown, iterations: number, memory: unknown): Buffer {
    if (kdf === 'pbkdf2') {
      assert.equal(memory, null);
      return pbkdf2Sync(this.#password, salt, iterations, 32, 'sha256');
    }
    assert.equal(kdf, 'argon2id13');
    return Buffer.from(argon2id(this.#password, salt, { t: iterations, m: Number(memory), p: 1, dkLen: 32 }));
  }
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function asDict(value: unknown): Dict {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), `not a dict: ${String(value)}`);
  return value as Dict;
}
