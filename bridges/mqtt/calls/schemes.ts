import { type CallerScheme, type CallScheme, callSchemeSchema } from './call-scheme.ts';

/** The schemes of one kind of device: as callee and as caller. */
export interface CallPreset {
  readonly callees: readonly CallScheme[];
  readonly callers: readonly CallerScheme[];
}

const scheme = callSchemeSchema.parse.bind(callSchemeSchema);

/** The gateway's own scheme, for new firmware. */
export const ownScheme: CallPreset = {
  callees: [
    scheme({
      listen: 'rpc/{clientid}/req/#',
      procedure: 'rpc.{clientid}.#',
      request: { topic: 'rpc/{clientid}/req/{method}/{n}' },
      response: {
        topic: 'rpc/{clientid}/res/{n}',
        errorTopic: 'rpc/{clientid}/res/{n}/err',
        progressTopic: 'rpc/{clientid}/res/{n}/prog',
      },
    }),
  ],
  callers: [
    {
      request: 'call/{clientid}/{n}/{procedure}',
      answer: 'rpc/{clientid}/ret/{n}',
      error: 'rpc/{clientid}/ret/{n}/err',
    },
  ],
};

/** The highest number of a Tasmota status, with a reserve for future ones. */
const LAST_STATUS = 19;

/** Tasmota answers `Status 5` on STATUS5, and `Status` or `Status 0` on STATUS first. */
const tasmotaStatus: Readonly<Record<string, string[]>> = {
  STATUS: ['stat/{device}/STATUS{value}', 'stat/{device}/STATUS'],
  ...Object.fromEntries(
    Array.from({ length: LAST_STATUS + 1 }, (_, n) => [
      `STATUS${n}`,
      [`stat/{device}/STATUS${n}`, 'stat/{device}/STATUS'],
    ]),
  ),
};

/** The protocols of existing devices. */
export const presets = {
  // RPC of the Shelly device API, on the server's side and on the client's side.
  thingsboard: {
    callees: [
      scheme({
        listen: 'v1/devices/me/rpc/request/+',
        procedure: 'thingsboard.{clientid}.#',
        request: {
          topic: 'v1/devices/me/rpc/request/{n}',
          payload: { method: '$method', params: '$value' },
        },
        response: { topic: 'v1/devices/me/rpc/response/{n}' },
      }),
    ],
    callers: [
      {
        request: 'v1/devices/me/rpc/request/{n}',
        procedure: '/method',
        args: '/params',
        answer: 'v1/devices/me/rpc/response/{n}',
      },
    ],
  },
  // zigbee2mqtt.bridge.permit_join, zigbee2mqtt.bridge.device.rename. In zigbee2mqtt.device.{friendly name}.set and
  // .get the name may have several components, because its topic may have several levels.
  zigbee2mqtt: {
    callees: [
      scheme({
        listen: 'zigbee2mqtt/#',
        procedure: 'zigbee2mqtt.bridge.#',
        request: {
          topic: 'zigbee2mqtt/bridge/request/{levels}',
          payload: { '...': '$value', transaction: '$n' },
        },
        response: {
          topic: 'zigbee2mqtt/bridge/response/{levels}',
          exclusive: false,
          match: '/transaction',
          result: '/data',
          error: { at: '/status', equals: 'error', message: '/error' },
        },
      }),
      scheme({
        listen: 'zigbee2mqtt/#',
        procedure: 'zigbee2mqtt.device.#',
        methods: ['set', 'get'],
        request: { topic: 'zigbee2mqtt/{levels}', payload: 'value' },
        response: { topic: 'zigbee2mqtt/{parent}', exclusive: false },
      }),
    ],
    callers: [],
  },
  // tasmota.{topic}.POWER, as on its console. It answers one command after the other.
  tasmota: {
    callees: [
      scheme({
        listen: 'cmnd/{device}/#',
        procedure: 'tasmota.{device}.#',
        request: { topic: 'cmnd/{device}/{method}', payload: 'value' },
        response: {
          topic: 'stat/{device}/RESULT',
          also: tasmotaStatus,
          exclusive: false,
          error: { at: '/Command', equals: ['Unknown', 'Error'], message: '/Command' },
        },
        inFlight: 1,
      }),
    ],
    callers: [],
  },
} as const satisfies Record<string, CallPreset>;

export const presetNames = [
  'thingsboard',
  'zigbee2mqtt',
  'tasmota',
] as const satisfies readonly (keyof typeof presets)[];
