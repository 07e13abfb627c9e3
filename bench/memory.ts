/** What things take in memory: live bytes before and after, garbage collected. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Machine } from '../dist/machine.js';
import { Trace, TraceKind } from '../dist/sim/trace.js';

const ZONES = 500_000;
const EVENTS = 1_000_000;
const ZONE_MIB = 4;
/** Every so many events come later than the ones before. */
const EVENTS_AT_ONCE = 4;

function liveBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function taken(make: () => unknown): number {
  const before = liveBytes();
  const made = make();
  const after = liveBytes();
  // Still in use here, so that it is not collected before.
  if (made === null) throw new Error('"made" expected something, got null');
  return after - before;
}

function machine(zones: number): Machine {
  const disk = { size: zones * ZONE_MIB, zoned: 1, zone_size: ZONE_MIB, memory_backed: 1 };
  return new Machine({ kernel: 'v6.12', disks: { nullb0: disk } });
}

/** Bytes a zone takes on a disk of 500,000, beyond what a machine takes anyway. */
export function bytesPerZone(): number {
  machine(16);
  const small = taken(() => machine(16));
  return (taken(() => machine(ZONES)) - small) / ZONES;
}

/** Bytes of a million trace records. */
export function bytesPerMillionEvents(): number {
  return taken(() => {
    const trace = new Trace();
    for (let i = 0; i < EVENTS; i += 1) {
      const timeNs = Math.floor(i / EVENTS_AT_ONCE) * 1000;
      trace.record(TraceKind.bioQueue, timeNs, 1, 1, i, 1, 0, i * 8, 8, -1);
    }
    return trace;
  });
}
