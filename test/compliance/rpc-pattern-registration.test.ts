import assert from 'node:assert/strict';
import type { BareSession } from '../support/bare-session.ts';
import { type ComplianceCase, complianceSuite } from './compliance-suite.ts';

type Registrations = Readonly<Record<string, number>>;

/** Registers each of `patterns`, `match uri`. Returns the registration ids by pattern. */
async function registering(
  on: ComplianceCase,
  callee: BareSession,
  ...patterns: readonly string[]
): Promise<Registrations> {
  const ids: Record<string, number> = {};
  for (const pattern of patterns) {
    const [match = '', uri = ''] = pattern.split(' ');
    ids[pattern] = await callee.register(on.uri(uri), { match });
  }
  return ids;
}

/** Calls `uri`. Returns the pattern of the registration that was invoked. */
async function destination(
  on: ComplianceCase,
  { caller, callee, ids }: { caller: BareSession; callee: BareSession; ids: Registrations },
  uri: string,
): Promise<string> {
  const request = caller.request(48, {}, on.uri(uri), ['x']);
  const [type, id, registration, details, args] = await callee.peer.receive();
  assert.deepEqual([type, args], [68, ['x']]);
  const pattern =
    Object.keys(ids).find(name => ids[name] === registration) ?? 'a registration that is not one of these';
  assert.deepEqual(details, pattern.startsWith('exact') ? {} : { procedure: on.uri(uri) });
  callee.say(70, id, {});
  await caller.hears([50, request, {}]);
  return pattern;
}

async function unreachable(on: ComplianceCase, caller: BareSession, ...uris: readonly string[]): Promise<void> {
  for (const uri of uris) {
    assert.equal(await caller.refused(48, {}, on.uri(uri)), 'wamp.error.no_such_procedure', uri);
  }
}

async function played(on: ComplianceCase, ...patterns: readonly string[]) {
  const [callee, caller] = [await on.join(), await on.join()];
  return { callee, caller, ids: await registering(on, callee, ...patterns) };
}

