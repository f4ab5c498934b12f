import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConnectionState, connectionText, nextConnection } from '../../../console/connection/connection-state.ts';
import type { JoinedSession } from '../../../src/client/api/session-api.ts';
import type { ClientState } from '../../../src/client/reconnect/client-state.ts';
import { CloseUri, ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import { asId } from '../../../src/wamp/ids.ts';

const first: ConnectionState = { kind: 'connecting', lost: undefined };
const connecting: ClientState = { name: 'connecting', attempt: 1 };

function joined(welcome: Record<string, unknown> = { authid: 'ann', authrole: 'operator' }): ClientState {
  const never = (): Promise<never> => Promise.reject(new Error('this test does not expect a call'));
  const session: JoinedSession = {
    id: asId<'session'>(7),
    welcome,
    realm: 'realm1',
    closed: new Promise(() => {}),
    publish: never,
    subscribe: never,
    register: never,
    call: never,
    leave: never,
  };
  return { name: 'joined', session };
}

function waiting(error: WampError, nextAttempt: number, refused = false): ClientState {
  return { name: 'waiting', error, refused, nextAttempt };
}

/** Applies client states one second apart, beginning at 1000 ms. */
function play(...states: ClientState[]): ConnectionState {
  return states.reduce((state, next, index) => nextConnection(state, next, (index + 1) * 1000), first);
}

describe('connection state', () => {
  it('shows the authid and role of the page', () => {
    const state = play(connecting, joined());
    const { tone, short, spoken, detail } = connectionText(state, 2000);
    assert.deepEqual([tone, short, detail], ['good', 'Connected', 'as ann (operator)']);
    assert.match(spoken, /^Connected as ann, role operator, realm realm1$/);
  });

  it('counts the seconds until the next attempt, and keeps the text for screen readers constant', () => {
    const lost = new WampError(ErrorUri.NetworkFailure, ['the connection was closed']);
    const state = play(connecting, joined(), waiting(lost, 6500));
    const texts = [3000, 4000, 6000, 7000].map(now => connectionText(state, now));
    assert.deepEqual(
      texts.map(text => text.short),
      ['Reconnecting in 4 s', 'Reconnecting in 3 s', 'Reconnecting in 1 s', 'Reconnecting'],
    );
    assert.equal(new Set(texts.map(text => text.spoken)).size, 1);
    assert.match(texts[0]?.spoken ?? '', /^Connection lost: the connection was closed/);
  });

  it('keeps the reason during the next attempts, and shows how long the connection was lost', () => {
    const lost = new WampError(ErrorUri.NetworkFailure, ['gone']);
    const refusedConnection = new WampError(ErrorUri.NetworkFailure, ['cannot connect']);
    const trying = play(
      connecting,
      joined(),
      waiting(lost, 4000),
      connecting,
      waiting(refusedConnection, 6000),
      connecting,
    );
    assert.match(connectionText(trying, 8000).spoken, /^Connection lost: gone\./);
    assert.equal(connectionText(trying, 8000).tooltip, 'Latest attempt: cannot connect');
    const again = nextConnection(trying, joined(), 9000);
    assert.match(connectionText(again, 9000).spoken, /^Connected again after 6 s as ann/);
  });

  it('distinguishes a gateway that rejects the page from one that is unreachable', () => {
    const error = new WampError(ErrorUri.NoSuchRealm, ['no realm “shed” here']);
    const state = play(connecting, waiting(error, 9000, true));
    assert.match(connectionText(state, 2000).spoken, /^Refused: no realm “shed” here/);
    const unreachable = play(connecting, waiting(new WampError(ErrorUri.NetworkFailure, ['cannot connect']), 9000));
    assert.match(connectionText(unreachable, 2000).spoken, /^Not connected: cannot connect/);
  });

  it('explains the close URIs of WAMP', () => {
    const error = new WampError(ErrorUri.NetworkFailure, [CloseUri.SystemShutdown]);
    const state = play(connecting, joined(), waiting(error, 9000));
    assert.match(connectionText(state, 3000).spoken, /^Connection lost: the gateway is shutting down\./);
  });

  it('replaces characters in names that could deceive the user', () => {
    const state = play(connecting, joined({ authid: 'ann\u202e\n', authrole: 5 }));
    assert.equal(connectionText(state, 2000).detail, 'as ann\ufffd␊ (anonymous)');
  });
});
