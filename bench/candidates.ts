import { ForeignRouter, type ForeignRouterOptions } from './foreign-router.ts';
import type { Candidate } from './measured-router.ts';
import { RouterProcess, type RouterProcessOptions } from './router-process.ts';

/** Our router as it is in this folder. */
export function ours(options: RouterProcessOptions = {}, name = 'wampway'): Candidate {
  return { name, own: true, start: () => RouterProcess.start(options) };
}

/** The same with codecs that decode and encode everything, and a write for each message. */
export const naive: Candidate = ours({ naive: true }, 'naive');

/** Any router that listens somewhere. */
export function beside(options: ForeignRouterOptions): Candidate {
  return { name: 'beside', own: false, start: () => ForeignRouter.start(options) };
}
