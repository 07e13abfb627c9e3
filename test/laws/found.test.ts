/** What the laws found, each in its smallest form. */

import { expect } from 'chai';
import { PatternPayload } from '../../src/block/payload.ts';
import { O } from '../../src/fs/inode.ts';
import { Machine } from '../../src/machine.ts';

const DISK = { size: 16, memory_backed: 1, discard: 1 };

describe('zeroing a range of a device', () => {
  it('leaves the buffered bytes that share a page with it', () => {
    const machine = new Machine({ kernel: '6.12.117', disks: { nullb0: DISK } });
    const { vfs } = machine;
    const process = vfs.newProcess('test');
    const fd = machine.call(vfs.open(process, '/dev/nullb0', O.RDWR));
    const data = new PatternPayload(1, 0, 3 * 4096);
    expect(machine.call(vfs.pwrite(process, fd, data, 0))).to.equal(data.lengthBytes);
    expect(machine.call(vfs.zeroOut(process, fd, 1024, 512))).to.equal(0);
    expect(machine.call(vfs.zeroOut(process, fd, 3584, 8192 - 3584 + 512))).to.equal(0);
    expect(machine.call(vfs.close(process, fd))).to.equal(0);
    const found = machine.open('/dev/nullb0', O.RDONLY | O.DIRECT).pread(data.lengthBytes, 0);
    const wanted = data.bytes().slice().fill(0, 1024, 1536).fill(0, 3584, 8704);
    expect(found).to.deep.equal(wanted);
  });
});
