import { expect } from 'chai';
import fc from 'fast-check';
import { Now } from '../../src/sim/now.ts';
import { BudgetExceeded, Trace, TraceKind, TraceSource } from '../../src/sim/trace.ts';

const kinds = Object.values(TraceKind);
const word = fc.oneof(fc.nat(20), fc.integer({ min: 0, max: 0xffffffff }));
const place = fc.oneof(word, fc.maxSafeNat());
const result = fc.oneof(place, fc.integer({ min: -200, max: 0 }));

describe('a trace', () => {
  it('gives back every record as it was made, small or wide', () => {
    const record = fc.record({
      kind: fc.constantFrom(...kinds),
      timeNs: fc.nat(3),
      bio: word,
      op: fc.nat(255),
      flags: word,
      sector: place,
      sectors: place,
      a: result,
      b: result,
      c: word,
      d: word,
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 40 }), (records) => {
        const trace = new Trace();
        const device = trace.intern('dm-0');
        const comm = trace.intern('dd');
        const made = records.map((one) => {
          // A change of a zone belongs to no bio.
          const zone = one.kind === TraceKind.zone;
          const each = zone ? { ...one, bio: 0, op: 0, flags: 0 } : one;
          const { kind, timeNs, bio, op, flags, sector, sectors, a, b, c, d } = each;
          trace.record(kind, timeNs, device, comm, bio, op, flags, sector, sectors, a, b, c, d);
          return each;
        });
        expect(trace.length).to.equal(made.length);
        for (const [index, each] of made.entries()) {
          const { kind, ...rest } = each;
          const read = trace.at(index);
          expect(TraceKind[read.kind]).to.equal(kind);
          expect(read).to.include({ ...rest, index, device: 'dm-0', comm: 'dd' });
        }
      }),
    );
  });

  it('reads the same whether it was recorded the quick way or not', () => {
    // A path whose number fills a word came back as a negative one.
    const call = (a: number) => {
      const zeroes = { bio: 0, op: 0, flags: 0, sector: 0, sectors: 0, b: 0, c: 0, d: 0 };
      return { kind: 'syscall', device: 1, comm: 0, a, ...zeroes } as const;
    };
    const event = fc.record({
      kind: fc.constantFrom('bioQueue', 'rqIssue', 'crypt', 'zone', 'syscall', 'syscallEnd'),
      device: fc.nat(2),
      comm: fc.nat(1),
      bio: fc.nat(3),
      op: fc.nat(1),
      flags: fc.nat(1),
      sector: fc.oneof(fc.nat(3), place),
      sectors: fc.oneof(fc.nat(1), word),
      a: fc.oneof(fc.nat(1), fc.integer({ min: -200, max: 0 }), place),
      b: fc.nat(1),
      c: word,
      d: word,
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const now = new Now();
        const quick = new Trace(now);
        const plain = new Trace();
        const sources = new Map<string, TraceSource>();
        const source = (kind: number, device: number): TraceSource => {
          const found = sources.get(`${kind} ${device}`) ?? new TraceSource(kind, device);
          sources.set(`${kind} ${device}`, found);
          return found;
        };
        for (const { kind: name, device, comm, bio: id, op, flags, ...rest } of events) {
          const { sector, sectors, a, b, c, d } = rest;
          const kind = TraceKind[name as keyof typeof TraceKind];
          const bio = { id, op, flags, sector, sectors };
          now.comm = comm;
          if (name === 'zone') {
            quick.recordZone(source(kind, device), sector, sectors, b, op, c, d);
            plain.record(kind, 0, device, comm, 0, 0, 0, sector, sectors, b, op, c, d);
          } else if (name === 'syscall') {
            quick.recordCall(device, sector, sectors, a);
            plain.record(kind, 0, device, comm, 0, 0, 0, sector, sectors, a);
          } else if (name === 'syscallEnd') {
            quick.recordReturn(device, id, sector, a);
            plain.record(kind, 0, device, comm, id, 0, 0, sector, 0, a);
          } else if (name === 'crypt') {
            quick.recordCrypt(source(kind, device), bio, sector, sectors, a, b);
            plain.record(kind, 0, device, comm, id, op, flags, sector, sectors, a, b);
          } else {
            quick.recordBio(source(kind, device), bio, a);
            plain.record(kind, 0, device, comm, id, op, flags, sector, sectors, a);
          }
        }
        expect([...quick.records()]).to.deep.equal([...plain.records()]);
      }),
      { examples: [[[call(0), call(2 ** 31)]]] },
    );
  });

  it('knows the names of more texts than a small record has room for', () => {
    const trace = new Trace();
    for (let i = 0; i < 70_000; i += 1) trace.intern(`/mnt/seq/${i}`);
    const late = trace.intern('late');
    trace.record(TraceKind.bioQueue, 0, late, late, 1, 1, 0, 8, 8);
    expect(trace.at(0)).to.include({ kind: 'bioQueue', device: 'late', comm: 'late', sector: 8 });
  });

  it('keeps the time of each record, also when a line of the log is older than what is before it', () => {
    const trace = new Trace();
    const times = [0, 0, 5, 5, 3, 9, 9];
    for (const timeNs of times) trace.record(TraceKind.step, timeNs, 0, 0, 0, 0, 0, 0, 0);
    expect([...trace.records()].map(({ timeNs }) => timeNs)).to.deep.equal(times);
  });

  it('goes on over many chunks, and stops where it may not grow any more', () => {
    const trace = new Trace();
    trace.maxRecords = 10_000;
    const fill = (): void => {
      for (let i = 0; i < 20_000; i += 1) trace.record(TraceKind.bioQueue, i, 0, 0, i, 1, 0, i, 8);
    };
    expect(fill).to.throw(BudgetExceeded);
    for (const index of [0, 4095, 4096, 9999]) {
      expect(trace.at(index)).to.include({ bio: index, sector: index, timeNs: index });
    }
    expect(() => trace.at(trace.length)).to.throw(RangeError);
  });

  it('begins anew when it was cleared, with the texts it knew', () => {
    const trace = new Trace();
    const device = trace.intern('dm-0');
    for (let i = 0; i < 9000; i += 1) trace.record(TraceKind.bioQueue, i, 0, 0, i, 1, 0, i, 8);
    trace.record(TraceKind.bioQueue, 1, 0, 0, 1, 1, 0, 2 ** 50, 8);
    trace.clear();
    expect(trace.length).to.equal(0);
    for (let i = 0; i < 9000; i += 1) trace.record(TraceKind.bioQueue, 5, device, 0, 1, 1, 0, i, 8);
    expect(trace.length).to.equal(9000);
    expect(trace.at(8999)).to.include({ timeNs: 5, sector: 8999, device: 'dm-0' });
    expect(trace.intern('dm-0')).to.equal(device);
  });

  it('records nothing when it is off', () => {
    const trace = new Trace();
    trace.enabled = false;
    expect(trace.record(TraceKind.bioQueue, 0, 0, 0, 1, 1, 0, 0, 8)).to.equal(-1);
    expect(trace.length).to.equal(0);
  });
});
