/** Laws of kernel records: every patch is exactly its edits, and whatever a record names has a body. */

import { expect } from 'chai';
import fc from 'fast-check';
import { bioRules } from '../../src/block/rules.ts';
import { areaRules } from '../../src/dm/area-rules.ts';
import { reloadRules, zonedRules } from '../../src/dm/zoned-rules.ts';
import { MOUNT_RULES, ZONED_MODE_RULES } from '../../src/fs/btrfs/mount-rules.ts';
import { SUPER_RULES } from '../../src/fs/btrfs/super-rules.ts';
import { superRules } from '../../src/fs/zonefs/super-rules.ts';
import { zoneRules } from '../../src/fs/zonefs/zone-rules.ts';
import { kernelDifferences } from '../../src/kernel/diff.ts';
import { applyPatch, type Edit, type Group, type Patch } from '../../src/kernel/edit.ts';
import { type Kernel, v510 } from '../../src/kernel/kernel.ts';
import {
  arrivals,
  buildPatches,
  builds,
  KernelError,
  kernelByName,
  kernelWith,
  patches,
  releases,
} from '../../src/kernel/releases.ts';
import { law, pick } from './support.ts';

const GROUPS: readonly Group[] = ['block', 'dm', 'crypt', 'zonefs', 'btrfs'];
const BASES = [...releases, ...builds].map(({ id }) => id);
const OURS = [...patches.values()].filter(({ kind }) =>
  ['series', 'variant', 'what-if'].includes(kind),
);

/** Lists of rule ids in a record, and the tables that hold their bodies. */
const TABLES: Readonly<Record<string, ReadonlyMap<string, unknown>>> = {
  'block.appendRules': bioRules,
  'block.zoneManagementRules': bioRules,
  'dm.areaRules': areaRules,
  'dm.zonedRules': zonedRules,
  'dm.reloadRules': reloadRules,
  'zonefs.superRules': superRules,
  'zonefs.zoneRules': zoneRules,
  'btrfs.mountRules': MOUNT_RULES,
  'btrfs.zonedModeRules': ZONED_MODE_RULES,
  'btrfs.superRules': SUPER_RULES,
};

function answers(kernel: Kernel): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const group of GROUPS) {
    for (const [key, value] of Object.entries(kernel[group])) out[`${group}.${key}`] = value;
  }
  return out;
}

/** What an edit makes of a value, said once more than in src/kernel/edit.ts. */
function edited(value: unknown, edit: Edit): unknown {
  if ('to' in edit) return edit.to;
  const list = value as readonly string[];
  if ('remove' in edit) return list.filter((item) => item !== edit.remove);
  const out = [...list];
  const anchor = edit.before ?? edit.after;
  const at = anchor === undefined ? out.length : out.indexOf(anchor);
  out.splice(edit.after === undefined ? at : at + 1, 0, edit.insert);
  return out;
}

/** Applies `patch` and expects every answer to be what its edits say, and all others as before. */
function expectExactly(before: Kernel, patch: Patch): Kernel {
  const after = applyPatch(before, patch);
  const wanted = answers(before);
  for (const edit of patch.edits) wanted[edit.path] = edited(wanted[edit.path], edit);
  expect(answers(after), `${patch.id} on ${before.name}`).to.deep.equal(wanted);
  return after;
}

/** A record from `v510` and every patch on the way, each checked. */
function grown(base: string): Kernel {
  const build = builds.find(({ id }) => id === base);
  let kernel = v510;
  const last = releases.findIndex(({ id }) => id === (build?.base ?? base));
  for (const { id } of releases.slice(1, last + 1)) {
    for (const patch of arrivals(id)) kernel = expectExactly(kernel, patch);
  }
  for (const id of build === undefined ? [] : buildPatches(build.id)) {
    kernel = expectExactly(kernel, patches.get(id)!);
  }
  return kernel;
}

describe('kernel records', () => {
  for (const base of BASES) {
    it(`${base} is v5.10 and its patches, each exactly its edits`, () => {
      const kernel = grown(base);
      expect(answers(kernel)).to.deep.equal(answers(kernelByName(base)));
      expect(kernelByName(base).patches).to.deep.equal(kernel.patches);
    });
  }

  it('a patch changes what it names: none has an edit without effect', () => {
    const idle = [...patches.values()].flatMap(({ id, edits }) =>
      edits.filter((edit) => 'to' in edit && edit.from === edit.to).map(({ path }) => [id, path]),
    );
    expect(idle).to.deep.equal([]);
  });

  it('every patch of mainline is in some kernel', () => {
    const used = new Set(BASES.flatMap((base) => kernelByName(base).patches));
    const unused = [...patches.values()].filter(({ id, kind }) => {
      return (kind === 'mainline' || kind === 'backport') && !used.has(id);
    });
    expect(unused.map(({ id }) => id)).to.deep.equal([]);
  });

  law(
    'any patches of ours on any kernel apply as a whole, or fail with a code and both sides',
    300,
    fc.property(
      pick(BASES),
      fc.uniqueArray(pick(OURS), { maxLength: 5, selector: ({ id }) => id }),
      (base, chosen) => {
        const ids = chosen.map(({ id }) => id);
        let kernel: Kernel;
        try {
          kernel = kernelWith(base, ids);
        } catch (error) {
          expect(error).to.be.instanceOf(KernelError);
          const { code, message } = error as KernelError;
          expect(code).to.be.oneOf(['patch-conflict', 'patch-missing-prerequisite']);
          expect(ids.some((id) => message.includes(`"${id}"`))).to.equal(true);
          return;
        }
        let same = kernelByName(base);
        for (const patch of chosen) same = expectExactly(same, patch);
        expect(answers(kernel)).to.deep.equal(answers(same));
        const paths = new Set(chosen.flatMap(({ edits }) => edits.map(({ path }) => path)));
        const difference = kernelDifferences(kernelByName(base), kernel);
        expect(difference.answers.map(({ path }) => path)).to.have.members([...paths]);
        expect(difference.patchesOnlyInB).to.deep.equal(ids);
      },
    ),
  );

  law(
    'any text for a kernel is one, or fails with a code',
    300,
    fc.property(
      fc.array(
        fc.oneof(
          pick([...BASES, '+', '+series', '[1-2]', '[', ']', '+iv-per-zone', '[9]', '-', ',']),
          fc.string({ maxLength: 4 }),
        ),
        { maxLength: 6 },
      ),
      (parts) => {
        try {
          kernelByName(parts.join(''));
        } catch (error) {
          expect(error).to.be.instanceOf(KernelError);
        }
      },
    ),
  );

  for (const base of BASES) {
    it(`every rule that ${base} names has a body`, () => {
      const said = answers(kernelByName(base));
      const lists = Object.keys(said).filter((path) => path.endsWith('Rules'));
      expect(lists).to.have.members(Object.keys(TABLES));
      for (const path of lists) {
        for (const id of said[path] as string[]) {
          expect(TABLES[path]!.has(id), `${path}: ${id}`).to.equal(true);
        }
      }
    });
  }

  it('every rule with a body is asked by some kernel, ours or patched', () => {
    const named = new Set<string>();
    const all = [...BASES, 'v5.12+series'].map((name) => answers(kernelByName(name)));
    for (const said of all) {
      for (const path of Object.keys(TABLES)) {
        for (const id of said[path] as string[]) named.add(id);
      }
    }
    const bodies = Object.values(TABLES).flatMap((table) => [...table.keys()]);
    const unasked = [...new Set(bodies)].filter((id) => !named.has(id));
    expect(unasked).to.deep.equal([]);
  });
});
