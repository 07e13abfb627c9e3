import { expect } from 'chai';
import { Machine } from '../../src/machine.ts';

/** Recorded on 5.10.262 and 6.12.117 with a disk that fails reads of sector 80 and writes of sector 160. */
const DISK = { size: 64, blocksize: 4096, memory_backed: 1 } as const;

function machine(kernel: string): Machine {
  const on = new Machine({ kernel, disks: { nullb0: DISK } });
  on.run('dmsetup create t --table "0 65536 linear /dev/nullb0 0"');
  return on;
}

function failing(on: Machine, op: 'read' | 'write', after: number, times = 1): void {
  const deed = { kind: 'status', status: 'medium', done: false } as const;
  on.faults('nullb0').arm({ op, after, times, deed });
}

/** What `command` says first, and the log lines behind it without what differs between kernels. */
function told(on: Machine, command: string): string[] {
  const from = on.log.lines.length;
  const { stderr } = on.run(command);
  const log = on.log
    .since(from)
    .map((line) => line.replace('blk_update_request: ', '').replace(/ phys_seg.*$/, ''));
  return [stderr.split('\n')[0]!, ...log];
}

const read = (device: string, block: number, count: number): string =>
  `dd if=/dev/${device} of=/dev/null bs=${count * 4}k count=1 skip=${block / count}`;

describe('buffered I/O on a device that fails', () => {
  for (const kernel of ['5.10.262', '6.12.117']) {
    it(`${kernel}: a page that readahead did not bring is read again by itself`, () => {
      const on = machine(kernel);
      failing(on, 'read', 0);
      expect(told(on, read('nullb0', 10, 1))).to.deep.equal([
        '1+0 records in',
        'critical medium error, dev nullb0, sector 80 op 0x0:(READ) flags 0x80700',
      ]);
    });

    it(`${kernel}: one that fails again is an I/O error, whatever the disk said, and a line of its own`, () => {
      const on = machine(kernel);
      failing(on, 'read', 0, 2);
      expect(told(on, read('nullb0', 10, 1))).to.deep.equal([
        "dd: error reading '/dev/nullb0': Input/output error",
        'critical medium error, dev nullb0, sector 80 op 0x0:(READ) flags 0x80700',
        'critical medium error, dev nullb0, sector 80 op 0x0:(READ) flags 0x0',
        'Buffer I/O error on dev nullb0, logical block 10, async page read',
      ]);
      const mapped = machine(kernel);
      failing(mapped, 'read', 0, 2);
      expect(told(mapped, read('mapper/t', 10, 1)).at(-1)).to.equal(
        'Buffer I/O error on dev dm-0, logical block 10, async page read',
      );
    });

    it(`${kernel}: what is before it is read, without readahead of it`, () => {
      const on = machine(kernel);
      failing(on, 'read', 0, 2);
      on.run(read('nullb0', 10, 1));
      const from = on.trace.length;
      // Two reads of what is around it go well.
      failing(on, 'read', 2, 9);
      const lines = told(on, read('nullb0', 8, 4));
      expect(lines[0]).to.equal('0+1 records in');
      const sent = [...on.trace.records(from, on.trace.length)].flatMap(
        ({ kind, sector, sectors }) => (kind === 'rqIssue' ? [`${sector}+${sectors}`] : []),
      );
      const tries = kernel === '5.10.262' ? ['80+8'] : ['80+8', '80+8'];
      expect(sent).to.deep.equal(['64+16', '88+8', ...tries]);
    });

    it(`${kernel}: a page that is written in part has to be read first, and alone`, () => {
      const on = machine(kernel);
      failing(on, 'read', 0);
      const write = 'dd if=/dev/pattern/1 of=/dev/nullb0 bs=512 count=1 seek=81 conv=notrunc';
      expect(told(on, write)).to.deep.equal([
        "dd: error writing '/dev/nullb0': Input/output error",
        'critical medium error, dev nullb0, sector 80 op 0x0:(READ) flags 0x0',
      ]);
    });

    it(`${kernel}: pages that cannot be written are lost, a line each`, () => {
      const on = machine(kernel);
      failing(on, 'write', 0);
      const write = 'dd if=/dev/pattern/1 of=/dev/nullb0 bs=8k count=1 seek=10 conv=notrunc,fsync';
      expect(told(on, write)).to.deep.equal([
        "dd: fsync failed for '/dev/nullb0': Input/output error",
        'critical medium error, dev nullb0, sector 160 op 0x1:(WRITE) flags 0x800',
        'Buffer I/O error on dev nullb0, logical block 20, lost async page write',
        'Buffer I/O error on dev nullb0, logical block 21, lost async page write',
      ]);
    });

    it(`${kernel}: device mapper sends a flush on as the empty write it was`, () => {
      const on = new Machine({ kernel, disks: { nullb0: { ...DISK, cache_size: 8 } } });
      on.run('dmsetup create t --table "0 65536 linear /dev/nullb0 0"');
      const from = on.trace.length;
      expect(on.run('sync /dev/mapper/t').exit).to.equal(0);
      const bios = [...on.trace.records(from, on.trace.length)].flatMap(
        ({ kind, device, op, sector, sectors }) =>
          kind === 'bioQueue' ? [`${device} ${op} ${sector}+${sectors}`] : [],
      );
      expect(bios).to.deep.equal(['dm-0 1 0+0', 'nullb0 1 0+0']);
    });
  }
});
