import type { ConfigPath, ConfigProblem } from './values/config-problem.ts';

/** A value that came from elsewhere than the text: shown by where it came from, never as itself. */
export interface Origin {
  /** `!env MQTT_PASSWORD`, `!file secrets/mqtt`, `WAMPWAY_LOG__LEVEL`. */
  readonly name: string;
  readonly secret: boolean;
  /** What else the text could mean where the schema wants another type: number for text, or text for number. */
  readonly otherwise?: unknown;
}

/** A configuration before it is checked: plain values, and where each is. */
export interface ConfigSource {
  readonly value: unknown;
  /** What was wrong already with the text. */
  readonly problems: readonly ConfigProblem[];
  /** Where the value at `path` is, or the nearest container of it that the text has; `key` asks for its key. */
  locate(path: ConfigPath, key: boolean): Pick<ConfigProblem, 'source' | 'span' | 'excerpt'>;
  /** Where the value came from, if not from the text itself. */
  origin(path: ConfigPath): Origin | undefined;
  /** Whether what is there could not be read, so that checking it tells nothing. */
  broken(path: ConfigPath): boolean;
}

/** Values that a program hands over: no file, no places. */
export function valueSource(value: unknown, name = 'configuration'): ConfigSource {
  return {
    value,
    problems: [],
    locate: () => ({ source: name }),
    origin: () => undefined,
    broken: () => false,
  };
}

/** Keys whose values are not shown in messages and logs. */
export const secretKey =
  /pas+w|passphrase|secret|token|credential|private|ticket|wampcra|scram|(?:derived|stored|server)Key|pepper|bearer/i;
