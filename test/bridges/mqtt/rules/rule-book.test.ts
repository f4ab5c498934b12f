import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RuleBook } from '../../../../bridges/mqtt/rules/rule-book.ts';
import { ruleSchema } from '../../../../bridges/mqtt/rules/rule-schema.ts';
import { jsonItems } from '../../../../src/codec/json/json-items.ts';
import { Payload } from '../../../../src/wamp/payload.ts';

type Given = Parameters<typeof ruleSchema.parse>[0];

const book = (...rules: readonly Given[]): RuleBook =>
  new RuleBook(
    rules.map(rule => ruleSchema.parse(rule)),
    'mqtt.',
    'loose',
  );
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (payload: Uint8Array | undefined): string | undefined => payload && Buffer.from(payload).toString();

describe('RuleBook', () => {
  it('uses the first matching rule, or else the default', () => {
    const rules = book(
      { from: 'mqtt:tele/kitchen/SENSOR', to: 'wamp:kitchen' },
      { from: 'mqtt:tele/{device}/SENSOR', to: 'wamp:dev.{device}.sensor' },
      { from: 'mqtt:tele/#', drop: true },
    );
    assert.equal(rules.ofTopic('tele/kitchen/SENSOR')?.to, 'kitchen');
    assert.equal(rules.ofTopic('tele/bath/SENSOR')?.to, 'dev.bath.sensor');
    assert.deepEqual(
      [rules.ofTopic('tele/bath/STATE')?.rule?.index, rules.ofTopic('tele/bath/STATE')?.to],
      [2, undefined],
    );
    assert.deepEqual(rules.ofTopic('stat/bath'), { rule: undefined, to: 'mqtt.stat.bath' });
    assert.equal(rules.ofTopic('$SYS/broker/uptime'), undefined);
    // From the cache, it is the same.
    assert.equal(rules.ofTopic('tele/bath/SENSOR')?.to, 'dev.bath.sensor');
  });

  it('maps URIs to topics, and both ways if a rule has "both"', () => {
    const rules = book(
      { from: 'wamp:dev.{device}.set', to: 'mqtt:cmnd/{device}/POWER', payload: 'text', qos: 1 },
      { from: 'mqtt:home/{room}/{what}', to: 'wamp:home.{what}.{room}', both: true },
    );
    const set = rules.ofUri('dev.bath.set');
    assert.deepEqual([set?.to, set?.rule?.qos], ['cmnd/bath/POWER', 1]);
    assert.equal(text(set?.rule?.toMqtt(Payload.of([true])).payload), 'true');
    assert.equal(rules.ofTopic('home/bath/light')?.to, 'home.light.bath');
    assert.equal(rules.ofUri('home.light.bath')?.to, 'home/bath/light');
    assert.deepEqual(rules.ofUri('mqtt.a.b'), { rule: undefined, to: 'a/b' });
    assert.equal(rules.ofUri('com.example'), undefined);
    assert.deepEqual(
      rules.subscriptions.map(({ topic, match }) => `${match} ${topic}`),
      ['wildcard dev..set', 'wildcard home..', 'prefix mqtt.'],
    );
  });

  it('does not grow with topics that are always new', () => {
    const rules = book();
    for (let i = 0; i < 30_000; i++) assert.equal(rules.ofTopic(`t/${i}`)?.to, `mqtt.t.${i}`);
  });
});

