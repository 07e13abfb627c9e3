/** dm-crypt between device mapper and a zoned disk: what an append through the whole stack does, kernel by kernel. */

import { expect } from 'chai';
import { Op } from '../../../src/block/bio.ts';
import { createNullBlk } from '../../../src/block/null-blk.ts';
import { nullBlkConfig } from '../../../src/block/null-blk-config.ts';
import { PatternPayload, type Payload, samePayload } from '../../../src/block/payload.ts';
import { Status } from '../../../src/block/status.ts';
import { BlockSystem } from '../../../src/block/system.ts';
import { DeviceMapper } from '../../../src/dm/mapper.ts';
import { kernelByName } from '../../../src/kernel/releases.ts';
import { Host } from '../../../src/sim/host.ts';
import { FirstCome } from '../../../src/sim/schedule.ts';
import { KEY32, KEY64 } from './stand.ts';

const ZONE = 32768;
const XTS = `aes-xts-plain64 ${KEY64}`;
const NULL_IV = `aes-cbc-null ${KEY32}`;

class Stack {
  readonly host: Host;
  readonly block: BlockSystem;
  readonly mapper: DeviceMapper;

  constructor(kernel: string, cipher: string) {
    this.host = new Host(kernelByName(kernel), new FirstCome());
    this.block = new BlockSystem(this.host);
    const attributes = { size: 256, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1 };
    const made = nullBlkConfig(this.host.kernel, attributes);
    if (!made.ok) throw new Error(made.kind);
    const place = { name: 'nullb0', index: 0, major: 253, minor: 0 };
    createNullBlk(this.block, { ...place, media: made.media });
    this.mapper = new DeviceMapper(this.block);
    this.mapper.create('t');
    expect(this.mapper.load('t', [`0 524288 crypt ${cipher} 0 /dev/nullb0 0`])).to.equal(0);
    expect(this.mapper.resume('t')).to.equal(0);
  }

  io(
    op: typeof Op.read | typeof Op.write | typeof Op.zoneAppend,
    sector: number,
    data: Payload | null,
  ) {
    const device = this.mapper.device('t')!;
    const { block } = this;
    const bio = block.newBio(device);
    bio.op = op;
    bio.sector = sector;
    bio.sectors = 128;
    bio.payload = data;
    const status = this.host.tasks.runToEnd('test', block.submitAndWait(bio));
    return { status, sector: bio.sector, payload: bio.payload };
  }

  /** Appends two 64 KiB patterns to one zone; the sectors reported, and whether each reads back. */
  appends() {
    const made = [1, 2].map((seed) =>
      this.io(Op.zoneAppend, ZONE, new PatternPayload(seed, 0, 65536)),
    );
    const right = [1, 2].map((seed, i) => {
      const { payload } = this.io(Op.read, ZONE + i * 128, null);
      return samePayload(payload!, new PatternPayload(seed, 0, 65536));
    });
    return { status: made.map((one) => one.status), at: made.map((one) => one.sector), right };
  }
}

const OK = [Status.ok, Status.ok];

describe('two appends to one zone through dm-crypt', () => {
  const cases: [string, string, number[], boolean[]][] = [
    ['v5.12', XTS, [ZONE, ZONE], [true, false]],
    ['v5.12', NULL_IV, [ZONE, ZONE], [true, true]],
    ['v5.12+crypt-returns-written-sector', XTS, [ZONE, ZONE + 128], [true, false]],
    ['v5.12+crypt-returns-written-sector', NULL_IV, [ZONE, ZONE + 128], [true, true]],
    ['v5.12+iv-per-zone', XTS, [ZONE, ZONE], [true, true]],
    ['v5.12+series[1-2]', NULL_IV, [ZONE, ZONE], [true, true]],
    ['v5.14', XTS, [ZONE, ZONE + 128], [true, true]],
    ['6.1.192', XTS, [ZONE, ZONE + 128], [true, true]],
    ['7.3.4', NULL_IV, [ZONE, ZONE + 128], [true, true]],
  ];
  for (const [kernel, cipher, at, right] of cases) {
    it(`${kernel}, ${cipher.split(' ')[0]}: reported at ${at.join(' and ')}, read back ${right.join(' and ')}`, () => {
      expect(new Stack(kernel, cipher).appends()).to.deep.equal({ status: OK, at, right });
    });
  }

  it('fail with a sector IV under the series, because the limit is 0', () => {
    const { status } = new Stack('v5.12+series[1-2]', XTS).appends();
    expect(status).to.deep.equal([Status.ioError, Status.ioError]);
  });

  it('show in the trace which IV each began with', () => {
    const ivs = (kernel: string): number[] => {
      const stack = new Stack(kernel, XTS);
      stack.appends();
      const records = [...stack.host.trace.records()].filter((one) => one.kind === 'crypt');
      return records.map((one) => one.sector);
    };
    expect(ivs('v5.12')).to.deep.equal([ZONE, ZONE, ZONE, ZONE + 128]);
    expect(ivs('v5.14')).to.deep.equal([ZONE, ZONE + 128, ZONE, ZONE + 128]);
  });
});
