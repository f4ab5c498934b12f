import type { ConfigPath, ConfigProblem } from './values/config-problem.ts';

/** The origin of a value that is not in the text. Messages show the origin and never the value. */
export interface Origin {
  /** `!env MQTT_PASSWORD`, `!file secrets/mqtt`, `WAMPWAY_LOG__LEVEL`. */
  readonly name: string;
  readonly secret: boolean;
  /** The other interpretation of the text, number or string, if the schema needs the other type. */
  readonly otherwise?: unknown;
}

/** A configuration before it is checked: plain values with their places. */
export interface ConfigSource {
  readonly value: unknown;
  /** Problems of the text itself. */
  readonly problems: readonly ConfigProblem[];
  /** The place of the value at `path`, or of its nearest container in the text. `key`: the place of its key. */
  locate(path: ConfigPath, key: boolean): Pick<ConfigProblem, 'source' | 'span' | 'excerpt'>;
  /** The origin of the value. Undefined if it is in the text. */
  origin(path: ConfigPath): Origin | undefined;
  /** Whether the value could not be read. It must not be checked then. */
  broken(path: ConfigPath): boolean;
}

/** Values from a program, without a file and places. */
export function valueSource(value: unknown, name = 'configuration'): ConfigSource {
  return {
    value,
    problems: [],
    locate: () => ({ source: name }),
    origin: () => undefined,
    broken: () => false,
  };
}

/** Keys whose values are hidden in messages and logs. */
export const secretKey =
  /pas+w|passphrase|secret|token|credential|private|ticket|wampcra|scram|(?:derived|stored|server)Key|pepper|bearer/i;
