import { mqttConfig } from '../../../bridges/mqtt/config/mqtt-config.ts';
import { RuleTrial, type Trial } from '../../../bridges/mqtt/rule-trial.ts';
import { isTopicName } from '../../../bridges/mqtt/source/mqtt-text.ts';
import type { Bridge } from '../../gateway/bridge/bridge.ts';
import { loadConfig } from '../../gateway/config/load-config.ts';
import { ConfigError } from '../../gateway/config/values/config-problem.ts';
import { Payload } from '../../wamp/payload.ts';
import { type CliCommand, CliError, ExitCode } from '../command/command.ts';
import { jsonObject, jsonText, payloadText, printable } from '../command/json-text.ts';
import { typedPayload } from '../command/option-values.ts';
import { configFile } from './check.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** `wampway map test`: which rule takes a message, and what becomes of it, without starting anything. */
export function mapCommand(bridges: readonly Bridge[], environment: Environment): CliCommand {
  return {
    name: 'map',
    summary: 'try the rules between MQTT and WAMP on a message, without starting anything',
    arguments: [
      { name: 'what', summary: 'test', required: true },
      { name: 'topic', summary: 'MQTT topic, or a WAMP topic as wamp:com.example.topic', required: true },
      { name: 'payload', summary: 'of MQTT: its text; of WAMP: an argument in JSON, or text', required: false },
    ],
    options: [
      { flags: '-c, --config <file>', summary: 'configuration (default: WAMPWAY_CONFIG, else the built-in one)' },
      { flags: '--json', summary: 'print the result as JSON' },
    ],
    examples: [
      {
        command: `wampway map test -c gateway.yaml tele/bath/SENSOR '{"Power":12}'`,
        shows: 'says which rule takes it, what comes out on the realm, and what goes back from there',
      },
      { command: 'wampway map test -c gateway.yaml wamp:dev.bath.set ON', shows: 'the same the other way round' },
    ],
    async run([what, topic = '', text = ''], options, io) {
      if (what !== 'test')
        throw new CliError(`map: "${printable(what ?? '')}" is not known; it is: map test TOPIC [PAYLOAD]`);
      const trial = new RuleTrial(readMqtt(configFile(options['config'], environment), bridges, environment));
      const trials = topic.startsWith('wamp:')
        ? [trial.uri(topic.slice(5), typedPayload(text === '' ? [] : [text], {}))]
        : roundTrip(trial, topic.replace(/^mqtt:/, ''), Buffer.from(text));
      const json = options['json'] === true;
      io.stdout.write(json ? `[${trials.map(resultOf).join(',')}]\n` : `${trials.flatMap(linesOf).join('\n')}\n`);
      return trials[0]?.to === undefined ? ExitCode.Failed : ExitCode.Ok;
    },
  };
}

function readMqtt(file: string | undefined, bridges: readonly Bridge[], environment: Environment) {
  try {
    const section = loadConfig({ file, environment, bridges }).bridges['mqtt'];
    return mqttConfig.parse(section === undefined || section === false ? {} : section);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CliError(`the configuration cannot be used\n${error.message}`);
  }
}

/** From MQTT to the realm, and from there back. */
function roundTrip(trial: RuleTrial, topic: string, payload: Uint8Array): Trial[] {
  if (!isTopicName(topic))
    throw new CliError(
      `map test: no message can have the topic "${printable(topic)}": it is empty, too long, or has + # or control characters`,
    );
  const there = trial.topic(topic, payload);
  if (there.to === undefined || !(there.payload instanceof Payload)) return [there];
  return [there, trial.uri(there.to.slice(5), there.payload)];
}

function resultOf({ payload, ...trial }: Trial): string {
  if (payload instanceof Payload) return jsonObject(trial, payload);
  return jsonText(payload === undefined ? trial : { ...trial, payload: textOf(payload) });
}

function linesOf({ from, rule, text, to, payload, problem }: Trial): string[] {
  const taken =
    rule === 'none'
      ? 'no rule takes it'
      : rule === 'mirror'
        ? 'the default: mirrored under the prefix'
        : `rules[${rule}]: ${text}`;
  const lines = [printable(from), `  ${taken}`];
  if (problem !== undefined) lines.push(`  ${problem}`);
  if (to === undefined || payload === undefined) return [...lines, '  goes nowhere'];
  const shown = payload instanceof Payload ? payloadText(payload) : printable(String(textOf(payload)));
  return [...lines, `  ${printable(to)}  ${shown}`];
}

/** Text where it is UTF-8, bytes where it is not. */
function textOf(bytes: Uint8Array): string | Uint8Array {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return bytes;
  }
}
