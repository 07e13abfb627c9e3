/** The state of the page as the part of its address behind `#`, and back. */

import { builds, releases } from '../package.ts';
import { CIPHERS, type Setup, USES, type Use } from './setup.ts';

export interface PageState {
  readonly setups: readonly Setup[];
  /** Step and record of the slider; null: where the story is best seen. */
  readonly at: { readonly step: number; readonly record: number } | null;
  readonly every: boolean;
}

const SUFFIXES = ['', '2'] as const;
/** An address is typed by strangers: more than this is no list of commands. */
const MAX_COMMANDS = 200;

export function linkOf({ setups, at, every }: PageState): string {
  const out = new URLSearchParams();
  setups.forEach((setup, i) => {
    const suffix = SUFFIXES[i] ?? '';
    out.set(`fs${suffix}`, setup.use);
    out.set(`kernel${suffix}`, [setup.base, ...setup.patches].join('+'));
    out.set(`cipher${suffix}`, setup.cipher);
    if (setup.seed !== 0) out.set(`seed${suffix}`, `${setup.seed}`);
    if (setup.commands !== null) out.set(`run${suffix}`, setup.commands.join('\n'));
  });
  if (at !== null) out.set('at', `${at.step}.${at.record}`);
  if (every) out.set('every', '1');
  return out.toString();
}

/** What a link says; null when it says nothing that can be understood. */
export function readLink(hash: string): PageState | null {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const setups = SUFFIXES.flatMap((suffix) => {
    const setup = readSetup(given, suffix);
    return setup === null ? [] : [setup];
  });
  if (setups.length === 0) return null;
  const at = /^(\d{1,4})\.(\d{1,7})$/.exec(given.get('at') ?? '');
  return {
    setups,
    at: at === null ? null : { step: Number(at[1]), record: Number(at[2]) },
    every: given.get('every') === '1',
  };
}

function readSetup(given: URLSearchParams, suffix: string): Setup | null {
  const use = given.get(`fs${suffix}`);
  const kernel = given.get(`kernel${suffix}`);
  if (!isUse(use) || kernel === null) return null;
  const [base = '', ...patches] = kernel.split('+');
  if (![...releases, ...builds].some(({ id }) => id === base)) return null;
  const cipher = given.get(`cipher${suffix}`) ?? CIPHERS[0];
  const seed = Number(given.get(`seed${suffix}`) ?? 0);
  const typed = given.get(`run${suffix}`);
  return {
    use,
    base,
    patches,
    cipher: CIPHERS.some((one) => one === cipher) ? cipher : CIPHERS[0],
    seed: Number.isSafeInteger(seed) && seed >= 0 ? seed : 0,
    commands: typed === null ? null : typed.split('\n').slice(0, MAX_COMMANDS),
  };
}

function isUse(text: string | null): text is Use {
  return USES.some((use) => use === text);
}
