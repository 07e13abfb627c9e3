/**
 * zonestack: a simulated Linux host whose zoned storage stack behaves as the kernel of your choice does, and says why.
 * This is the only public door; what it does not export may change at any time.
 *
 * ```ts
 * import { Machine } from 'zonestack';
 *
 * const machine = new Machine({
 *   kernel: 'v5.12+series',
 *   disks: { nullb0: { size: 256, zoned: 1, zone_size: 4, zone_nr_conv: 2, memory_backed: 1 } },
 * });
 * machine.run('mkzonefs -f /dev/nullb0');
 * const { ok, errno, decisions } = machine.mount('/dev/nullb0', '/mnt/z', 'zonefs');
 * ```
 */

export type { BlockDevice, ZoneView } from './block/device.ts';
export { ZoneCond, ZoneType } from './block/device.ts';
// Faults: what is planned to go wrong with a disk (Machine.faults).
export type { Fault, FaultCondition, FaultDeed, FaultOp, FaultStatus } from './block/faults.ts';
export { FaultPlan } from './block/faults.ts';
export type { QueueLimits } from './block/limits.ts';
// Data.
export {
  BytesPayload,
  concat,
  FillPayload,
  PatternPayload,
  Payload,
  samePayload,
} from './block/payload.ts';
// Time: disk profiles, and what a kernel's own work costs.
export { type Prediction, predict, type Workload } from './block/profiles/predict.ts';
export { type DiskProfile, PROFILE_NAMES, type ProfileName } from './block/profiles/profile.ts';
export { profiles } from './block/profiles/profiles.ts';
export { type Validation, type ValidationRow, validate } from './block/profiles/validate.ts';
export type { DiskUse } from './block/timed.ts';
// Comparing: workloads over kernels, ciphers and disks.
export { compare } from './compare/compare.ts';
export type { CellPlace, Comparison, Point } from './compare/point.ts';
export type {
  CellOutcome,
  ComparedCell,
  ComparisonResult,
  Data,
  Measured,
  Refusal,
} from './compare/result.ts';
export type { CipherProvider } from './dm/crypt/provider.ts';
export { providerNamed, providersHere } from './dm/crypt/providers.ts';
export type { Stat, StatFs } from './fs/inode.ts';
export { O, S } from './fs/inode.ts';
export type { ProcessContext, RwFlags, SystemCalls, ZoneCommand } from './fs/syscalls.ts';
export type { Edit, Patch, PatchId } from './kernel/edit.ts';
export { type ErrnoName, errno, errnoName, strerror } from './kernel/errno.ts';
export type { Kernel } from './kernel/kernel.ts';
// Kernels and patches.
export {
  builds,
  KernelError,
  kernelByName,
  kernelWith,
  patches,
  releases,
} from './kernel/releases.ts';
// Lessons: text with facts of a run in it.
export { loadLesson } from './lessons/load.ts';
export { LessonRun, LessonValueError } from './lessons/run.ts';
export type {
  Block,
  Choice,
  FactRef,
  Lesson,
  LessonCell,
  Markup,
  Part,
  Source,
  Span,
} from './lessons/types.ts';
export type {
  DiskAttributes,
  MachineOptions,
  MountFlags,
  MountOutcome,
  RebootOptions,
} from './machine.ts';
// The host, and what a program on it can do.
export { File, type Job, Machine, MachineError, SystemCallError } from './machine.ts';
// Every order of commands that run side by side.
export {
  type CommandExploration,
  exploreCommands,
  type NamedCommand,
  runTogether,
} from './machine-explore.ts';
export type { Writable } from './machine-file.ts';
// Scenarios.
export {
  type ExploredScenario,
  exploreScenario,
  runScenario,
  type ScenarioResult,
} from './scenario/api.ts';
export { ScenarioError } from './scenario/errors.ts';
export type {
  CellExploreOptions,
  CellOutcome as ScheduleOutcome,
  ExploredCell,
} from './scenario/explore.ts';
export type { CellResult, RunOptions, StepResult } from './scenario/run.ts';
export type { CommandOptions, CommandResult } from './shell/shell.ts';
export { type Accounting, type AccountingSnapshot, CPU_FLOORS, WAITS } from './sim/accounting.ts';
export { COST_SOURCES, type Costs, DEFAULT_COSTS, NO_COSTS } from './sim/cpu.ts';
// Why: decisions, origins, the trace.
export type { Decision, Origin, Seen, Sourced } from './sim/decision.ts';
// Every order of steps of a program: the engine behind exploreCommands and exploreScenario.
export { replayOf, ScheduleMisfit } from './sim/explore/policies.ts';
export type { ExploredRun, SavedStep } from './sim/explore/run.ts';
export {
  type Explored,
  type ExploreOptions,
  explore,
  type FailingSchedule,
  type Outcome,
  type OutcomeCount,
} from './sim/explore.ts';
// Time, chance and tasks, for those who write programs of their own.
export { FirstCome, type Schedule, Seeded } from './sim/schedule.ts';
export { NeverWoken, PowerOff, type Task } from './sim/task.ts';
export { Trace, TraceKind, type TraceRecord } from './sim/trace.ts';

import { PatternPayload } from './block/payload.ts';
import type { Kernel } from './kernel/kernel.ts';
import { builds, kernelByName, releases } from './kernel/releases.ts';

/** Named test data: `length` bytes of pattern `seed` from byte `from` on, the same on every machine. */
export function pattern(seed: number, length: number, from = 0): PatternPayload {
  return new PatternPayload(seed, from, length);
}

/** Every kernel without patches of yours, by name, oldest first; built when asked for. */
export const kernels: { readonly names: readonly string[]; get(name: string): Kernel } = {
  names: [...releases, ...builds].map(({ id }) => id),
  /** Patches may follow: `v5.12+series[1-2]`. Throws KernelError. */
  get: kernelByName,
};
