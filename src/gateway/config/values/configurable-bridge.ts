import type { z } from 'zod';

/** A TCP port that a bridge listens on. */
export interface ListenPlace {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The setting in the bridge's section that names the port: `['port']`. */
  readonly path: readonly string[];
}

/** The members of a bridge that the configuration needs: a section of its own, and the ports that it listens on. */
export interface ConfigurableBridge {
  readonly name: string;
  readonly schema: z.ZodType;
  listens?(config: unknown): readonly ListenPlace[];
}
