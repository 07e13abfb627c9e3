import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { type Op, Replay } from './replay.ts';
import { CBC_KEY, Rig, XTS_KEY } from './rig.ts';

const RECORDED = new URL('../../../../conformance/recorded/', import.meta.url);
const KERNELS = [
  ['v5.12', 'v5.12'],
  ['v5.12+1-2', 'v5.12+series[1-2]'],
  ['v5.12+1-3', 'v5.12+series[1-3]'],
  ['v5.12+1-4', 'v5.12+series'],
  ['v5.12+3', 'v5.12+series[3]'],
  ['v5.14', 'v5.14'],
  ['whatif-v5.12-sector-returned', 'v5.12+crypt-returns-written-sector'],
] as const;
const STACKS = {
  raw: null,
  'aes-xts-plain64': `crypt aes-xts-plain64 ${XTS_KEY} 0 /dev/nullb0 0 1 no_write_workqueue`,
  'aes-cbc-null': `crypt aes-cbc-null ${CBC_KEY} 0 /dev/nullb0 0 1 no_write_workqueue`,
};
const CELLS = ['mount', 'write-1M', 'umount', 'remount', 'read-whole', 'read-4K'];

describe('btrfs formatted under 5.12 and used as recorded', () => {
  for (const [folder, kernel] of KERNELS) {
    const text = readFileSync(new URL(`${folder}/series.json`, RECORDED), 'utf8');
    const { facts } = JSON.parse(text) as { facts: Record<string, Op[]> };
    for (const [stack, table] of Object.entries(STACKS)) {
      it(`${kernel} on ${stack}: calls, log, every bio and what reads bring are the recorded ones`, () => {
        const base = new Rig({ kernel: 'v5.12', table });
        base.mkfs();
        const replay = new Replay(base.reboot({ kernel }));
        for (const cell of CELLS) replay.run(facts[`${stack}/btrfs/${cell}`] ?? []);
        expect(replay.differences).to.deep.equal([]);
      });
    }
  }
});
