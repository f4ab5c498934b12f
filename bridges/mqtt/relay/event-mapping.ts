import type { WampEvent } from '../../../src/client/api/session-api.ts';
import type { BridgeContext, Owner } from '../../../src/gateway/bridge/bridge.ts';
import type { MappingConfig } from '../config/mapping-config.ts';
import type { DropCounter } from '../report/drop-counter.ts';
import type { ProblemReport } from '../report/problem-report.ts';
import { MappingRule } from '../rules/rule.ts';
import type { MappingRoute, RuleBook } from '../rules/rule-book.ts';
import type { MqttPublication } from '../source/mqtt-source.ts';
import { propertiesOfOrigin } from '../topics/origin.ts';

export interface EventMappingDependencies {
  readonly context: BridgeContext;
  readonly rules: RuleBook;
  readonly problems: ProblemReport;
  readonly drops: DropCounter;
  readonly config: Pick<MappingConfig, 'prefix' | 'publish'> & { readonly service: string };
}

/** Maps WAMP events to MQTT publications, by the rules of the configuration. */
export class EventMapping {
  readonly #dependencies: EventMappingDependencies;
  readonly #mirror = MappingRule.mirror();

  constructor(dependencies: EventMappingDependencies) {
    this.#dependencies = dependencies;
  }

  /** The MQTT publication of an event. Undefined if no rule maps it, or its payload cannot be mapped. */
  publicationOf({ topic: uri, publication, payload, details }: WampEvent): MqttPublication | undefined {
    const { rules, drops, problems, config } = this.#dependencies;
    const route = rules.ofUri(uri);
    if (route === undefined) {
      // The subscribed pattern matches more URIs than its rule, or the URI is not the spelling of a topic.
      if (uri.startsWith(config.prefix)) drops.add('the URI has no MQTT topic', { uri });
      return undefined;
    }
    const { to: topic, rule = this.#mirror } = route;
    if (topic === undefined) return undefined;
    const mapped = rule.toMqtt(payload);
    if (mapped.problem !== undefined) {
      if (route.rule === undefined) drops.add('the event arguments cannot be written as JSON', { uri });
      problems.add({ uri, ...ruleIndex(route), problem: mapped.problem });
    }
    if (mapped.payload === undefined) return undefined;
    const { qos, retain } = config.publish;
    const kept = rule.retain === 'keep' ? retain : rule.retain;
    // `false` keeps the two sides apart. Otherwise an empty value clears the retained one on both.
    const isRetained = kept !== false && this.#isRetained(uri, publication, mapped.payload);
    const retains = kept === true || isRetained;
    const properties = propertiesOfOrigin(details);
    return {
      ...(properties !== undefined && { properties }),
      topic,
      payload: mapped.payload,
      qos: rule.qos ?? qos,
      retain: retains,
      owner: retains ? this.#ownerOf(uri, publication) : undefined,
    };
  }

  /** The publisher of a retained message. The bridge itself if a rule retains it on MQTT alone. */
  #ownerOf(uri: string, publication: number): Owner {
    const { context, config } = this.#dependencies;
    const known = context.retainedPublication(uri) === publication ? context.retainedBy(uri) : undefined;
    return known ?? { authid: config.service, authrole: 'bridge', authmethod: 'internal', authprovider: 'bridge:mqtt' };
  }

  /**
   * Whether the broker retains an event, as the realm does. An empty retained message clears the topic on MQTT
   * [MQTT-3.3.1-10], so the realm forgets its event too.
   */
  #isRetained(uri: string, publication: number, payload: Uint8Array): boolean {
    const { context } = this.#dependencies;
    const retained = context.retainedPublication(uri);
    if (payload.length > 0) return retained === publication;
    if (retained === publication) context.forgetRetained(uri, publication);
    return retained === publication || retained === undefined;
  }
}

function ruleIndex({ rule }: MappingRoute): { rule?: number } {
  return rule?.index === undefined ? {} : { rule: rule.index };
}
