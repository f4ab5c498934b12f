import { WebSocket } from 'ws';

export type { ClientOptions } from 'ws';

/**
 * A WebSocket that says `closing` before it sends its close frame, whether we asked for it or it answers the peer's:
 * what has been gathered for the peer has to leave before that frame, after which nothing may. [RFC6455-5.5.1]
 */
export class AnnouncingWebSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    if (this.readyState === WebSocket.OPEN) this.emit('closing');
    super.close(code, reason);
  }
}
