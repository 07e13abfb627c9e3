/**
 * What the trace tells of the IVs of a bio that goes through a cipher: the first number, how many, and the step from one
 * to the next. Worked out once for a cipher; of each bio only its place is asked.
 */

import type { Bio } from '../../block/bio.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import type { Trace, TraceSource } from '../../sim/trace.ts';
import { type CipherIdentity, EPOCH_BITS } from './identity.ts';

export class IvTrace {
  private readonly trace: Trace;
  private readonly source: TraceSource;
  private readonly unitSectors: number;
  /** All of a zone shares one IV when this is not 0. */
  private readonly zoneSectors: number;
  /** What is added to a sector; sectors to a step of the counter; what is added to that; and the step of a unit. */
  private readonly offsetSectors: number;
  private readonly divisor: number;
  private readonly beyond: number;
  private readonly step: number;

  /** `identity`: null where nothing is encrypted, or nobody computes it; units are counted all the same. */
  constructor(
    trace: Trace,
    source: TraceSource,
    identity: CipherIdentity | null,
    unitBytes: number,
    { offsetSectors = 0, zoneSectors = 0 } = {},
  ) {
    this.trace = trace;
    this.source = source;
    this.unitSectors = unitBytes / SECTOR_BYTES;
    this.zoneSectors = zoneSectors;
    this.offsetSectors = offsetSectors;
    this.divisor = identity?.ivDivisor ?? 1;
    this.beyond = ((identity?.description.epoch ?? 0) * 2 ** EPOCH_BITS) / this.divisor;
    this.step = identity?.ivStep ?? this.unitSectors;
  }

  /** `bio`, whole units whose first lies at 512-byte sector `place` of the target or the file, is encrypted or decrypted. */
  record(bio: Bio, place: number, encrypting: boolean): void {
    const { trace } = this;
    if (!trace.enabled) return;
    const zone = this.zoneSectors;
    let sector = (zone === 0 ? place : place - (place % zone)) + this.offsetSectors;
    if (this.divisor > 1) sector = Math.floor(sector / this.divisor);
    if (this.beyond > 0) sector += this.beyond;
    trace.recordCrypt(
      this.source,
      bio,
      sector,
      this.unitSectors === 1 ? bio.sectors : bio.sectors / this.unitSectors,
      this.step,
      encrypting ? 1 : 0,
    );
  }
}
