import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EndedCalls } from '../../../src/router/dealer/ended-calls.ts';
import { StrictRules } from '../../../src/router/requests/strict-rules.ts';
import { asId, MAX_ID } from '../../../src/wamp/ids.ts';
import { MessageType } from '../../../src/wamp/messages/message-type.ts';
import { asUri } from '../../../src/wamp/uri.ts';

describe('StrictRules', () => {
  it('expects request id 1 after 2^53 [basic/building_blocks]', () => {
    const rules = new StrictRules(MAX_ID - 1);
    const session = { calls: new Map(), endedCalls: new EndedCalls() };
    const subscribe = (request: number): void => {
      rules.check(session, { type: MessageType.Subscribe, request: asId(request), options: {}, topic: asUri('t') });
    };
    subscribe(MAX_ID);
    subscribe(1);
    subscribe(2);
    assert.throws(() => subscribe(4), { name: 'ProtocolViolation' });
  });
});
