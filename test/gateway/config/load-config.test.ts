import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { bridges } from '../../../bridges/index.ts';
import { defineBridge } from '../../../src/gateway/bridge/bridge.ts';
import { configJsonSchema } from '../../../src/gateway/config/config-schema.ts';
import { loadConfig, parseConfig } from '../../../src/gateway/config/load-config.ts';
import { ConfigError } from '../../../src/gateway/config/values/config-problem.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');

const lamp = defineBridge({
  name: 'lamp-bus',
  schema: z.strictObject({
    port: z.int().min(0).default(1),
    password: z.string().optional(),
    lamps: z
      .array(z.strictObject({ name: z.string(), baud: z.int(), on: z.boolean().default(false) }))
      .default([])
      .describe('Lamps'),
    labels: z.record(z.string().regex(/^[a-z]+$/, 'must be lower case'), z.string()).optional(),
  }),
  async start() {
    return { banner: [], [Symbol.asyncDispose]: async () => {} };
  },
});

const folder = mkdtempSync(join(tmpdir(), 'wampway-config-'));
after(() => rmSync(folder, { recursive: true }));

function load(yaml: string, environment: Record<string, string> = {}) {
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, yaml);
  return loadConfig({ file, environment, bridges: [lamp] });
}

/** The problems of a configuration, without the name of the folder. */
function mistakes(yaml: string, environment: Record<string, string> = {}): string {
  try {
    load(yaml, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(`${folder}/`, '');
    throw error;
  }
  assert.fail('no problem was found');
}

describe('configuration: values', () => {
  it('has defaults for everything', () => {
    assert.deepEqual(load('version: 1\n'), load(''));
    const lenient = { strict: false, outgoing: { policy: 'disconnect', maxMessages: 100_000 } };
    assert.deepEqual(load(''), {
      version: 1,
      log: { level: 'info', format: 'auto' },
      realms: [
        {
          ...{ name: 'realm1', uri: 'loose', anonymous: 'loopback', takeover: 'none', history: [], roles: {} },
          cookies: false,
          meta: { read: 'loopback', control: 'none' },
          retained: { maxTopics: 20_000, maxBytes: 2 ** 25, whenFull: 'drop-oldest' },
        },
      ],
      listeners: [
        {
          type: 'web',
          host: '127.0.0.1',
          port: 8080,
          path: '/ws',
          page: true,
          folders: {},
          ...lenient,
          rawsocket: true,
          longpoll: '/lp',
        },
        { type: 'rawsocket', host: '127.0.0.1', port: 8081, ...lenient },
      ],
      limits: {
        ...{ maxMessageSize: 2 ** 20, maxQueuedBytes: 2 ** 23, maxConnections: 10_000, maxUriComponents: 200 },
        failedLogins: { perAddress: 20, perPrincipal: 10 },
      },
      principals: [],
      bridges: {},
    });
  });

  it('reads the history and retention of a realm', () => {
    const [realm] = load(`
realms:
  - name: realm1
    history:
      - { topic: log.auth }
      - { topic: log., match: prefix, maxEvents: 5, maxBytes: 64 KiB, maxAge: 60000 }
    retained: { maxTopics: 7, maxBytes: 1 MiB, whenFull: refuse }
`).realms;
    assert.deepEqual(realm?.history, [
      { topic: 'log.auth', match: 'exact', maxEvents: 1000, maxBytes: 2 ** 22 },
      { topic: 'log.', match: 'prefix', maxEvents: 5, maxBytes: 2 ** 16, maxAge: 60_000 },
    ]);
    assert.deepEqual(realm?.retained, { maxTopics: 7, maxBytes: 2 ** 20, whenFull: 'refuse' });
  });

  it('reads the section of a bridge with the schema of that bridge', () => {
    const { bridges } = load('bridges:\n  lamp-bus:\n    lamps: [{ name: a, baud: 9600 }]\n');
    assert.deepEqual(bridges['lamp-bus'], { port: 1, lamps: [{ name: 'a', baud: 9600, on: false }] });
    assert.equal(load('bridges: { lamp-bus: false }').bridges['lamp-bus'], false);
  });

  it('without a file, enables every bridge and the demo', () => {
    const config = loadConfig({ environment: {}, bridges: [lamp] });
    assert.equal(config.demo, true);
    assert.deepEqual(config.bridges['lamp-bus'], { port: 1, lamps: [] });
    assert.equal(load('').demo, undefined);
  });

  it('accepts values from a program', () => {
    assert.equal(parseConfig({ listeners: [] }, []).listeners.length, 0);
    assert.throws(
      () => parseConfig({ listners: [] }, []),
      /^ConfigError: configuration {2}error {2}listners: unknown key/,
    );
  });

  it('follows anchors and aliases', () => {
    const config = load('bridges:\n  lamp-bus:\n    lamps: [&a { name: x, baud: 1 }, *a]\n');
    assert.deepEqual(config.bridges['lamp-bus'], {
      port: 1,
      lamps: [
        { name: 'x', baud: 1, on: false },
        { name: 'x', baud: 1, on: false },
      ],
    });
  });
});

describe('configuration: mistakes', () => {
  it('show place, expected value, line and hint', () => {
    const yaml = 'bridges:\n  lamp-bus:\n    lamps:\n      - name: a\n        baud: "115.200"\n';
    assert.equal(
      mistakes(yaml),
      [
        'gateway.yaml:5:15  error  bridges.lamp-bus.lamps[0].baud: must be an integer (got string "115.200")',
        '    5 |         baud: "115.200"',
        '      |               ^^^^^^^^^   hint: write 115200',
      ].join('\n'),
    );
  });

  it('name the nearest known key, or the known keys', () => {
    assert.equal(
      mistakes('version: 1\nlisteners:\n  - { type: web, port: 1, pahe: true }\n'),
      [
        'gateway.yaml:3:27  error  listeners[0].pahe: unknown key. Did you mean "page"?',
        '    3 |   - { type: web, port: 1, pahe: true }',
        '      |                           ^^^^',
      ].join('\n'),
    );
    assert.match(mistakes('log: { colour: red }'), /unknown key\n.*\n.*hint: known here: level, format/);
  });

  it('name only keys of the intended kind of listener', () => {
    assert.match(
      mistakes('listeners: [{ type: rawsocket, port: 1, pth: x }]'),
      /pth: unknown key\n.*\n.*hint: known here: type, host, port, unix, strict, outgoing, limits[^\n]*$/,
    );
  });

  it('include history topics that violate the URI rule of the realm', () => {
    const found = mistakes(`
realms:
  - name: realm1
    uri: strict
    history:
      - { topic: Log.auth }
      - { topic: log..auth }
      - { topic: log..auth, match: wildcard }
      - { topic: log..auth, match: wildcard }
`);
    const heads = found.split('\n').filter(line => line.startsWith('gateway.yaml'));
    assert.deepEqual(
      heads.map(line => line.replace(/ {2}error {2}/, ' ')),
      [
        'gateway.yaml:6:18 realms[0].history[0].topic: must be a URI for match exact by the strict rule of this realm',
        'gateway.yaml:7:18 realms[0].history[1].topic: must be a URI for match exact by the strict rule of this realm',
        'gateway.yaml:9:18 realms[0].history[3].topic: is recorded twice',
      ],
    );
  });

  it('are all listed, in the order of lines', () => {
    const found = mistakes(`
version: 2
log: { level: loud, formt: json }
realms: []
listeners:
  - { type: wbe, port: 1 }
  - { type: web, port: 70000, page: on }
  - type: rawsocket
demo: maybe
bridges: { lamp-bus: , other: {} }
`);
    const heads = found.split('\n').filter(line => line.startsWith('gateway.yaml'));
    assert.deepEqual(
      heads.map(line => line.replace(/ {2}error {2}/, ' ')),
      [
        'gateway.yaml:2:10 version: must be 1 (got number 2)',
        'gateway.yaml:3:15 log.level: must be one of "debug", "info", "warn", "error", "silent" (got string "loud")',
        'gateway.yaml:3:21 log.formt: unknown key. Did you mean "format"?',
        'gateway.yaml:4:9 realms: must have at least 1 entry (got an empty list)',
        'gateway.yaml:6:13 listeners[0].type: must be one of "web", "rawsocket" (got string "wbe")',
        'gateway.yaml:7:24 listeners[1].port: must be at most 65535 (got number 70000)',
        'gateway.yaml:7:37 listeners[1].page: must be true or false (got string "on")',
        'gateway.yaml:8:5 listeners[2]: needs either "port" or "unix"',
        'gateway.yaml:9:7 demo: must be true or false (got string "maybe")',
        'gateway.yaml:10:22 bridges.lamp-bus: must be false or a mapping (got nothing)',
        'gateway.yaml:10:24 bridges.other: unknown key',
      ],
    );
    for (const hint of ['did you mean web?', 'write true', 'write {} for nothing but defaults']) {
      assert.ok(found.includes(`hint: ${hint}`), hint);
    }
  });

  it('name a missing value and its place', () => {
    assert.match(
      mistakes('bridges:\n  lamp-bus:\n    lamps:\n      - name: a\n'),
      /^gateway.yaml:4:9 {2}error {2}bridges.lamp-bus.lamps\[0\].baud: is missing: must be an integer\n/,
    );
  });

  it('show the expected form of a key', () => {
    assert.match(
      mistakes('bridges:\n  lamp-bus:\n    labels: { UP: x }\n'),
      /^gateway.yaml:3:15 {2}error {2}bridges.lamp-bus.labels.UP: this key must be lower case\n/,
    );
  });

  it('include an alias bomb, which is not expanded', () => {
    const bomb = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]`);
    const found = mistakes(['a0: &a0 [x]', ...bomb].join('\n'));
    assert.equal(found.match(/too large here/g)?.length, 1);
  });

  it('include deep nesting, and never depend on key names such as __proto__', () => {
    assert.match(mistakes('['.repeat(50_000)), /not valid YAML/);
    assert.match(mistakes(`log: ${'['.repeat(200)}1${']'.repeat(200)}`), /too large here/);
    assert.match(
      mistakes('__proto__: { demo: true }\nconstructor: 1'),
      /__proto__: unknown key[\s\S]*constructor: unknown key/,
    );
    assert.match(mistakes('? [a]\n: b'), /a key must be plain text/);
  });

  it('include errors of the YAML syntax', () => {
    assert.match(
      mistakes('log:\n\tlevel: info\n'),
      /^gateway.yaml:2:1 {2}error {2}YAML allows no tabs in indentation\n/,
    );
    assert.equal(
      mistakes('log: {}\ndemo: true\nlog: {}\n'),
      [
        'gateway.yaml:3:1  error  the key "log" is used twice in one mapping',
        '    3 | log: {}',
        '      | ^^^   hint: keep one of them',
      ].join('\n'),
    );
    assert.match(mistakes('demo: [true\n'), /^gateway.yaml:\d+:\d+ {2}error {2}not valid YAML: /);
    assert.match(mistakes('demo: !!js/eval x\n'), /hint: known tags: !env NAME, !file PATH/);
    assert.match(mistakes('version: 1\n---\nversion: 1\n'), /^gateway.yaml:2:1 .*second YAML document/);
    assert.match(mistakes('demo: *nowhere\n'), /nowhere/);
  });

  it('name a file that cannot be read', () => {
    const at = (file: string) => () => loadConfig({ file, environment: {}, bridges: [] });
    assert.throws(at('/nowhere/gateway.yaml'), {
      message: '/nowhere/gateway.yaml  error  cannot read the configuration: there is no such file',
    });
    assert.throws(at(folder), { message: `${folder}  error  cannot read the configuration: it is a folder` });
    assert.throws(at('/dev/zero'), /it is larger than 1048576 bytes/);
    const latin = join(folder, 'latin1.yaml');
    writeFileSync(latin, Buffer.from([0x61, 0x3a, 0x20, 0xe4]));
    assert.throws(at(latin), /it is not UTF-8 text/);
  });
});

describe('configuration: secrets', () => {
  it('come from a variable, a default or a file', () => {
    writeFileSync(join(folder, 'secret'), 'from-file\n');
    const password = (value: string, environment = {}): unknown => {
      const section = load(`bridges: { lamp-bus: { password: ${value} } }`, environment).bridges['lamp-bus'];
      return typeof section === 'object' && section !== null && 'password' in section ? section.password : undefined;
    };
    assert.equal(password('!env PW', { PW: 'from-env' }), 'from-env');
    assert.equal(password('!env PW:fall:back'), 'fall:back');
    assert.equal(password('!env "PW:"'), '');
    assert.equal(password('!file secret'), 'from-file');
    // A password of digits stays a string, and a port becomes a number.
    assert.equal(password('!env PW', { PW: '0123' }), '0123');
    assert.deepEqual(load('bridges: { lamp-bus: { port: !env PORT } }', { PORT: '77' }).bridges['lamp-bus'], {
      port: 77,
      lamps: [],
    });
  });

  it('are reported with a place if they are missing', () => {
    assert.equal(
      mistakes('demo: !env NOPE\n'),
      [
        'gateway.yaml:1:12  error  demo: the environment variable NOPE is not set',
        '    1 | demo: !env NOPE',
        '      |            ^^^^   hint: set it, or give a default: !env NOPE:value',
      ].join('\n'),
    );
    const required = mistakes('bridges: { lamp-bus: { lamps: [{ name: !env NOPE, baud: 1 }] } }');
    assert.equal(required.match(/ {2}error {2}/g)?.length, 1, required);
    assert.match(mistakes('demo: !file nope'), /demo: cannot read the file nope: there is no such file/);
  });

  it('are not printed', () => {
    writeFileSync(join(folder, 'secret'), 'hunter2');
    const yaml =
      'bridges:\n  lamp-bus:\n    port: !env HIDDEN\n    lamps: !file secret\n    pasword: hunter2\n    password: [hunter2]\n';
    const found = mistakes(yaml, { HIDDEN: 'hunter2', WAMPWAY_BRIDGES__LAMP_BUS__PASSWORD: 'hunter2' });
    assert.match(found, /port: must be an integer \(got the value of !env HIDDEN, not shown\)/);
    assert.match(found, /lamps: must be a list \(got the value of !file secret, not shown\)/);
    assert.match(found, /pasword: \*+/);
    assert.doesNotMatch(found, /hunter2/);
  });
});

describe('configuration: environment', () => {
  it('overrides the file and the defaults', () => {
    const config = load('listeners:\n  - { type: web, port: 1 }\ndemo: true\n', {
      WAMPWAY_LOG__LEVEL: 'debug',
      WAMPWAY_LISTENERS__0__PORT: '9000',
      WAMPWAY_LIMITS__MAX_MESSAGE_SIZE: '2 MiB',
      WAMPWAY_DEMO: 'false',
      WAMPWAY_BRIDGES__LAMP_BUS__PASSWORD: '0123',
      WAMPWAY_CONFIG: 'the file itself',
      WAMPWAY: 'not ours',
    });
    assert.equal(config.log.level, 'debug');
    assert.equal(config.listeners[0]?.type === 'web' && config.listeners[0].port, 9000);
    assert.equal(config.limits.maxMessageSize, 2 ** 21);
    assert.equal(config.demo, false);
    assert.deepEqual(config.bridges['lamp-bus'], { port: 1, password: '0123', lamps: [] });
    assert.deepEqual(
      load('', { WAMPWAY_LISTENERS__1__PORT: '9001' }).listeners.map(listener => 'port' in listener && listener.port),
      [8080, 9001],
    );
    assert.equal(load('', { WAMPWAY_BRIDGES__LAMP_BUS: 'false' }).bridges['lamp-bus'], false);
  });

  it('appends to a list only at its end', () => {
    const added = { WAMPWAY_LISTENERS__2__TYPE: 'rawsocket', WAMPWAY_LISTENERS__2__UNIX: '/run/x' };
    const listener = load('', added).listeners[2];
    assert.ok(listener?.type === 'rawsocket');
    assert.deepEqual([listener.host, listener.unix], ['127.0.0.1', '/run/x']);
    assert.equal(
      mistakes('', { WAMPWAY_LISTENERS__3__TYPE: 'web' }),
      'WAMPWAY_LISTENERS__3__TYPE  error  listeners has 2 entries, so the next index is 2 (got 3)',
    );
  });

  it('names the variable of a mistake', () => {
    assert.equal(
      mistakes('', { WAMPWAY_LGO__LEVEL: 'info' }),
      'WAMPWAY_LGO__LEVEL  error  is not a setting: there is no "lgo" at the top\n        hint: did you mean WAMPWAY_LOG__LEVEL?',
    );
    assert.match(mistakes('', { WAMPWAY_LOG__LEVEL__X: '1' }), /^WAMPWAY_LOG__LEVEL__X {2}error {2}is not a setting/);
    assert.match(
      mistakes('', { WAMPWAY_LISTENERS__0__PORT: 'http' }),
      /^WAMPWAY_LISTENERS__0__PORT {2}error {2}listeners\[0\].port: must be an integer \(got string "http"\)/,
    );
  });
});

describe('config/gateway.yaml', () => {
  const file = join(root, 'config', 'gateway.yaml');

  it('is the configuration that runs without a file', () => {
    const builtIn = loadConfig({ environment: {}, bridges });
    assert.deepEqual(loadConfig({ file, environment: {}, bridges }), builtIn);
  });

  it('has a valid example of a serial port', () => {
    const text = readFileSync(file, 'utf8').replace('    ports: []\n', '');
    const at = text.indexOf('    # ports:');
    writeFileSync(join(folder, 'example.yaml'), text.slice(0, at) + text.slice(at).replace(/^ {4}# /gm, '    '));
    const { serial } = loadConfig({ file: join(folder, 'example.yaml'), environment: {}, bridges }).bridges;
    assert.match(JSON.stringify(serial), /"id":"greenhouse".*"name":"relay.set"/);
  });

  it('names its schema', () => {
    assert.ok(readFileSync(file, 'utf8').startsWith('# yaml-language-server: $schema=./gateway.schema.json\n'));
  });

  it('has a schema that is up to date (npm run schema writes it)', () => {
    const written: unknown = JSON.parse(readFileSync(join(root, 'config', 'gateway.schema.json'), 'utf8'));
    assert.deepEqual(written, JSON.parse(JSON.stringify(configJsonSchema(bridges))));
  });
});
