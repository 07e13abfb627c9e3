import { expect } from 'chai';
import fc from 'fast-check';
import { alignedRows } from '../../src/shell/columns.ts';
import { ddNumber } from '../../src/shell/dd-operands.ts';
import { parseMode } from '../../src/shell/file-mode.ts';
import { getopt } from '../../src/shell/getopt.ts';
import { gnuSize, utilLinuxSize, xfsSize } from '../../src/shell/human.ts';
import { quoted, utf8ToText } from '../../src/shell/text.ts';

const SPECS = [
  { short: 'f', long: 'force' },
  { short: 'o', long: 'offset', argument: 'required' },
  { long: 'format', argument: 'optional' },
] as const;

describe('options', () => {
  it('stand anywhere, in groups, abbreviated, until `--`', () => {
    const parsed = getopt(['x', 'a', '-fo3', '--off=4', 'b', '--forc', '--', '-z'], SPECS);
    expect(parsed).to.deep.equal({
      ok: true,
      options: [
        { name: 'force', value: null },
        { name: 'offset', value: '3' },
        { name: 'offset', value: '4' },
        { name: 'force', value: null },
      ],
      operands: ['a', 'b', '-z'],
    });
  });

  it('without permutation end at the first operand', () => {
    expect(getopt(['x', '-f', 'a', '-o'], SPECS, false)).to.deep.include({ operands: ['a', '-o'] });
  });

  it('are refused with the words of glibc', () => {
    const message = (...words: string[]): string => {
      const parsed = getopt(['x', ...words], SPECS);
      return parsed.ok ? '' : parsed.message;
    };
    expect(message('-q')).to.equal("invalid option -- 'q'");
    expect(message('-o')).to.equal("option requires an argument -- 'o'");
    expect(message('--offset')).to.equal("option '--offset' requires an argument");
    expect(message('--nope=1')).to.equal("unrecognized option '--nope'");
    expect(message('--force=1')).to.equal("option '--force' doesn't allow an argument");
    expect(message('--fo')).to.equal(
      "option '--fo' is ambiguous; possibilities: '--force' '--format'",
    );
  });
});

describe('sizes for people', () => {
  it('dd rounds to nearest, one decimal below ten', () => {
    const both = (bytes: number): string[] => [
      gnuSize(bytes, 1000).text,
      gnuSize(bytes, 1024).text,
    ];
    expect(both(131072)).to.deep.equal(['131 kB', '128 KiB']);
    expect(both(3000)).to.deep.equal(['3.0 kB', '2.9 KiB']);
    expect(both(1048576)).to.deep.equal(['1.0 MB', '1.0 MiB']);
    expect(both(10239)).to.deep.equal(['10 kB', '10 KiB']);
    expect(both(1048575)).to.deep.equal(['1.0 MB', '1.0 MiB']);
    expect(gnuSize(999, 1000).hasPrefix).to.equal(false);
  });

  it('lsblk cuts a whole number short and keeps one decimal otherwise', () => {
    expect([0, 4096, 126976, 1536, 4194304, 2 ** 41].map(utilLinuxSize)).to.deep.equal([
      '0B',
      '4K',
      '124K',
      '1.5K',
      '4M',
      '2T',
    ]);
  });

  it('xfs_io shows no decimals below 2 GiB, three above, six for bytes', () => {
    expect([65536, 5000, 1048476, 2 ** 31, 17].map(xfsSize)).to.deep.equal([
      '64 KiB',
      '5 KiB',
      '1024 KiB',
      '2.000 GiB',
      '17.000000 bytes',
    ]);
  });

  it('dd reads suffixes and products', () => {
    expect(['1k', '1kB', '2x512', '1MiB', '3b', '2w', '7B', '1c'].map(ddNumber)).to.deep.equal([
      1024, 1000, 1024, 1048576, 1536, 4, 7, 1,
    ]);
    expect(['', 'x', '1q', '-1', '1kb'].map(ddNumber)).to.deep.equal(Array(5).fill(null));
  });
});

describe('texts', () => {
  it('law: UTF-8 decodes to what was encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(utf8ToText(new TextEncoder().encode(text))).to.equal(text);
      }),
    );
  });

  it('bytes that are no UTF-8 become U+FFFD one by one', () => {
    expect(utf8ToText(Uint8Array.of(0x41, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xe2, 0x82))).to.equal(
      `A${'\ufffd'.repeat(7)}`,
    );
  });

  it('names in messages are quoted so that a shell would read them back', () => {
    expect(['a b', "it's", "it's $x"].map(quoted)).to.deep.equal([
      "'a b'",
      '"it\'s"',
      "'it'\\''s $x'",
    ]);
  });

  it('a width hint counts only where data is as wide as its heading', () => {
    const column = { heading: 'ZONE-SZ', hint: 9, right: true };
    expect(alignedRows([column], [['4M']], true)).to.equal('ZONE-SZ\n     4M\n');
    expect(alignedRows([column], [['4194304']], false)).to.equal('  4194304\n');
  });

  it('modes are octal or clauses, under the umask where no class is named', () => {
    expect(parseMode('640', 0, false)).to.equal(0o640);
    expect(parseMode('u=rw,go=', 0o755, false)).to.equal(0o600);
    expect(parseMode('+w', 0o444, false)).to.equal(0o644);
    expect(parseMode('a+X', 0o644, true)).to.equal(0o755);
    expect(parseMode('g=u', 0o700, false)).to.equal(0o770);
    expect(parseMode('99', 0, false)).to.equal(null);
    expect(parseMode('q+x', 0, false)).to.equal(null);
  });
});
