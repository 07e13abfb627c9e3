/** What the lessons show, against what real kernels were recorded to do (docs/conformance.md; the series run for real). */

import { expect } from 'chai';
import { LessonRun } from '../../src/lessons/run.ts';
import { lesson } from '../support/lesson-files.ts';

const runs = new Map<string, LessonRun>();

/** A fact by its name in the lesson `id`. */
function fact(id: string, name: string): string {
  let run = runs.get(id);
  if (run === undefined) {
    run = new LessonRun(lesson(id));
    runs.set(id, run);
  }
  const [, of, step, own, which] = /^(?:([\w-]+):)?([\w-]+)\.([\w-]+)(?:\.(\d+))?$/.exec(name)!;
  const first = run.lesson.runs[0]!.name;
  const ref = { run: of ?? first, step: step!, fact: own!, text: name };
  return run.fact({ ...ref, which: which === undefined ? null : Number(which) });
}

function all(id: string, expected: Record<string, string | RegExp>): void {
  for (const [name, value] of Object.entries(expected)) {
    if (typeof value === 'string') expect(fact(id, name), name).to.equal(value);
    else expect(fact(id, name), name).to.match(value);
  }
}

describe('what lessons show is what was recorded', function () {
  this.timeout(120_000);

  it('1: the disk takes appends of 130560 bytes, and tells where they went', () => {
    all('01-append', { 'limit.stdout': '130560', 'two.landed': '32896', 'two.told': '32896' });
  });

  it('3: the second append is encrypted for the zone start, lies at 32896, and nobody is told', () => {
    all('03-bug', {
      'first.readback': 'same',
      'second.exit': '0',
      'second.dmesg': 'none',
      'second.iv-sector': '32768',
      'second.landed': '32896',
      'second.told': '32768',
      'second.wrong-from': '65536',
      'btrfs:sync.bios': '9',
      'btrfs:sync.bytes': '126976',
      'btrfs:sync.dmesg': /WARNING: .* at lookup_inline_extent_backref[\s\S]*forced readonly$/,
      'btrfs:read.stderr': 'cat: /mnt/film: No such file or directory',
      'try:second.readback': 'same',
    });
  });

  it('4: patch 1 alone changes nothing; with patch 2 the limit is 0, upwards too', () => {
    all('04-patch-1', {
      'base:limit.stdout': '130560',
      'one:limit.stdout': '130560',
      'one:second.readback': 'different',
      'two:limit.stdout': '0',
      'two:second.path': 'none',
      'try:top.stdout': '0',
    });
  });

  it('5: the warning, and the three holes', () => {
    all('05-patch-2', {
      'map.dmesg':
        'device-mapper: crypt: Zone append is not supported with sector-based IV cyphers',
      'sector:limit.stdout': '0',
      'none:limit.stdout': '130560',
      'zeroes:second.readback': 'same',
      'film:second.told.2': '32768',
      'film:second.readback': 'error',
      'keys:first.readback': 'same',
      'keys:second.readback': 'different',
      'signed:second.readback': 'error',
      'try:second.readback': 'same',
      'try:second.landed.2': '33016',
      'try:second.told.2': '33016',
    });
  });

  it('6: the refusal to the letter; without it one writer is right and two may fail', () => {
    all('06-patch-3', {
      'refused:mount.exit': '32',
      'refused:mount.errno': 'EINVAL',
      'refused:mount.rule': 'btrfs.mount.zone-append-limit',
      'refused:mount.dmesg':
        /zoned: device dm-0 does not support zone append\n.*failed to read device zone info: -22\n.*open_ctree failed$/,
      'lonely:sync.path': 'regular',
      'lonely:sync.readback': 'same',
      'unlucky:both.dmesg': /I\/O error, dev nullb0[\s\S]*errs: wr 1, rd 0/,
      'unlucky:later.exit': '1',
      'try:sync.readback': 'error',
    });
    expect(Number(fact('06-patch-3', 'unlucky:explored.failing'))).to.be.above(0);
  });

  it('7: 0 bytes without patch 4, one plain write of 1 MiB with it', () => {
    all('07-patch-4', {
      'call.stdout': /^wrote 0\/65536 bytes at offset 0/,
      'call.exit': '0',
      'call.dmesg': 'none',
      'write.stderr': /No space left on device\n1\+0 records in\n0\+0 records out/,
      'with:mount.dmesg':
        /^zonefs \(dm-0\): Zone append is not supported: falling back to using regular writes\n/,
      'with:write.path': 'regular',
      'with:write.readback': 'same',
      'with:large.bios': '1',
      'with:large.bytes': '1048576',
      'try:write.path': 'append',
    });
  });

  it('8: one IV for a zone leaks; emulation costs; encryption in the file system does neither', () => {
    all('08-alternatives', {
      'zone:two.equal-within': 'all',
      'zone:two.readback': 'same',
      'sector:two.equal-before': 'all',
      'emulated:two.equal-before': '0',
      'files:two.path': 'append',
      'files:two.equal-before': '0',
      'files:two.file-unit': '16',
      'cost-native:writers.path': 'append',
      'cost-native:writers.readback': 'same',
      'cost-emulated:writers.path': 'emulated-append',
    });
    const ms = (run: string): number => {
      const [value, unit] = fact('08-alternatives', `${run}:writers.time`).split(' ');
      return Number(value) * (unit === 'ms' ? 1 : 0.001);
    };
    expect(ms('cost-emulated')).to.be.above(2 * ms('cost-native'));
    expect(ms('cost-files')).to.be.at.most(ms('cost-native'));
  });

  it('9: emulated in 5.14, regular in zonefs from 6.5 on, by the block layer from 6.10 on', () => {
    all('09-mainline', {
      'second.path': 'emulated-append',
      'second.iv-sector': '32896',
      'second.told': '32896',
      'limit.stdout': '130560',
      'map.dmesg': 'none',
      'v513:second.readback': 'different',
      'v65:second.path': 'regular',
      'v612:map.dmesg': 'device-mapper: zone: dm-0 using emulated zone append',
      'v612-btrfs:second.path': 'emulated-append',
      'v612-btrfs:second.readback': 'same',
      'try:second.readback': 'same',
    });
  });

  it('10: all stacks of 7.3 are right but dm-inlinecrypt, which one line would mend (derived)', () => {
    all('10-today', {
      'z-crypt:write.path': 'regular',
      'b-crypt:write.path': 'emulated-append',
      'b-crypt:write.readback': 'same',
      'bug:write.readback': 'error',
      'bug:map.dmesg': 'device-mapper: zone: dm-0 using native zone append',
      'z-inline:write.readback': 'same',
      'fallback:write.readback': 'error',
      'try:write.readback': 'same',
    });
    expect(fact('10-today', 'write.told.2')).to.equal(fact('10-today', 'write.landed.2'));
    expect(fact('10-today', 'write.iv-sector.2')).to.equal(fact('10-today', 'write.sent.2'));
  });
});
