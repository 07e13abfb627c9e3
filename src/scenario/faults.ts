/**
 * Faults as a scenario says them: a `fault:` step arms one, `explore: faults` leaves it to the schedule whether and when
 * one happens. Checked with its place before anything runs; what only the disk knows (how many zones it has) when it is armed.
 */

import { ZoneType } from '../block/device.ts';
import { type ArmedFault, type Fault, type FaultDeed, faultText } from '../block/faults.ts';
import { closest } from '../kernel/suggest.ts';
import type { Machine } from '../machine.ts';
import type { PathPart, ScenarioDocument } from './document.ts';
import { ScenarioError } from './errors.ts';
import type { FaultSpec, Scenario } from './schema.ts';

const DEEDS = ['status', 'condition', 'power', 'clear'] as const;

/** Throws ScenarioError for a fault that makes no sense. */
export function checkFault(
  document: ScenarioDocument,
  path: readonly PathPart[],
  spec: FaultSpec,
  scenario: Scenario,
  exploring: boolean,
): void {
  const disks = Object.keys(scenario.disks);
  const wrong = (key: string, message: string, near: string | null = null): ScenarioError => {
    const inside = document.keysAt(path).includes(key);
    const place = inside ? document.placeOf([...path, key]) : document.placeOf(path);
    return new ScenarioError('wrong-value', place, `"fault" ${message}`, near);
  };
  if (!disks.includes(spec.disk)) {
    const message = `expected a disk (${disks.join(', ')}), got "${spec.disk}"`;
    throw wrong('disk', message, closest(spec.disk, disks));
  }
  const deeds = DEEDS.filter((name) => spec[name] !== undefined);
  if (deeds.length !== 1) {
    const got = deeds.length === 0 ? 'none' : deeds.join(' and ');
    throw wrong(deeds[1] ?? 'disk', `expected one of ${DEEDS.join(', ')}, got ${got}`);
  }
  if (deeds[0] === 'clear') {
    if (exploring) throw wrong('clear', 'expected something that can happen, got clear');
    const other = ['op', 'zone', 'after', 'times', 'done'].find((name) => name in spec);
    if (other !== undefined) throw wrong(other, `with "clear" expected no "${other}", got one`);
  }
  if (spec.done !== undefined && deeds[0] !== 'status') {
    throw wrong('done', `expected "done" beside "status" only, got it beside "${deeds[0]}"`);
  }
  for (const key of ['zone', 'condition'] as const) {
    if (spec.op !== 'flush' || spec[key] === undefined) continue;
    throw wrong(
      key,
      `with "op: flush" expected no "${key}", got one: a flush goes to all of a disk`,
    );
  }
  const zoned = (scenario.disks[spec.disk]!.zoned ?? scenario.disks[spec.disk]!.zbc ?? 0) !== 0;
  const needs = spec.zone !== undefined ? 'zone' : deeds[0] === 'condition' ? 'condition' : null;
  if (needs !== null && !zoned) {
    throw wrong(needs, `expected a disk with zones for "${needs}", got ${spec.disk}`);
  }
}

/** Arms `spec`, or clears, which gives null; throws ScenarioError for a zone the disk has not, or that cannot go. */
export function armFault(
  machine: Machine,
  document: ScenarioDocument,
  path: readonly PathPart[],
  spec: FaultSpec,
  chosen = false,
): ArmedFault | null {
  const plan = machine.faults(spec.disk);
  if (spec.clear === true) {
    plan.clear();
    return null;
  }
  const { nrZones, type } = machine.disks.get(spec.disk)!;
  const wrongZone = (expected: string, got: string): ScenarioError => {
    const place = document.placeOf([...path, 'zone']);
    return new ScenarioError('wrong-value', place, `"fault" expected ${expected}, got ${got}`);
  };
  if (spec.zone !== undefined && spec.zone >= nrZones) {
    throw wrongZone(`a zone below ${nrZones}`, String(spec.zone));
  }
  if (spec.condition !== undefined && type[spec.zone ?? -1] === ZoneType.conventional) {
    throw wrongZone(
      'a sequential zone for "condition"',
      `zone ${spec.zone}, which is conventional`,
    );
  }
  return plan.arm(chosen ? { ...faultOf(spec), chosen } : faultOf(spec));
}

function faultOf(spec: FaultSpec): Fault {
  const { op, zone, after, times } = spec;
  return {
    deed: deedOf(spec),
    ...(op === undefined ? {} : { op }),
    ...(zone === undefined ? {} : { zone }),
    ...(after === undefined ? {} : { after }),
    ...(times === undefined ? {} : { times }),
  };
}

function deedOf({ status, condition, done = false }: FaultSpec): FaultDeed {
  if (status !== undefined) return { kind: 'status', status, done };
  return condition === undefined ? { kind: 'power-cut' } : { kind: 'condition', condition };
}

/** Why a fault befell nothing, for a note; null when it did. */
export function idleText({ after = 0 }: FaultSpec, { met, struck }: ArmedFault): string | null {
  if (struck > 0) return null;
  if (met === 0) return 'no request came that this fault could befall';
  const came = met === 1 ? 'one request' : `${met} requests`;
  return `this fault befell nothing: only ${came} came that it could befall, and ${after} pass first`;
}

/** The step as a line of a report. */
export function faultStepText(spec: FaultSpec): string {
  if (spec.clear === true) return `fault: ${spec.disk}: none any more`;
  return `fault: ${faultText(spec.disk, faultOf(spec))}`;
}
