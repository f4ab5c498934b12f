/**
 * A listening socket. Disposal stops listening and closes connections without a completed handshake at once. It gives
 * the owner of the links `closeGrace` to close them, and then destroys the remaining connections. It resolves when all
 * are closed.
 */
export interface Listening extends AsyncDisposable {
  /** `127.0.0.1:8082`, with the actual port, or `unix:/run/wampway.sock`. */
  readonly address: string;
  /** 0 for a Unix socket. */
  readonly port: number;
}
