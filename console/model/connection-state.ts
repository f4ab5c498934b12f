import type { ClientState } from '../../src/client/reconnect/client-state.ts';
import { endingText } from './error-text.ts';
import { clockText, durationText } from './time-text.ts';
import { clean } from './value-text.ts';

/** A connection that was lost: when, in milliseconds since 1970, and why. */
export interface Loss {
  readonly at: number;
  readonly reason: string;
}

/** How the page stands with the gateway. Times in milliseconds since 1970. `lost`: the connection before this one. */
export type ConnectionState =
  | { readonly kind: 'connecting'; readonly lost: Loss | undefined }
  | {
      readonly kind: 'connected';
      readonly authid: string;
      readonly authrole: string;
      readonly realm: string;
      readonly session: number;
      readonly since: number;
      readonly lost: Loss | undefined;
    }
  | {
      readonly kind: 'waiting';
      /** Why the latest attempt failed. */
      readonly reason: string;
      /** The gateway was reached and said no: waiting alone will not mend it. */
      readonly refused: boolean;
      readonly lost: Loss | undefined;
      readonly retryAt: number;
    };

/** What a client's new state makes of the page's. */
export function nextConnection(before: ConnectionState, state: ClientState, now: number): ConnectionState {
  switch (state.name) {
    case 'stopped':
    case 'connecting':
      // Between attempts the reason for the last failure stays to be read.
      return before.kind === 'waiting' ? { ...before, retryAt: now } : { kind: 'connecting', lost: before.lost };
    case 'joined': {
      const { welcome, realm, id } = state.session;
      const authid = textOf(welcome['authid']) ?? 'anonymous';
      const authrole = textOf(welcome['authrole']) ?? 'anonymous';
      return { kind: 'connected', authid, authrole, realm, session: id, since: now, lost: before.lost };
    }
    case 'waiting': {
      const { error, refused, nextAttempt } = state;
      const reason = endingText(textOf(error.args[0]) ?? clean(error.uri));
      const lost = before.kind === 'connected' ? { at: now, reason } : before.lost;
      return { kind: 'waiting', reason, refused, lost, retryAt: nextAttempt };
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
      const { authid, authrole, realm, session, since, lost } = state;
      const back = lost === undefined ? '' : ` again after ${durationText(since - lost.at)}`;
      return {
        tone: 'good',
        short: 'Connected',
        spoken: `Connected${back} as ${authid}, role ${authrole}, realm ${realm}`,
        detail: `as ${authid} (${authrole})`,
        more: `Session ${session} on ${realm} since ${clockText(since)}`,
      };
    }
    case 'waiting': {
      const { reason, refused, lost, retryAt } = state;
      const seconds = Math.ceil((retryAt - now) / 1000);
      const what = refused ? 'Refused' : lost === undefined ? 'Not connected' : 'Connection lost';
      const why = refused ? reason : (lost?.reason ?? reason);
      return {
        tone: 'bad',
        short: seconds > 0 ? `Reconnecting in ${seconds} s` : 'Reconnecting',
        spoken: `${what}: ${why}. Trying again by itself`,
        detail: lost === undefined ? '' : `lost at ${clockText(lost.at)}`,
        more: `Latest attempt: ${reason}`,
      };
    }
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? clean(value) : undefined;
}
