import type { LineSettings } from '../config/line-settings.ts';

/** How to open a port. */
export interface WireSettings {
  readonly path: string;
  readonly line: LineSettings;
  readonly hupcl: boolean;
  readonly dtr: boolean | undefined;
  readonly rts: boolean | undefined;
}

export interface WireReceiver {
  /** Bytes from the device, valid until the function returns. */
  data(chunk: Uint8Array): void;
  /**
   * The connection was lost, not closed by `close`: unplugged, hung up, or broken. Called at most once, as the last
   * event.
   */
  lost(reason: string): void;
}

/** An open serial port. It serves one connection and is then discarded. */
export interface Wire {
  /** Resolves when the system has accepted the bytes. Rejects at once if the port is closed or accepts no bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes the port. Idempotent, never rejects. The receiver is not called afterwards. */
  close(): Promise<void>;
}

/** Opens a port. Rejects with the system's error; no port stays open then. */
export type WireOpener = (settings: WireSettings, receiver: WireReceiver) => Promise<Wire>;