complianceSuite('[advanced/rpc_pattern_based_registration]', {
  'a prefix registration matches as in the examples of the specification': async on => {
    const harness = await played(on, 'prefix com.myapp.myobject1');
    for (const uri of [
      'com.myapp.myobject1.myprocedure1',
      'com.myapp.myobject1-mysubobject1',
      'com.myapp.myobject1.mysubobject1.myprocedure1',
      'com.myapp.myobject1',
    ]) {
      assert.equal(await destination(on, harness, uri), 'prefix com.myapp.myobject1');
    }
    await unreachable(on, harness.caller, 'com.myapp.myobject2', 'com.myapp.myobject');
  },

  'a wildcard registration matches as in the examples of the specification': async on => {
    const harness = await played(on, 'wildcard com.myapp..myprocedure1');
    for (const uri of ['com.myapp.myobject1.myprocedure1', 'com.myapp.myobject2.myprocedure1']) {
      assert.equal(await destination(on, harness, uri), 'wildcard com.myapp..myprocedure1');
    }
    await unreachable(
      on,
      harness.caller,
      'com.myapp.myobject1.myprocedure1.mysubprocedure1',
      'com.myapp.myobject1.myprocedure2',
      'com.myapp2.myobject1.myprocedure1',
      'com.myapp.myprocedure1',
    );
  },

  'a call that matches several registrations goes to one as in the table of the specification': async on => {
    const harness = await played(
      on,
      'exact a1.b2.c3.d4.e55',
      'prefix a1.b2.c3',
      'prefix a1.b2.c3.d4',
      'wildcard a1.b2..d4.e5',
      'wildcard a1.b2.c33..e5',
      'wildcard a1.b2..d4.e5..g7',
      'wildcard a1.b2..d4..f6.g7',
    );
    const table: Readonly<Record<string, string>> = {
      'a1.b2.c3.d4.e55': 'exact a1.b2.c3.d4.e55',
      'a1.b2.c3.d98.e74': 'prefix a1.b2.c3',
      'a1.b2.c3.d4.e325': 'prefix a1.b2.c3.d4',
      'a1.b2.c55.d4.e5': 'wildcard a1.b2..d4.e5',
      'a1.b2.c33.d4.e5': 'wildcard a1.b2.c33..e5',
      'a1.b2.c88.d4.e5.f6.g7': 'wildcard a1.b2..d4.e5..g7',
    };
    for (const [uri, pattern] of Object.entries(table)) assert.equal(await destination(on, harness, uri), pattern);
    await unreachable(on, harness.caller, 'a2.b2.c2.d2.e2');
  },

  'the result is the same in the opposite order of registration': async on => {
    const harness = await played(
      on,
      'wildcard a1.b2..d4..f6.g7',
      'wildcard a1.b2..d4.e5..g7',
      'wildcard a1.b2.c33..e5',
      'wildcard a1.b2..d4.e5',
      'prefix a1.b2.c3.d4',
      'prefix a1.b2.c3',
      'exact a1.b2.c3.d4.e55',
    );
    assert.equal(await destination(on, harness, 'a1.b2.c33.d4.e5'), 'wildcard a1.b2.c33..e5');
    assert.equal(await destination(on, harness, 'a1.b2.c88.d4.e5.f6.g7'), 'wildcard a1.b2..d4.e5..g7');
    assert.equal(await destination(on, harness, 'a1.b2.c3.d4.e325'), 'prefix a1.b2.c3.d4');
    assert.equal(await destination(on, harness, 'a1.b2.c3.d4.e55'), 'exact a1.b2.c3.d4.e55');
  },

  'exact precedes prefix, and prefix precedes wildcard': async on => {
    const harness = await played(on, 'wildcard a..c', 'prefix a', 'exact a.b.c', 'wildcard a.b.');
    assert.equal(await destination(on, harness, 'a.b.c'), 'exact a.b.c');
    await harness.callee.ask(66, harness.ids['exact a.b.c']);
    assert.equal(await destination(on, harness, 'a.b.c'), 'prefix a');
    await harness.callee.ask(66, harness.ids['prefix a']);
    assert.equal(await destination(on, harness, 'a.b.c'), 'wildcard a.b.');
    await harness.callee.ask(66, harness.ids['wildcard a.b.']);
    assert.equal(await destination(on, harness, 'a.b.c'), 'wildcard a..c');
    await harness.callee.ask(66, harness.ids['wildcard a..c']);
    await unreachable(on, harness.caller, 'a.b.c');
  },

  'the wildcard with the longest literal portion before its first wildcard is selected': async on => {
    const harness = await played(on, 'wildcard a1...d4', 'wildcard a1.b2..d4', 'wildcard a1.b2..', 'wildcard ...');
    assert.equal(await destination(on, harness, 'a1.b2.c3.d4'), 'wildcard a1.b2..d4');
    assert.equal(await destination(on, harness, 'a1.b2.c3.x'), 'wildcard a1.b2..');
    assert.equal(await destination(on, harness, 'a1.x.c3.d4'), 'wildcard a1...d4');
    assert.equal(await destination(on, harness, 'x.b2.c3.d4'), 'wildcard ...');
  },

  'a pattern is one registration with one callee': async on => {
    const [callee, other] = [await on.join(), await on.join()];
    await registering(on, callee, 'prefix a', 'wildcard a..b');
    assert.equal(await other.refused(64, { match: 'prefix' }, on.uri('a')), 'wamp.error.procedure_already_exists');
    assert.equal(await other.refused(64, { match: 'wildcard' }, on.uri('a..b')), 'wamp.error.procedure_already_exists');
    // The same URI with another policy is another registration.
    await other.register(on.uri('a'), { match: 'exact' });
    await other.register(on.uri('a.c'), { match: 'wildcard' });
    await other.register(on.uri('a.c'), { match: 'exact' });
  },

  'a shared pattern passes the procedure on, and calls its callees in turn': async on => {
    const [one, two, caller] = [await on.join(), await on.join(), await on.join()];
    const registration = await one.register(on.uri('a..b'), { match: 'wildcard', invoke: 'roundrobin' });
    assert.equal(await two.register(on.uri('a..b'), { match: 'wildcard', invoke: 'roundrobin' }), registration);
    for (const [callee, name] of [
      [one, 'a.x.b'],
      [two, 'a.y.b'],
      [one, 'a.z.b'],
    ] as const) {
      caller.request(48, {}, on.uri(name));
      assert.deepEqual((await callee.invoked(registration)).details, { procedure: on.uri(name) });
    }
  },

  'an exact registration does not pass the procedure on': async on => {
    const harness = await played(on, 'exact a.b');
    assert.equal(await destination(on, harness, 'a.b'), 'exact a.b');
  },

  'no client can register a pattern that matches procedures of the protocol': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    for (const [match, uri] of [
      ['prefix', 'wamp'],
      ['prefix', 'wamp.'],
      ['wildcard', 'wamp..x'],
    ] as const) {
      assert.equal(await callee.refused(64, { match }, uri), 'wamp.error.invalid_uri', uri);
    }
    assert.equal(await caller.refused(48, {}, 'wamp.x.y'), 'wamp.error.no_such_procedure');
  },

  'only wildcard patterns may have empty components': async on => {
    const callee = await on.join();
    for (const match of ['exact', 'prefix']) {
      assert.equal(await callee.refused(64, { match }, on.uri('a..b')), 'wamp.error.invalid_uri');
    }
    await callee.register(on.uri('a.'), { match: 'prefix' });
    await callee.register(on.uri('.a.'), { match: 'wildcard' });
  },

  'an unknown match policy is rejected': async on => {
    const callee = await on.join();
    assert.equal(await callee.refused(64, { match: 'regex' }, on.uri('a')), 'wamp.error.invalid_argument');
  },
});
