import type { ClientState } from '../../src/client/reconnect/client-state.ts';
import { clean } from '../model/payload/value-text.ts';
import { closeReasonText } from '../model/text/error-text.ts';
import { clockText, durationText } from '../model/text/time-text.ts';

/** When and why a connection was lost. */
export interface ConnectionLoss {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason: string;
}

/** The page's connection to the gateway. Times are in milliseconds since 1970. `lost` is the previous connection. */
export type ConnectionState =
  | { readonly kind: 'connecting'; readonly lost: ConnectionLoss | undefined }
  | {
      readonly kind: 'connected';
      readonly authid: string;
      readonly authrole: string;
      readonly realm: string;
      readonly session: number;
      readonly since: number;
      readonly lost: ConnectionLoss | undefined;
    }
  | {
      readonly kind: 'waiting';
      /** Why the latest attempt failed. */
      readonly reason: string;
      /** True if the gateway answered and rejected the session. A retry alone does not help then. */
      readonly refused: boolean;
      readonly lost: ConnectionLoss | undefined;
      readonly retryAt: number;
    };

/** Returns the connection state that follows from the client's new state. */
export function nextConnection(before: ConnectionState, state: ClientState, now: number): ConnectionState {
  switch (state.name) {
    case 'stopped':
    case 'connecting':
      // Keep the reason of the last failure visible during the next attempt.
      return before.kind === 'waiting' ? { ...before, retryAt: now } : { kind: 'connecting', lost: before.lost };
    case 'joined': {
      const { welcome, realm, id } = state.session;
      const authid = textOf(welcome['authid']) ?? 'anonymous';
      const authrole = textOf(welcome['authrole']) ?? 'anonymous';
      return { kind: 'connected', authid, authrole, realm, session: id, since: now, lost: before.lost };
    }
    case 'waiting': {
      const { error, refused, nextAttempt } = state;
      const reason = closeReasonText(textOf(error.args[0]) ?? clean(error.uri));
      const lost = before.kind === 'connected' ? { at: now, reason } : before.lost;
      return { kind: 'waiting', reason, refused, lost, retryAt: nextAttempt };
    }
  }
}

export interface ConnectionText {
  readonly tone: 'good' | 'wait' | 'bad';
  /** A few words for the header. */
  readonly short: string;
  /** A sentence for screen readers. It does not change while the state is the same. */
  readonly spoken: string;
  /** Shown beside `short` if the header is wide enough. */
  readonly detail: string;
  /** The tooltip. */
  readonly tooltip: string;
}

/** Describes the connection state at the time `now`. */
export function connectionText(state: ConnectionState, now: number): ConnectionText {
  switch (state.kind) {
    case 'connecting':
      return { tone: 'wait', short: 'Connecting', spoken: 'Connecting to the gateway', detail: '', tooltip: '' };
    case 'connected': {
      const { authid, authrole, realm, session, since, lost } = state;
      const back = lost === undefined ? '' : ` again after ${durationText(since - lost.at)}`;
      return {
        tone: 'good',
        short: 'Connected',
        spoken: `Connected${back} as ${authid}, role ${authrole}, realm ${realm}`,
        detail: `as ${authid} (${authrole})`,
        tooltip: `Session ${session} on ${realm} since ${clockText(since)}`,
      };
    }
    case 'waiting': {
      const { reason, refused, lost, retryAt } = state;
      const seconds = Math.ceil((retryAt - now) / 1000);
      const problem = refused ? 'Refused' : lost === undefined ? 'Not connected' : 'Connection lost';
      const cause = refused ? reason : (lost?.reason ?? reason);
      return {
        tone: 'bad',
        short: seconds > 0 ? `Reconnecting in ${seconds} s` : 'Reconnecting',
        spoken: `${problem}: ${cause}. Trying again by itself`,
        detail: lost === undefined ? '' : `lost at ${clockText(lost.at)}`,
        tooltip: `Latest attempt: ${reason}`,
      };
    }
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? clean(value) : undefined;
}
