/** From a rule that refused down to who set the value it saw: the origins of a limit, each with the decision behind it. */

import type { CellResult } from '../scenario/run.ts';
import type { Decision, Origin, SeenValue, Sourced } from '../sim/decision.ts';

/** Links from a refusal to its cause. */
export function refusalLinks(result: Pick<CellResult, 'steps'>, decision: Decision): string[] {
  const { rule, subject, source } = decision;
  const sourced = Object.entries(decision.seen).filter(([, value]) => typeof value === 'object');
  const first = `rule ${rule} refused ${subject} (${source.file}, ${source.function}): ${seenText(decision)}`;
  const earlier = before(result, decision);
  return [
    first,
    ...sourced.flatMap(([name, value]) => originLinks(name, value as Sourced<unknown>, earlier)),
    ...obstacleLinks(decision, earlier),
  ];
}

/** The floors a limit came up through, nearest first, each with what its rule saw there. */
function originLinks(
  name: string,
  limit: Sourced<unknown>,
  earlier: readonly Decision[],
): string[] {
  const links: string[] = [];
  for (let at: Origin | undefined = limit.origin; at !== undefined; at = at.from) {
    const asked = decisionBehind(at, earlier);
    const said = asked === null ? '' : `: ${answerText(asked)}`;
    if (links.length === 0) {
      links.push(`${at.floor} set ${name} to ${String(limit.value)}, by ${at.rule}${said}`);
    } else if (asked !== null && asked.rule !== at.rule) {
      // What a target asks for is a flag; the rule that set it says more.
      links.push(`${at.floor} had asked for it with ${at.rule}, by ${asked.rule}${said}`);
    } else links.push(`${at.floor} had set it before, by ${at.rule}${said}`);
  }
  return links;
}

/** Decisions that name another floor as what is in the way. */
function obstacleLinks(decision: Decision, earlier: readonly Decision[]): string[] {
  const { obstacle, because } = decision.seen;
  if (typeof obstacle !== 'string' || typeof because !== 'string' || because === '') return [];
  const target = /^dm-(\D.*)$/.exec(obstacle)?.[1];
  const floor = target === undefined ? obstacle : `${decision.subject}/${target}`;
  const asked = decisionBehind({ floor, rule: because }, earlier);
  return asked === null
    ? []
    : [`behind it stands ${floor}, by ${asked.rule}: ${answerText(asked)}`];
}

/** The last decision that set what `origin` tells: of that rule there, or of that target (`dm-0/crypt`). */
function decisionBehind(origin: Origin, earlier: readonly Decision[]): Decision | null {
  const [device = '', target] = origin.floor.split('/');
  return (
    earlier.findLast(
      (one) =>
        one.verdict === 'refuses' &&
        one.subject === device &&
        (target === undefined ? one.rule === origin.rule : one.rule.startsWith(`${target}.`)),
    ) ?? null
  );
}

/** Decisions of the same machine, made before. */
function before(result: Pick<CellResult, 'steps'>, decision: Decision): Decision[] {
  const at = result.steps.find((step) => step.decisions.includes(decision));
  return result.steps
    .filter((step) => step.machine === at?.machine)
    .flatMap((step) => step.decisions)
    .filter((one) => one.index < decision.index);
}

function answerText(decision: Decision): string {
  const seen = seenText(decision);
  return decision.log === undefined ? seen : `${seen} ("${decision.log}")`;
}

function seenText(decision: Decision): string {
  const seen = Object.entries(decision.seen).filter(([, value]) => value !== '');
  if (seen.length === 0) return 'it looked at nothing else';
  return seen.map(([name, value]) => `${name} = ${valueText(value)}`).join(', ');
}

function valueText(value: SeenValue): string {
  return String(typeof value === 'object' ? value.value : value);
}
