import type { LineSettings } from '../config/line-settings.ts';

/** How a port is to be opened. */
export interface WireSettings {
  readonly path: string;
  readonly line: LineSettings;
  readonly hupcl: boolean;
  readonly dtr: boolean | undefined;
  readonly rts: boolean | undefined;
}

export interface WireReceiver {
  /** Bytes from the device; valid until it returns. */
  data(chunk: Uint8Array): void;
  /** The wire is gone, not by `close`: unplugged, hung up, or broken. Said at most once, and nothing after it. */
  lost(reason: string): void;
}

/** A serial port that is open. It is used for one connection and then thrown away. */
export interface Wire {
  /** Resolves when the system has taken the bytes. Rejects at once where the port is not open, or takes nothing. */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes it; idempotent, never rejects. The receiver hears nothing any more. */
  close(): Promise<void>;
}

/** Opens a port. Rejects with what the system says; nothing is left open then. */
export type WireOpener = (settings: WireSettings, receiver: WireReceiver) => Promise<Wire>;
