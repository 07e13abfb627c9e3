import { expect } from 'chai';
import type { QueueLimits } from '../../src/block/limits.ts';
import { withLimits } from '../../src/block/limits.ts';
import {
  defaultStackingLimits,
  finalizeLimits,
  stackLimits,
  stacksMisaligned,
} from '../../src/block/stack.ts';
import { Bench } from './support.ts';

function stacked(kernel: string, change?: (limits: QueueLimits) => QueueLimits): QueueLimits {
  const bench = new Bench(kernel);
  const bottom = bench.disk().limits;
  const target = stackLimits(bench.host.kernel, defaultStackingLimits(), bottom, 0, 'dm-0');
  const table = stackLimits(
    bench.host.kernel,
    defaultStackingLimits(),
    change?.(target) ?? target,
    0,
    'dm-0',
  );
  return finalizeLimits(bench.host.kernel, table, 'dm-0');
}

const blocks4k = (limits: QueueLimits): QueueLimits =>
  withLimits(limits, { logical_block_size: 4096 }, { floor: 'dm-0', rule: 'crypt' });

describe('stacking', () => {
  it('an append limit of 0 goes up to 6.9, and its origin says who set it', () => {
    const zero = (limits: QueueLimits): QueueLimits =>
      withLimits(limits, { max_zone_append_sectors: 0 }, { floor: 'dm-0', rule: 'crypt' });
    const { value, origin } = stacked('v5.12', zero).max_zone_append_sectors;
    expect(value).to.equal(0);
    expect(origin).to.deep.equal({
      floor: 'dm-0',
      rule: 'stack:min',
      from: { floor: 'dm-0', rule: 'crypt' },
    });
  });

  it('a value from below says so through every floor', () => {
    const { origin } = stacked('v5.12').max_zone_append_sectors;
    expect(origin.from?.from).to.deep.equal({ floor: 'nullb0', rule: 'null_blk' });
  });

  it('a larger block size cuts the sector limits, and from 6.10 on the append limit with them', () => {
    const values = (kernel: string): number[] => {
      const limits = stacked(kernel, blocks4k);
      const { max_hw_sectors, max_zone_append_sectors, zone_write_granularity } = limits;
      return [max_hw_sectors.value, max_zone_append_sectors.value, zone_write_granularity.value];
    };
    expect(values('6.1.192')).to.deep.equal([248, 255, 512]);
    expect(values('6.12.117')).to.deep.equal([248, 248, 4096]);
    expect(values('7.3.4')).to.deep.equal([248, 248, 4096]);
  });

  it('a device that emulates looks native to those above it in 6.12, and not so from 6.13 on', () => {
    const raw = (kernel: string): number => {
      const bench = new Bench(kernel);
      const { limits } = bench.disk({ zone_append_max_sectors: 0 });
      expect(limits.max_zone_append_sectors.value).to.equal(255);
      expect(limits.max_hw_zone_append_sectors.value).to.equal(0);
      const top = stackLimits(bench.host.kernel, defaultStackingLimits(), limits, 0, 'dm-0');
      return top.max_hw_zone_append_sectors.value;
    };
    expect(raw('6.12.117')).to.equal(255);
    expect(raw('7.3.4')).to.equal(0);
  });

  it('a device without a model loses its zone limits', () => {
    const bench = new Bench('v5.12');
    const limits = finalizeLimits(bench.host.kernel, defaultStackingLimits(), 'dm-0');
    expect(limits.max_zone_append_sectors.value).to.equal(0);
    expect(limits.zoned.value).to.equal('none');
  });

  it('a start inside a physical block is misaligned', () => {
    const bench = new Bench('6.12.117');
    const { limits } = bench.disk({ blocksize: 4096 });
    const top = defaultStackingLimits();
    expect(stacksMisaligned(top, limits, 1)).to.equal(true);
    expect(stacksMisaligned(top, limits, 8)).to.equal(false);
  });

  it('an unlimited disk with more than 128 sequential zones advises 128 open ones from 6.10 on', () => {
    const open = (kernel: string, size: number): number =>
      new Bench(kernel).disk({ size, zone_size: 1, zone_nr_conv: 0 }).limits.max_open_zones.value;
    expect(open('6.12.117', 256)).to.equal(128);
    expect(open('6.12.117', 128)).to.equal(0);
    expect(open('6.1.192', 256)).to.equal(0);
  });
});
