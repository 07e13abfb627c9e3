import { expect } from 'chai';
import { Flag, Op } from '../../src/block/bio.ts';
import { writePath } from '../../src/scenario/outcome.ts';
import { Trace, TraceKind } from '../../src/sim/trace.ts';

type Event = readonly [kind: number, bio: number, op: number, flags: number];

const DATA = Flag.top | Flag.data;
const append = (bio: number): Event => [TraceKind.bioQueue, bio, Op.zoneAppend, DATA];
const write = (bio: number): Event => [TraceKind.bioQueue, bio, Op.write, DATA];
const emulated = (bio: number): Event => [TraceKind.appendEmulated, bio, Op.write, 0];

function pathOf(...events: Event[]): string {
  const trace = new Trace();
  for (const [kind, bio, op, flags] of events) trace.record(kind, 0, 0, 0, bio, op, flags, 0, 8);
  return writePath(trace, 0, trace.length);
}

describe('the write path of a step', () => {
  it('is how its data bios left the file system', () => {
    expect(pathOf(append(1), append(2))).to.equal('append');
    expect(pathOf(write(1))).to.equal('regular');
    expect(pathOf(append(1), emulated(1))).to.equal('emulated-append');
  });

  it('is mixed when there were two different ways, emulated and native append among them', () => {
    expect(pathOf(append(1), write(2))).to.equal('mixed');
    expect(pathOf(append(1), append(2), emulated(2))).to.equal('mixed');
  });

  it('is none without data: metadata, reads and lower floors do not count', () => {
    expect(pathOf()).to.equal('none');
    expect(pathOf([TraceKind.bioQueue, 1, Op.write, Flag.top])).to.equal('none');
    expect(pathOf([TraceKind.bioQueue, 1, Op.write, Flag.data])).to.equal('none');
    expect(pathOf([TraceKind.bioQueue, 1, Op.read, DATA])).to.equal('none');
  });
});
