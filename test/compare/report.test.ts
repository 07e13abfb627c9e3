import { expect } from 'chai';
import { PROFILE_NAMES } from '../../src/block/profiles/profile.ts';
import { profiles } from '../../src/block/profiles/profiles.ts';
import { distance, validate } from '../../src/block/profiles/validate.ts';
import { compareCsv } from '../../src/compare/data.ts';
import { comparePage } from '../../src/compare/html.ts';
import { escaped } from '../../src/compare/markup.ts';
import type { ComparisonResult } from '../../src/compare/result.ts';
import { compareSvg } from '../../src/compare/svg.ts';
import { compareText } from '../../src/compare/text.ts';
import { type ProfileTrust, trust, validationText } from '../../src/compare/validation.ts';
import { compared, DISKS } from './support.ts';

const HOSTILE = `<script>alert("1")</script> & 'quotes'`;
const plain = (_style: string, text: string): string => text;

describe('reports of a comparison', function () {
  this.timeout(60_000);
  let result: ComparisonResult;
  let page = '';
  let svg = '';
  before(() => {
    result = compared({
      title: HOSTILE,
      workloads: [
        `{ name: '<b onload=x>=1+1', target: zonefs, io: sync, block: [4k, 64k], jobs: 2, size: 128k }`,
      ],
      kernels: `[{ name: '<img src=x>', kernel: v5.12 }, v5.12+series, { name: '=cmd', kernel: v6.12 }]`,
      ciphers: `[raw, { name: '"xts"', cipher: aes-xts-plain64 }]`,
      disks: DISKS,
    });
    page = comparePage(result);
    svg = compareSvg(result);
  });

  it('text fits 80 columns, with details, too', () => {
    const text = compareText(result, plain, true);
    expect(text.split('\n').filter((line) => line.length > 80)).to.deep.equal([]);
    expect(text).to.match(/^2 workloads x 3 kernels x 2 ciphers x \d+ disks?; simulated time$/m);
  });

  it('the answer comes first, and a wrong answer shows no number', () => {
    const text = compareText(result, plain);
    const lines = text.split('\n');
    expect(lines.indexOf('Answer')).to.be.below(5);
    expect(text).to.match(/<img src=x> +\d+ +[\d.]+ +[\d.]+ GARBAGE$/m);
  });

  it('nothing a file says becomes markup', () => {
    for (const markup of [page, svg]) {
      expect(markup).not.to.match(/<script|<img|<b |alert\("/);
      expect(markup).to.include(escaped(HOSTILE));
      expect(markup).to.include('&lt;img src=x&gt;');
    }
  });

  it('page and picture need nothing from elsewhere', () => {
    for (const markup of [page, svg]) {
      const addresses = [...markup.matchAll(/(?:https?:)?\/\/[^\s"'<)]+/g)].map(([one]) => one);
      const foreign = addresses.filter((one) => one !== 'http://www.w3.org/2000/svg');
      expect(foreign).to.deep.equal([]);
      expect(markup).not.to.match(/@import|url\(|\bsrc=(?!x)|<link|<iframe/);
    }
    expect(page).to.include("default-src 'none'");
  });

  it('page and picture are well-formed: every element is closed in order', () => {
    for (const markup of [page.replace('<!doctype html>', ''), svg]) {
      const open: string[] = [];
      for (const [, end, name, rest] of markup.matchAll(/<(\/?)([a-z][a-z0-9]*)([^>]*)>/gi)) {
        if (name === 'meta' || name === 'br' || rest!.endsWith('/')) continue;
        if (end === '') open.push(name!);
        else expect(open.pop()).to.equal(name);
      }
      expect(open).to.deep.equal([]);
    }
  });

  it('both know light and dark', () => {
    for (const markup of [page, svg]) expect(markup).to.include('prefers-color-scheme:dark');
  });

  it('the page has a panel for each workload, disk and plot', () => {
    expect(page.match(/<svg /g)).to.have.length(2 * 3 * 2);
  });

  it('CSV has as many fields in each row as in its head, and no formulas', () => {
    const rows = compareCsv(result).trimEnd().split('\r\n').map(fieldsOf);
    expect(rows).to.have.length(1 + result.cells.length);
    for (const row of rows) expect(row).to.have.length(rows[0]!.length);
    expect(rows.flat().filter((one) => /^[=+@]/.test(one))).to.deep.equal([]);
    const at = rows[0]!.indexOf('bytesPerSecond');
    const [first] = result.cells;
    if (first!.outcome.kind !== 'measured') throw new Error('the first cell expected to run');
    expect(Number(rows[1]![at])).to.equal(first!.outcome.measured.bytesPerSecond);
  });
});

function fieldsOf(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare!,
  );
}

describe('what is said of the clocks', function () {
  this.timeout(60_000);
  let all: readonly ProfileTrust[];
  before(() => {
    all = trust();
  });

  /** How far the worst row that was not fitted on may be: named, so that a worse model is noticed. */
  const WORST = {
    null_blk: ['null_blk, plugging + none, random 4K QD16', 2.2],
    zn540: ['ZNS 1 TB, plugging + none, 4K QD16', 1.4],
    'smr-hdd': ['SMR 20 TB, plugging + none, 4K QD16', 1.15],
  } as const;

  for (const profile of PROFILE_NAMES) {
    it(`${profile}: the worst row it was not fitted on is known, and within its bound`, () => {
      const { worst, held, middle } = all.find((one) => one.profile === profile)!;
      const [name, bound] = WORST[profile];
      expect(worst.name).to.equal(name);
      expect(distance(worst)).to.be.below(bound);
      expect(held.every(({ fitted }) => !fitted)).to.equal(true);
      expect(middle).to.be.below(1.3);
      const judged = validate(profiles[profile]).rows;
      expect(held.map(({ name: one }) => one)).to.deep.equal(
        judged.filter(({ fitted }) => !fitted).map(({ name: one }) => one),
      );
    });
  }

  it('every such row is printed with its ratio, in 80 columns, the worst first of all', () => {
    const text = validationText(all);
    expect(text.split('\n').filter((line) => line.length > 80)).to.deep.equal([]);
    const rows = text.match(/ (?:us|ms|kIOPS|MB\/s) +\d+\.\d\d$/gm);
    expect(rows).to.have.length(all.reduce((sum, { held }) => sum + held.length, 0));
    expect(text.replaceAll('\n', ' ')).to.match(
      /^\d+ published rows .* model \/ published 2\.12\./,
    );
  });

  it('what the whole stack writes is what was published of it: null_blk, 4K QD1, within 5 %', () => {
    const { cells } = compared({
      workloads: ['{ target: raw, io: sync, block: 4k, size: 1m }'],
      kernels: '[v6.5, v6.12]',
      ciphers: '[raw]',
      disks: { null_blk: DISKS.null_blk },
    });
    const rates = cells.map(({ outcome }) =>
      outcome.kind === 'measured' ? outcome.measured.bytesPerSecond / 1e6 : 0,
    );
    expect(rates[0]! / 940, 'zone write locking').to.be.within(0.95, 1.05);
    expect(rates[1]! / 2639, 'zone write plugging, none').to.be.within(0.95, 1.05);
  });
});
