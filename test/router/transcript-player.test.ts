import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RouterPlayback } from '../support/router-playback.ts';
import { parseTranscript } from '../support/transcript.ts';
import { matchesPattern, parsePattern } from '../support/transcript-pattern.ts';
import { TranscriptPlayer } from '../support/transcript-player.ts';

async function play(...lines: readonly string[]): Promise<void> {
  const [dialogue] = parseTranscript(['# test', 'A joins', ...lines].join('\n'), 'test.txt');
  assert.ok(dialogue !== undefined);
  await new TranscriptPlayer(new RouterPlayback(false), 'test.txt').play(dialogue);
}

const SUBSCRIBE = 'A > [32,1,{},"t"]';

describe('TranscriptPlayer', () => {
  it('plays a correct dialogue', () => play(SUBSCRIBE, 'A < [33,1,1]', '@ quiet'));

  it('fails with the line if another message is received', async () => {
    await assert.rejects(play(SUBSCRIBE, 'A < [33,1,2]'), /test\.txt:4: A heard something else: \[33,1,1\]/);
  });

  it('fails if no message is received', async () => {
    await assert.rejects(play('A < [33,1,1]'), /test\.txt:3: A heard nothing/);
  });

  it('fails if more messages are received, at the end and at @ quiet', async () => {
    await assert.rejects(play(SUBSCRIBE), /test\.txt:3: A heard more/);
    await assert.rejects(play(SUBSCRIBE, '@ quiet', 'A < [33,1,1]'), /test\.txt:4: A heard more/);
  });

  it('fails if the router still has entries at the end', async () => {
    await assert.rejects(play(SUBSCRIBE, 'A < [33,1,1]', '@ empty'), /test\.txt:5: something is left/);
  });

  it('fails if a link is open and should be closed, and the reverse', async () => {
    await assert.rejects(play('A ! closed'), /heard nothing/);
    await assert.rejects(play('A > [2,1,{}]', 'A < [3,{...},"wamp.error.protocol_violation"]'), /heard more/);
  });

  it('rejects invalid lines', () => {
    assert.throws(() => parseTranscript('A joins', 'x.txt'), /x\.txt:1: a dialogue begins/);
    for (const line of ['A ? 1', '@ dance', 'A ! fly', 'A > [1', 'A']) {
      assert.throws(() => parseTranscript(`# t\n${line}`, 'x.txt'), /x\.txt:2: /);
    }
  });
});

describe('a transcript pattern', () => {
  const matches = (pattern: string, value: unknown): boolean => matchesPattern(parsePattern(pattern), value, new Map());

  it('matches exactly by default', () => {
    assert.ok(matches('[1,{"a":[]}]', [1, { a: [] }]));
    assert.ok(!matches('[1,{"a":[]}]', [1, { a: [], b: 1 }]));
    assert.ok(!matches('[1]', [1, 2]));
    assert.ok(!matches('[1,2]', [1]));
    assert.ok(!matches('{"a":1}', { b: 1 }));
    assert.ok(!matches('[]', {}) && !matches('{}', []) && !matches('{}', null));
  });

  it('supports <any>, {...} and [...]', () => {
    assert.ok(matches('[<any>,{...},[...]]', [{ a: 1 }, { b: 2 }, [3]]));
    assert.ok(matches('[{"a":1,...},1,...]', [{ a: 1, b: 2 }, 1, 2, 3]));
    assert.ok(!matches('[{"a":1,...}]', [{ b: 2 }]));
    assert.ok(!matches('[1,2,...]', [1]));
    assert.ok(!matches('{...}', [1]));
  });

  it('treats dots within strings as text', () => {
    assert.ok(matches('["a...","\\"..."]', ['a...', '"...']));
    assert.ok(!matches('["a..."]', ['abc']));
  });
});
