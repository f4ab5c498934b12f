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

/** `wampway map test`: shows which rule matches a message and what it produces, without starting anything. */
export function mapCommand(bridges: readonly Bridge[], environment: Environment): CliCommand {
  return {
    name: 'map',
    summary: 'try the rules between MQTT and WAMP on a message, without starting anything',
    arguments: [
      { name: 'what', summary: 'test', required: true },
      { name: 'topic', summary: 'MQTT topic, or a WAMP topic as wamp:com.example.topic', required: true },
      {
        name: 'payload',
        summary: 'for MQTT: the text of the message; for WAMP: one argument, JSON or text',
        required: false,
      },
    ],
    options: [
      { flags: '-c, --config <file>', summary: 'configuration (default: WAMPWAY_CONFIG, else the built-in one)' },
      { flags: '--json', summary: 'print the result as JSON' },
    ],
    examples: [
      {
        command: `wampway map test -c gateway.yaml tele/bath/SENSOR '{"Power":12}'`,
        shows: 'shows the matching rule, the event on the realm, and its way back to MQTT',
      },
      { command: 'wampway map test -c gateway.yaml wamp:dev.bath.set ON', shows: 'the same from WAMP to MQTT' },
    ],
    async run([what, topic = '', text = ''], options, io) {
      if (what !== 'test')
        throw new CliError(`map: expected test TOPIC [PAYLOAD], received "${printable(what ?? '')}"`);
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
    throw new CliError(`the configuration is not valid\n${error.message}`);
  }
}

/** Tries a message from MQTT to the realm, and the resulting event back to MQTT. */
function roundTrip(trial: RuleTrial, topic: string, payload: Uint8Array): Trial[] {
  if (!isTopicName(topic))
    throw new CliError(
      `map test: "${printable(topic)}" is not a valid MQTT topic name: it is empty, too long, or contains +, # or a control character`,
    );
  const toRealm = trial.topic(topic, payload);
  if (toRealm.to === undefined || !(toRealm.payload instanceof Payload)) return [toRealm];
  return [toRealm, trial.uri(toRealm.to.slice(5), toRealm.payload)];
}

function resultOf({ payload, ...trial }: Trial): string {
  if (payload instanceof Payload) return jsonObject(trial, payload);
  return jsonText(payload === undefined ? trial : { ...trial, payload: textOf(payload) });
}

function linesOf({ from, rule, text, to, payload, problem }: Trial): string[] {
  const matched =
    rule === 'none'
      ? 'no rule matches'
      : rule === 'mirror'
        ? 'default: mirrored under the prefix'
        : `rules[${rule}]: ${text}`;
  const lines = [printable(from), `  ${matched}`];
  if (problem !== undefined) lines.push(`  ${problem}`);
  if (to === undefined || payload === undefined) return [...lines, '  not forwarded'];
  const shown = payload instanceof Payload ? payloadText(payload) : printable(String(textOf(payload)));
  return [...lines, `  ${printable(to)}  ${shown}`];
}

/** Decodes UTF-8, or returns the bytes if they are not valid UTF-8. */
function textOf(bytes: Uint8Array): string | Uint8Array {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return bytes;
  }
}
