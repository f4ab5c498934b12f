import { parsePattern } from './transcript-pattern.ts';

/** One line of a dialogue. */
export type Step = { readonly line: number } & (
  | { readonly kind: 'join'; readonly peer: string; readonly details: Record<string, unknown> }
  | { readonly kind: 'send'; readonly peer: string; readonly list: readonly unknown[] }
  | { readonly kind: 'expect'; readonly peer: string; readonly pattern: unknown }
  | { readonly kind: 'drop'; readonly peer: string }
  | { readonly kind: 'closed'; readonly peer: string }
  | { readonly kind: 'advance'; readonly milliseconds: number }
  | { readonly kind: 'revoke'; readonly session: number; readonly subscription: number; readonly reason?: string }
  | { readonly kind: 'meta' }
  | { readonly kind: 'shutdown' }
  | { readonly kind: 'quiet' }
  | { readonly kind: 'empty' }
);

/** A dialogue between clients and a fresh router. */
export interface Dialogue {
  /** With the sections of the specification in brackets. */
  readonly title: string;
  readonly steps: readonly Step[];
}

/**
 * Reads a transcript: dialogues one below the other, each begun by its title.
 *
 *     # title [section of the specification]
 *     // a remark
 *     A joins                        HELLO to realm1 as all four roles, and WELCOME
 *     A joins {"authrole":"admin"}   the same with more HELLO.Details
 *     A > [32,1,{},"com.app.t"]      A says
 *     A < [33,1,<any>]               A hears, as its next message
 *     A < [65,1,<sum>]               the same, and what stands there is `<sum>` from now on, heard or said
 *     A ! drop                       A's link is lost
 *     A ! closed                     A's link has been closed by the router
 *     @ advance 5000                 the clock moves on, in milliseconds
 *     @ revoke 1 2 "reason"          the router takes subscription 2 from session 1; the reason may be left out
 *     @ meta                         the meta API is started; its session is 900
 *     @ shutdown                     the router begins to close
 *     @ quiet                        nobody has heard anything that is not in the lines above
 *     @ empty                        the realm holds no subscription, registration or call
 */
export function parseTranscript(text: string, file: string): Dialogue[] {
  const dialogues: { title: string; steps: Step[] }[] = [];
  text.split('\n').forEach((raw, index) => {
    const source = raw.trim();
    if (source === '' || source.startsWith('//')) return;
    if (source.startsWith('# ')) {
      dialogues.push({ title: source.slice(2), steps: [] });
      return;
    }
    const dialogue = dialogues.at(-1);
    if (dialogue === undefined) throw new SyntaxError(`${file}:${index + 1}: a dialogue begins with "# title"`);
    try {
      dialogue.steps.push(parseStep(source, index + 1));
    } catch (error) {
      throw new SyntaxError(`${file}:${index + 1}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  return dialogues;
}

function parseStep(source: string, line: number): Step {
  const [, peer = '', verb = '', rest = ''] = /^(\S+)\s+(\S+)\s*(.*)$/.exec(source) ?? [];
  if (peer === '@') {
    if (verb === 'advance') return { line, kind: 'advance', milliseconds: Number(rest) };
    if (verb === 'revoke') {
      const [session, subscription, reason] = JSON.parse(`[${rest.replace(/ +/g, ',')}]`);
      return { line, kind: 'revoke', session, subscription, reason };
    }
    if (verb === 'meta' || verb === 'shutdown' || verb === 'quiet' || verb === 'empty') return { line, kind: verb };
  }
  switch (verb) {
    case 'joins':
      return { line, kind: 'join', peer, details: rest === '' ? {} : JSON.parse(rest) };
    case '>':
      return { line, kind: 'send', peer, list: parseList(rest) };
    case '<':
      return { line, kind: 'expect', peer, pattern: parsePattern(rest) };
    case '!':
      if (rest === 'drop' || rest === 'closed') return { line, kind: rest, peer };
  }
  throw new SyntaxError(`not a line of a transcript: ${source}`);
}

function parseList(text: string): readonly unknown[] {
  const list = parsePattern(text);
  if (Array.isArray(list)) return list;
  throw new SyntaxError('not a list');
}
