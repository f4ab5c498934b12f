import type { ClientState } from '../../src/client/client-state.ts';
import { endingText } from './error-text.ts';
import { clockText, durationText } from './time-text.ts';
import { clean } from './value-text.ts';

/** How the page stands with the gateway. Times in milliseconds since 1970. */
export type ConnectionState =
  | { readonly kind: 'connecting'; readonly lostAt: number | undefined }
  | {
      readonly kind: 'connected';
      readonly authid: string;
      readonly authrole: string;
      readonly realm: string;
      readonly session: number;
      readonly since: number;
      /** Since when the connection had been lost before; undefined for the first one. */
      readonly lostAt: number | undefined;
    }
  | {
      readonly kind: 'waiting';
      readonly reason: string;
      /** The gateway was reached and said no: waiting alone will not mend it. */
      readonly refused: boolean;
      /** Undefined where there has been no connection yet. */
      readonly lostAt: number | undefined;
      readonly retryAt: number;
    };

/** What a client's new state makes of the page's. */
export function nextConnection(before: ConnectionState, state: ClientState, now: number): ConnectionState {
  const lostAt = before.kind === 'connected' ? now : before.lostAt;
  switch (state.name) {
    case 'stopped':
    case 'connecting':
      // Between attempts the reason for the last failure stays to be read.
      return before.kind === 'waiting' ? { ...before, retryAt: now } : { kind: 'connecting', lostAt };
    case 'joined': {
      const { welcome, realm, id } = state.session;
      const authid = textOf(welcome['authid']) ?? 'anonymous';
      const authrole = textOf(welcome['authrole']) ?? 'anonymous';
      return { kind: 'connected', authid, authrole, realm, session: id, since: now, lostAt };
    }
    case 'waiting': {
      const { error, refused, nextAttempt } = state;
      const reason = endingText(textOf(error.args[0]) ?? clean(error.uri));
      return { kind: 'waiting', reason, refused, lostAt, retryAt: nextAttempt };
    }
  }
}

export interface ConnectionText {
  readonly tone: 'good' | 'wait' | 'bad';
  /** A few words: for the header. */
  readonly short: string;
  /** A sentence that stays the same while the state does: for screen readers. */
  readonly spoken: string;
  /** Beside it, where there is room. */
  readonly detail: string;
  /** For whoever points at it. */
  readonly more: string;
}

/** The state of the connection in words, as seen at `now`. */
export function connectionText(state: ConnectionState, now: number): ConnectionText {
  switch (state.kind) {
    case 'connecting':
      return { tone: 'wait', short: 'Connecting', spoken: 'Connecting to the gateway', detail: '', more: '' };
    case 'connected': {
      const { authid, authrole, realm, session, since, lostAt } = state;
      const back = lostAt === undefined ? '' : ` again after ${durationText(since - lostAt)}`;
      return {
        tone: 'good',
        short: 'Connected',
        spoken: `Connected${back} as ${authid}, role ${authrole}, realm ${realm}`,
        detail: `as ${authid} (${authrole})`,
        more: `Session ${session} on ${realm} since ${clockText(since)}`,
      };
    }
    case 'waiting': {
      const { reason, refused, lostAt, retryAt } = state;
      const seconds = Math.ceil((retryAt - now) / 1000);
      const what = refused ? 'Refused' : lostAt === undefined ? 'Not connected' : 'Connection lost';
      const when = lostAt === undefined ? '' : `lost at ${clockText(lostAt)}: `;
      return {
        tone: 'bad',
        short: seconds > 0 ? `Reconnecting in ${seconds} s` : 'Reconnecting',
        spoken: `${what}: ${reason}. Trying again by itself`,
        detail: when + reason,
        more: '',
      };
    }
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? clean(value) : undefined;
}
