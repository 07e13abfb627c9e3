/**
 * What the page takes from the package. By file, not through its one door: that would bring YAML, regular expressions and
 * schemas of scenario files, which the page has no use for and which are half as large again as all the rest.
 */

export { Flag, Op } from '../../src/block/bio.ts';
export { ZoneCond, ZoneType } from '../../src/block/device.ts';
export type { Payload } from '../../src/block/payload.ts';
export { explainUnit, type IvStory } from '../../src/dm/crypt/explain.ts';
export type { Patch, PatchId } from '../../src/kernel/edit.ts';
export { errnoName } from '../../src/kernel/errno.ts';
export type { Kernel } from '../../src/kernel/kernel.ts';
export { NotModelled } from '../../src/kernel/not-modelled.ts';
export { seedPatches, whatIfPatches } from '../../src/kernel/patches.ts';
export {
  builds,
  KernelError,
  kernelByName,
  kernelWith,
  releases,
} from '../../src/kernel/releases.ts';
export { Machine, MachineError } from '../../src/machine.ts';
export { type Chain, chainsOf } from '../../src/report/why-chains.ts';
export { sectorOf, specOf } from '../../src/report/why-iv.ts';
export { readIv, type WriteEvidence, writeEvidence } from '../../src/report/write-evidence.ts';
export { writePath } from '../../src/scenario/outcome.ts';
export { type ReadbackFinding, readBack, WrittenRanges } from '../../src/scenario/readback.ts';
export type { StepReadback, StepResult } from '../../src/scenario/run.ts';
export { BudgetExceeded } from '../../src/sim/budget.ts';
export type { Decision, SeenValue } from '../../src/sim/decision.ts';
export { NeverWoken, PowerOff } from '../../src/sim/task.ts';
export { TraceKind, type TraceRecord } from '../../src/sim/trace.ts';
