/** Every mount option, as three real kernels took it: conformance/recorded, cells mount/btrfs-opts. */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { mkfsBtrfs } from '../../../src/shell/mkfs-btrfs.ts';
import { Rig } from './rig.ts';

interface Op {
  readonly op: string;
  readonly args: string;
  readonly ret: number;
  readonly errno?: string;
  readonly lines: readonly string[];
  readonly mounted: boolean;
  readonly opts: string;
}

/** The order in which the cells were recorded: each mount goes on from what the one before left on the disk. */
const ORDER =
  'nodatacow nodatasum datacow datasum space_cache space_cache=v1 space_cache=v2 nospace_cache clear_cache discard ' +
  'discard=sync discard=async nodiscard ssd ssd_spread nossd compress compress=zstd compress-force=lzo inode_cache ' +
  'norecovery nologreplay rescue=nologreplay rescue=usebackuproot rescue=all rescue=ibadroots degraded autodefrag ' +
  'noautodefrag notreelog treelog max_inline=0 max_inline=2048 commit=1 commit=0 commit=400 thread_pool=2 ' +
  'thread_pool=0 flushoncommit nobarrier barrier skip_balance user_subvol_rm_allowed check_int enospc_debug ' +
  'fatal_errors=panic metadata_ratio=4 fragment=all subvolid=256 subvol=nope device=/dev/nosuch bogus_opt acl noacl ' +
  'rescan_uuid_tree usebackuproot recovery nodatacow,compress discard,nodatasum space_cache=v1,ro ' +
  'ro ro,norecovery ro,nologreplay ro,rescue=nologreplay ro,rescue=all remount';

const RECORDED = new URL('../../../conformance/recorded/', import.meta.url);

for (const [kernel, file] of [
  ['6.1.192', '6.1'],
  ['6.12.117', '6.12'],
  ['7.3.4', '7.3'],
] as const) {
  describe(`btrfs mount options on ${kernel}`, () => {
    const facts: Record<string, readonly Op[]> = JSON.parse(
      readFileSync(new URL(`${file}/mount.json`, RECORDED), 'utf8'),
    ).facts;
    const disk = { size: 128, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1 };
    const rig = new Rig(kernel, { base: disk });
    const uuid = '11111111-2222-3333-4444-555555555555';
    before(() => {
      const argv = ['-f', '-q', '-U', uuid, '-O', 'zoned', '-d', 'single', '-m', 'single'];
      rig.run(mkfsBtrfs, 'mkfs.btrfs', ...argv, '/dev/base');
      rig.dmesg();
    });
    for (const name of ORDER.split(' ')) {
      it(`${name} is taken, refused, logged and shown as recorded`, () => {
        const ops = facts[`mount/btrfs-opts/${name}`]!;
        expect(play(rig, ops)).to.deep.equal(ops.map(recorded));
      });
    }
  });
}

function recorded(op: Op): unknown {
  if (op.op === 'mount') return ['mount', op.args, op.ret === 0 ? 'ok' : op.errno];
  if (op.op === 'dmesg') return op.lines;
  if (op.op === 'mountopts') return op.opts;
  return [op.op, op.ret];
}

function play(rig: Rig, ops: readonly Op[]): unknown[] {
  return ops.map((op, at) => {
    if (op.op === 'mount') {
      const [source = '', , , flags, data = ''] = op.args.split(' ');
      const how = { readOnly: flags === 'ro', remount: flags === 'remount' };
      // kflush between mount and remount forgets the mount's lines, and is not among the recorded ops.
      const result = rig.mount(source, data === '-' ? '' : data, how);
      if (ops[at + 1]?.op !== 'dmesg') rig.dmesg();
      return ['mount', op.args, result];
    }
    if (op.op === 'dmesg') return rig.dmesg();
    if (op.op === 'mountopts') {
      const shown = rig.shown();
      return shown === null ? '' : `${rig.readOnly() ? 'ro' : 'rw'},relatime,${shown}`;
    }
    rig.umount();
    rig.dmesg();
    return ['umount', 0];
  });
}
