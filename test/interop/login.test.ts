/// <reference path="./peers/autobahn.d.ts" />
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import autobahn from 'autobahn';
import { Wampy } from 'wampy';
import { sign as wampyKey } from 'wampy/cryptosign.js';
import { sign as wampyCra } from 'wampy/wampcra.js';
import { WebSocket } from 'ws';
import { ConformanceGateway } from '../support/conformance-gateway.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

const PRIVATE_KEY = '04c32ac48ec8e5cadfea1f3dd806c302c3c53f6f76718ed658a1d522f4276403';
const PUBLIC_KEY = '2568578f59cbb08880a534b1be36d7f01164d4c52d90ee981cc4f9f1912bffc5';

/** The method, authid and secret of each attempt. The secret of the last attempt is wrong. */
const attempts = [
  ['ticket', 'cts_ticket', 'ticket-secret-1'],
  ['wampcra', 'cts_cra', 'cra-secret'],
  ['wampcra', 'cts_cra_salted', 'cra-password'],
  ['cryptosign', 'cts_sign', PRIVATE_KEY],
  ['ticket', 'cts_ticket', 'wrong'],
  ['wampcra', 'cts_cra_salted', 'wrong'],
  ['cryptosign', 'cts_sign', '11'.repeat(32)],
] as const;

type Method = (typeof attempts)[number][0];
type Login = (url: string, method: Method, authid: string, secret: string) => Promise<unknown>;

/** Returns [authid, authrole, authmethod], or the reason of ABORT. */
const autobahnJs: Login = (url, method, authid, secret) =>
  new Promise(resolve => {
    const connection = new autobahn.Connection({
      ...{ url, realm: 'secure', authid, authmethods: [method], max_retries: 0 },
      authextra: method === 'cryptosign' ? { pubkey: PUBLIC_KEY } : {},
      onchallenge(_session: unknown, asked: string, extra: Record<string, string>) {
        if (asked === 'ticket') return secret;
        if (asked === 'cryptosign') {
          const secretKey = Buffer.from(secret + PUBLIC_KEY, 'hex');
          return autobahn.auth_cryptosign.sign_challenge({ secretKey }, extra);
        }
        const { salt, iterations, keylen, challenge } = extra;
        const key = salt === undefined ? secret : autobahn.auth_cra.derive_key(secret, salt, iterations, keylen);
        return autobahn.auth_cra.sign(key, challenge);
      },
    });
    connection.onopen = (_session, details) => {
      const { authid, authrole, authmethod } = details as Record<string, unknown>;
      resolve([authid, authrole, authmethod]);
      connection.close();
    };
    connection.onclose = (_reason, { reason }) => {
      resolve(reason);
      return true;
    };
    connection.open();
  });

const wampy: Login = async (url, method, authid, secret) => {
  const answers = {
    ticket: () => secret,
    wampcra: (asked: string, extra: never) => wampyCra(secret)(asked, extra),
    cryptosign: (asked: string, extra: never) => wampyKey(secret)(asked, extra),
  };
  const client = new Wampy(url, {
    realm: 'secure',
    ws: WebSocket as never,
    authid,
    authmethods: [method],
    ...(method === 'cryptosign' && { authextra: { pubkey: PUBLIC_KEY } }),
    onChallenge: (asked: string, extra: unknown) => answers[method](asked, extra as never),
    autoReconnect: false,
  });
  try {
    const details: unknown = await client.connect();
    const { authid, authrole, authmethod } = details as Record<string, unknown>;
    await client.disconnect();
    return [authid, authrole, authmethod];
  } catch (error) {
    return (error as { errorUri?: string }).errorUri ?? String(error);
  }
};

const python: Login = (url, method, authid, secret) =>
  new Promise((resolve, reject) => {
    const program = join(root, 'test/interop/peers/autobahn_login.py');
    const child = spawn(process.env['PYTHON'] ?? '/usr/bin/python3', [program, url, 'secure', authid, method]);
    let [out, complaint] = ['', ''];
    child.stdout.on('data', data => {
      out += String(data);
    });
    child.stderr.on('data', data => {
      complaint += String(data);
    });
    child.on('error', reject);
    child.on('exit', () => {
      const [line = ''] = out.split('\n');
      if (line === '') reject(new Error(`nothing was said: ${complaint}`));
      else resolve(JSON.parse(line));
    });
    child.stdin.end(secret);
  });

describe('logins with clients of other projects', () => {
  let gateway: ConformanceGateway;
  before(async () => {
    gateway = await ConformanceGateway.start();
  });
  after(() => gateway?.stop());

  for (const [name, login] of [
    ['Autobahn|JS', autobahnJs],
    ['wampy', wampy],
    ['Autobahn|Python', python],
  ] as const) {
    for (const [method, authid, secret] of attempts) {
      const wrong = secret === 'wrong' || secret.startsWith('11');
      it(`${name}: ${method} as ${authid}${wrong ? ' with a wrong secret' : ''}`, async () => {
        const url = `ws://127.0.0.1:${gateway.ports.web}/ws`;
        const expected = wrong ? 'wamp.error.authentication_denied' : [authid, 'user', method];
        assert.deepEqual(await login(url, method, authid, secret), expected);
      });
    }
  }
});
