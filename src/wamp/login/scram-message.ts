/** What both sides know after CHALLENGE, in the words of HELLO, CHALLENGE and AUTHENTICATE. */
export interface ScramExchange {
  readonly authid: string;
  readonly clientNonce: string;
  /** CHALLENGE.Extra.nonce: the client's nonce and the router's. */
  readonly nonce: string;
  readonly salt: string;
  readonly iterations: number;
  /** Base64 of the GS2 header and the channel's data: `biws` where there is no channel binding. */
  readonly channel: string;
}

/** The text that the client and the router sign. [advanced/authentication_scram: AuthMessage] */
export function scramAuthMessage({ authid, clientNonce, nonce, salt, iterations, channel }: ScramExchange): string {
  return `n=${escaped(authid)},r=${clientNonce},r=${nonce},s=${salt},i=${iterations},c=${channel},r=${nonce}`;
}

/** What stands before the channel's data. [RFC5802: gs2-header] */
export function scramChannelHeader(channelBinding: string | undefined): string {
  return channelBinding === undefined ? 'n,,' : `p=${channelBinding},,`;
}

function escaped(authid: string): string {
  return authid.replaceAll('=', '=3D').replaceAll(',', '=2C');
}
