/** `zonestack iv`: the worked numbers of IVs, and what it says of bad input. */

import { expect } from 'chai';
import { kernelByName } from '../../src/kernel/releases.ts';
import { IvError, ivReport, ivText } from '../../src/report/iv.ts';

const K1 = Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0')).join('');
const K2 = Array.from({ length: 32 }, (_, i) => (i + 32).toString(16)).join('');

function report(table: string, sector: number, data: number[] = [], sentAs: number | null = null) {
  const kernel = kernelByName('v6.12');
  return ivReport({ kernel, table, sector, data: Uint8Array.from(data), sentAs });
}

describe('the story of an IV', () => {
  const cases: [string, number, string, string | null][] = [
    [`aes-cbc-plain ${K1}`, 4294967297, `01${'00'.repeat(15)}`, null],
    [`aes-cbc-plain64be ${K1}`, 8192, `${'00'.repeat(14)}2000`, null],
    [`aes-cbc-benbi ${K1}`, 8200, `${'00'.repeat(12)}00040101`, null],
    [`aes-cbc-essiv:sha256 ${K1}`, 8, `08${'00'.repeat(15)}`, '34d7e09b76f1336e9ff7d7c4e0332ba5'],
    [`aes-cbc-eboiv ${K1}`, 1, '4c8e276c12f709bb95af22c72f0eb1e5', null],
    [`aes-cbc-elephant ${K1}${K2}`, 8192, 'da47201ccd056c2cf3d9a817e91ac59d', null],
    [
      `aes-cbc-tcw ${K1}${keyBytes(0xa0, 16)}${keyBytes(0xc0, 16)}`,
      8192,
      'a081a2a3a4a5a6a7a889aaabacadaeaf',
      null,
    ],
  ];
  for (const [front, sector, iv, encrypted] of cases) {
    it(`of ${front.split(' ')[0]} at sector ${sector} is the worked number`, () => {
      const { story } = report(`${front} 0 /dev/x 0`, sector);
      expect(story.iv).to.equal(iv);
      expect(story.encryptedIv).to.equal(encrypted);
      expect(story.ivSector).to.equal(String(sector));
    });
  }

  it('of lmk is made of the data', () => {
    const data = Array.from({ length: 256 }, (_, i) => i);
    const { story } = report(`aes:64-cbc-lmk ${K1.repeat(64)} 0 /dev/x 0`, 8200, data);
    expect(story.iv).to.equal('4d4631cd257d39ec232554a9db3d9742');
    expect(story.subkey).to.equal(8);
    expect(story.subkeys).to.equal(64);
  });

  it('of elephant shows the first bytes a real kernel wrote', () => {
    const data = Array.from({ length: 256 }, (_, i) => i);
    const { story } = report(`aes-cbc-elephant ${K1}${K2} 0 /dev/x 0`, 8192, data);
    expect(story.after).to.equal('62b207e10a6548fac54f2d9faf30d4e5');
  });

  it('says what an append at the start of its zone is read back as', () => {
    const found = report(
      `0 524288 crypt aes-xts-plain64 ${K1}${K2} 0 /dev/x 0`,
      8200,
      [0x22],
      8192,
    );
    expect(found.story.after).to.match(/^292ee1c1/);
    expect(found.sent!.after).to.match(/^0589b704/);
    expect(found.misread).to.be.a('string').and.not.equal(found.story.before);
    const same = report(`aes-cbc-null ${K1} 0 /dev/x 0`, 8200, [0x22], 8192);
    expect(same.misread).to.equal(null);
    expect(ivText(same)).to.include('as it was written');
  });

  it('counts units, adds iv_offset, and takes offsets no number holds', () => {
    const line = `aes-cbc-plain64 ${K1} 18446744073709551608 /dev/x 0 2 sector_size:4096 iv_large_sectors`;
    const { story } = report(line, 19);
    expect(story.unitSector).to.equal(16);
    // The kernel's sum wraps at 2^64.
    expect(story.ivSector).to.equal('1');
    expect(story.iv).to.equal(`01${'00'.repeat(15)}`);
    expect(story.ivSectorHow).to.equal('(16 + 18446744073709551608) / 8');
  });

  it('counts from where its line begins', () => {
    const table = `0 16 linear /dev/y 0;16 16 crypt aes-cbc-plain64 ${K1} 0 /dev/x 0`;
    expect(report(table, 20).story.ivSector).to.equal('4');
    expect(() => report(table, 3)).to.throw(IvError, 'no crypt line');
    expect(() => report(table, 64)).to.throw(IvError, 'no crypt line');
  });

  it('refuses what a kernel refuses, in its words, and never shows the key', () => {
    for (const [table, text] of [
      [`aes-cbc-bogus ${K1} 0 /dev/x 0`, 'Invalid IV mode'],
      [`aes-cbc-plain ${K1}zz 0 /dev/x 0`, 'Error decoding and setting key'],
      ['aes-cbc-plain :32:logon:a:b 0 /dev/x 0', 'hexadecimal'],
      ['aes-cbc-plain', 'Not enough arguments'],
      ['', 'empty'],
      ['0 8 linear /dev/x 0', 'has no IVs'],
    ] as const) {
      expect(() => report(table, 0))
        .to.throw(IvError, text)
        .and.satisfy(({ message }: Error) => !message.includes('0001020304'));
    }
  });

  it('never holds the key in text or data', () => {
    const found = report(`aes-xts-plain64 ${K1}${K2} 0 /dev/x 0`, 8200, [0x22], 8192);
    for (const text of [ivText(found), JSON.stringify(found)]) {
      expect(text.replaceAll(/\s/g, '')).not.to.include(K1.slice(0, 12));
      expect(text.replaceAll(/\s/g, '')).not.to.include(K2.slice(0, 12));
    }
  });
});

function keyBytes(from: number, count: number): string {
  return Array.from({ length: count }, (_, i) => (from + i).toString(16)).join('');
}