describe('Rule', () => {
  const rule = (given: object) => {
    const route = book({ from: 'mqtt:t', to: 'wamp:t', ...given }).ofTopic('t');
    return route?.rule ?? assert.fail();
  };

  it('reads payloads in the format of the rule', () => {
    assert.deepEqual(rule({}).toWamp(bytes('on')).payload?.args, ['on']);
    assert.deepEqual(rule({ payload: 'json' }).toWamp(bytes('{"a":1}')).payload?.args, [{ a: 1 }]);
    assert.deepEqual(rule({ payload: 'text' }).toWamp(bytes('1')).payload?.args, ['1']);
    assert.deepEqual(rule({ payload: 'cbor' }).toWamp(Uint8Array.of(0xa1, 0x61, 0x61, 1)).payload?.args, [{ a: 1 }]);
    const [raw] = rule({ payload: 'raw' }).toWamp(bytes('1')).payload?.args ?? [];
    assert.ok(raw instanceof Uint8Array);
  });

  it('passes JSON and CBOR on without decoding', () => {
    const json = rule({ payload: 'json' }).toWamp(bytes('{"v":1.50}')).payload;
    assert.equal(text(json?.itemsIn(jsonItems)), '[{"v":1.50}]');
    const cbor = rule({ payload: 'cbor' }).toWamp(Uint8Array.of(0x18, 0x01)).payload;
    assert.deepEqual([...(cbor?.itemsIn(cbor.source ?? assert.fail()) ?? [])], [0x81, 0x18, 0x01]);
  });

  it('reports a payload of another format, and drops it or passes it on as bytes', () => {
    for (const [payload, message, problem] of [
      ['json', bytes('{'), /not valid JSON/],
      ['cbor', Uint8Array.of(0x82, 1), /not valid CBOR/],
      ['cbor', Uint8Array.of(1, 2), /must be one CBOR item/],
      ['text', Uint8Array.of(0xff), /not valid UTF-8/],
    ] as const) {
      const lost = rule({ payload }).toWamp(message);
      assert.equal(lost.payload, undefined);
      assert.match(lost.problem ?? '', problem);
      const [kept] = rule({ payload, unreadable: 'bytes' }).toWamp(message).payload?.args ?? [];
      assert.ok(kept instanceof Uint8Array);
    }
  });

  it('selects by JSON pointer, and converts times to milliseconds', () => {
    const message = bytes('{"Time":"2024-05-01T12:00:00","ENERGY":{"Power":12}}');
    assert.deepEqual(rule({ select: '/ENERGY/Power' }).toWamp(message).payload?.args, [12]);
    assert.deepEqual(rule({ timestamp: '/Time' }).toWamp(message).payload?.args, [
      { Time: Date.UTC(2024, 4, 1, 12), ENERGY: { Power: 12 } },
    ]);
    assert.match(rule({ select: '/none' }).toWamp(message).problem ?? '', /"select" names is missing/);
    // A value with an invalid time is passed on.
    const untimed = rule({ timestamp: '/at' }).toWamp(message);
    assert.match(untimed.problem ?? '', /is not a time/);
    assert.equal(untimed.payload?.args.length, 1);
  });

  it('writes payloads in the format of the rule', () => {
    const write = (payload: string, ...args: readonly unknown[]) => {
      const found = book({ from: 'wamp:t', to: 'mqtt:t', payload }).ofUri('t')?.rule ?? assert.fail();
      return found.toMqtt(Payload.of(args));
    };
    assert.equal(text(write('auto', 'on').payload), 'on');
    assert.equal(text(write('json', 'on').payload), '"on"');
    assert.equal(text(write('json', 1, 2).payload), '{"args":[1,2],"kwargs":{}}');
    assert.equal(text(write('text', 21.5).payload), '21.5');
    assert.deepEqual([...(write('cbor', { a: 1 }).payload ?? [])], [0xa1, 0x61, 0x61, 1]);
    assert.deepEqual([...(write('raw', Uint8Array.of(1, 2)).payload ?? [])], [1, 2]);
    assert.match(write('raw', 5).problem ?? '', /must be bytes or a string/);
    assert.match(write('text', [5]).problem ?? '', /must be a string/);
  });

  it('maps an empty message to a deletion of the retained one', () => {
    const mapped = rule({ payload: 'json', select: '/a' }).toWamp(new Uint8Array(0));
    assert.deepEqual([mapped.payload?.count, mapped.problem], [0, undefined]);
  });
});

describe('ruleSchema', () => {
  it('refuses contradictory rules, with their paths', () => {
    const cases: readonly (readonly [object, string, RegExp])[] = [
      [{ from: 'tele/x', to: 'wamp:x' }, 'from', /must begin with "mqtt:" or "wamp:"/],
      [{ from: 'mqtt:x' }, 'from', /either "to" or "drop: true"/],
      [{ from: 'mqtt:x', to: 'wamp:x', drop: true }, 'from', /either "to" or "drop: true"/],
      [{ from: 'mqtt:x', to: 'mqtt:y' }, 'to', /the other side/],
      [{ from: 'mqtt:{a}', to: 'wamp:x.{b}' }, 'to', /has \{b\}, which "from" does not/],
      [{ from: 'mqtt:x', to: 'wamp:x.#' }, 'to', /has #, which "from" does not/],
      [{ from: 'mqtt:a/+/b', to: 'wamp:x', both: true }, 'both', /needs \+ of "from"/],
      [{ from: 'mqtt:a', to: 'wamp:x', payload: 'raw', select: '/a' }, 'select', /payload: raw/],
      [{ from: 'mqtt:a', to: 'wamp:x', payload: 'text', timestamp: '/t' }, 'timestamp', /payload: text/],
      [{ from: 'mqtt:{a}/x', to: 'wamp:{a}.x' }, 'to', /literal component/],
      [{ from: 'mqtt:x', to: 'wamp:wamp.session.on_join' }, 'to', /must not begin with "wamp\."/],
      [{ from: 'mqtt:x', to: 'wamp:wampway.x' }, 'to', /must not begin with/],
      [{ from: 'wamp:wamp.x', to: 'mqtt:x', both: true }, 'from', /must not begin with/],
      [{ from: 'mqtt:{a', to: 'wamp:x' }, 'from', /brace/],
      [{ from: 'mqtt:x', to: 'wamp:x', select: 'a' }, 'select', /must begin with \//],
      [{ from: 'mqtt:x', to: 'wamp:x', both: true, select: '/a' }, 'select', /cannot be reversed/],
      [{ from: 'mqtt:x', to: 'wamp:x', qos: 1 }, 'qos', /rules that publish to MQTT/],
      [{ from: 'mqtt:x', to: 'wamp:x', payload: 'xml' }, 'payload', /expected one of/],
    ];
    for (const [rule, key, message] of cases) {
      const { error } = ruleSchema.safeParse(rule);
      const issue = error?.issues.find(({ path }) => path[0] === key);
      assert.match(issue?.message ?? `no issue at ${key}: ${JSON.stringify(error?.issues)}`, message);
    }
    // Events of the router may be mirrored to MQTT.
    assert.ok(ruleSchema.safeParse({ from: 'wamp:wamp.session.on_join', to: 'mqtt:joined' }).success);
  });
});
