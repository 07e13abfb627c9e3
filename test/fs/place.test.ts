/** Laws of path walking. */

import { expect } from 'chai';
import { InodeNumbers } from '../../src/fs/host/pseudo.ts';
import { RamDirectory, RamLink, RamSpace } from '../../src/fs/host/ram.ts';
import { MountTable } from '../../src/fs/mounts.ts';
import { Walker } from '../../src/fs/place.ts';
import { errno } from '../../src/kernel/errno.ts';

function walker(links: Readonly<Record<string, string>>): Walker {
  const space = new RamSpace(new InodeNumbers());
  const root = new RamDirectory(space);
  root.ensure('dir').ensure('sub');
  for (const [name, target] of Object.entries(links)) {
    const at = name.startsWith('dir/') ? root.ensure('dir') : root;
    at.add(name.replace('dir/', ''), new RamLink(space, target));
  }
  return new Walker(root, new MountTable());
}

function pathOf(walk: Walker, path: string, follow = true, cwd = '/'): string | number {
  const place = walk.resolve(cwd, path, follow);
  return typeof place === 'number' ? place : place.path;
}

describe('a walk', () => {
  it('ends on the canonical path, whichever way it went', () => {
    const walk = walker({ abs: '/dir/sub', 'dir/rel': 'sub', 'dir/up': '../dir/rel' });
    for (const path of ['/dir/sub', '/abs', '/dir/rel', '/dir/up', '/abs/.', '/dir/sub/../rel/']) {
      expect(pathOf(walk, path), path).to.equal('/dir/sub');
    }
    expect(pathOf(walk, 'rel', true, '/dir')).to.equal('/dir/sub');
  });

  it('takes `..` of the root as the root', () => {
    expect(pathOf(walker({}), '/../../dir')).to.equal('/dir');
  });

  it('ends on a link itself only when it is last, unfollowed and without a slash behind it', () => {
    const walk = walker({ abs: '/dir' });
    expect(pathOf(walk, '/abs', false)).to.equal('/abs');
    expect(pathOf(walk, '/abs/', false)).to.equal('/dir');
    expect(pathOf(walk, '/abs/sub', false)).to.equal('/dir/sub');
  });

  it('gives up with ELOOP after forty links', () => {
    const chain = Object.fromEntries(
      Array.from({ length: 41 }, (_, i) => [`l${i}`, i === 0 ? '/dir' : `/l${i - 1}`]),
    );
    const walk = walker({ ...chain, round: '/round' });
    expect(pathOf(walk, '/l39')).to.equal('/dir');
    expect(pathOf(walk, '/l40')).to.equal(-errno.ELOOP);
    expect(pathOf(walk, '/round')).to.equal(-errno.ELOOP);
    expect(pathOf(walk, '/round/x')).to.equal(-errno.ELOOP);
  });

  it('ends with ENOENT where a link leads nowhere', () => {
    expect(pathOf(walker({ lost: '/nowhere' }), '/lost')).to.equal(-errno.ENOENT);
  });
});
