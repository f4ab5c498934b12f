/**
 * A socket that listens. Disposing of it stops listening at once, drops whoever has not shaken hands yet, gives the
 * links a moment to be closed by their owner, and then destroys what is left; it resolves when all is gone.
 */
export interface Listening extends AsyncDisposable {
  /** `127.0.0.1:8082`, with the port that was really taken; `unix:/run/wampway.sock`. */
  readonly address: string;
  /** 0 for a Unix socket. */
  readonly port: number;
}
