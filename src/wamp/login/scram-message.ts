/** The values that both sides know after CHALLENGE, with their names in HELLO, CHALLENGE and AUTHENTICATE. */
export interface ScramExchange {
  readonly authid: string;
  readonly clientNonce: string;
  /** CHALLENGE.Extra.nonce: the client's nonce and the router's. */
  readonly nonce: string;
  readonly salt: string;
  readonly iterations: number;
  /** Base64 of the GS2 header and the data of the channel binding: `biws` if there is no channel binding. */
  readonly channel: string;
}

/** The text that the client and the router sign. [advanced/authentication_scram: AuthMessage] */
export function scramAuthMessage({ authid, clientNonce, nonce, salt, iterations, channel }: ScramExchange): string {
  return `n=${escaped(authid)},r=${clientNonce},r=${nonce},s=${salt},i=${iterations},c=${channel},r=${nonce}`;
}

/** The header in front of the data of the channel binding. [RFC5802: gs2-header] */
export function scramChannelHeader(channelBinding: string | undefined): string {
  return channelBinding === undefined ? 'n,,' : `p=${channelBinding},,`;
}

function escaped(authid: string): string {
  return authid.replaceAll('=', '=3D').replaceAll(',', '=2C');
}
