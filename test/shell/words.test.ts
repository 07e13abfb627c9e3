import { expect } from 'chai';
import fc from 'fast-check';
import { parseCommand } from '../../src/shell/words.ts';

function words(text: string): readonly string[] {
  const parsed = parseCommand(text);
  if (!parsed.ok) throw new Error(`${parsed.code} at ${parsed.position}: ${parsed.message}`);
  return parsed.words;
}

function refusal(text: string): { code: string; position: number; message: string } {
  const parsed = parseCommand(text);
  if (parsed.ok) throw new Error(`expected a refusal of ${text}`);
  return parsed;
}

describe('command words', () => {
  it('split at blanks and keep what quotes hold together', () => {
    expect(words('dmsetup  create c0 --table "0 8 linear /dev/nullb0 0"')).to.deep.equal([
      'dmsetup',
      'create',
      'c0',
      '--table',
      '0 8 linear /dev/nullb0 0',
    ]);
    expect(words(`echo 'a "b"' "it's" c\\ d e""f ''`)).to.deep.equal([
      'echo',
      'a "b"',
      "it's",
      'c d',
      'ef',
      '',
    ]);
  });

  it('keep a line break inside quotes, so that a table can have two lines', () => {
    expect(words('dmsetup create c --table "0 8 error\n8 8 error"')[4]).to.equal(
      '0 8 error\n8 8 error',
    );
  });

  it('inside double quotes a backslash escapes only what has a meaning there', () => {
    expect(words('echo "a\\"b\\\\c\\d\\$e"')).to.deep.equal(['echo', 'a"b\\c\\d$e']);
  });

  it('take redirections out wherever they stand, in order', () => {
    const parsed = parseCommand('echo >a 3 2>>b 2>&1 > "c d"');
    expect(parsed).to.deep.include({ ok: true, words: ['echo', '3'] });
    expect(
      parsed.ok && parsed.redirects.map(({ fd, kind, target }) => [fd, kind, target]),
    ).to.deep.equal([
      [1, 'truncate', 'a'],
      [2, 'append', 'b'],
      [2, 'duplicate', '1'],
      [1, 'truncate', 'c d'],
    ]);
  });

  it('a digit belongs to `>` only when it stands right before it, as a word of its own', () => {
    expect(words('echo a2>b')).to.deep.equal(['echo', 'a2']);
    expect(words('echo 2 >b')).to.deep.equal(['echo', '2']);
  });

  it('what a shell would act on is refused at its place, with what to do instead', () => {
    const cases: [string, number][] = [
      ['cat a | wc', 6],
      ['a; b', 1],
      ['a && b', 2],
      ['sleep 1 &', 8],
      ['ls *.c', 3],
      ['ls a?', 4],
      ['ls [ab]', 3],
      ['echo $(date)', 5],
      ['echo `date`', 5],
      ['echo "$(date)"', 6],
      ['echo "`date`"', 6],
      ['echo $HOME', 5],
      [`echo \${HOME}`, 5],
      ['cat < f', 4],
      ['(a)', 0],
      ['a # b', 2],
      ['a ~/b', 2],
      ['X=1 a', 0],
      ['if a', 0],
      ['a\nb', 1],
      ['a 3> b', 2],
      ['a >| b', 2],
      ['a >&b', 2],
    ];
    for (const [text, position] of cases) {
      expect(refusal(text), text).to.include({ code: 'unsupported-syntax', position });
    }
    expect(refusal('cat a | wc').message).to.equal(
      '`|` (a pipe) is not run here: write the output to a file, or check it with `expect`',
    );
  });

  it('quoted, all of that is plain text', () => {
    expect(words(`echo '|;&*?[$(\`<#~' "|;&*?[<#~" \\| a#b a~ $ '\${x}'`)).to.deep.equal([
      'echo',
      '|;&*?[$(`<#~',
      '|;&*?[<#~',
      '|',
      'a#b',
      'a~',
      '$',
      `\${x}`,
    ]);
  });

  it('a line break at the end is no second command, and an escaped blank at the end stays', () => {
    expect(words('echo a\n\n')).to.deep.equal(['echo', 'a']);
    expect(words('echo a\\ ')).to.deep.equal(['echo', 'a ']);
  });

  it('an open quote, a missing file name and an empty line have codes of their own', () => {
    expect(refusal('echo "a')).to.include({ code: 'unterminated-quote', position: 5 });
    expect(refusal("echo 'a")).to.include({ code: 'unterminated-quote', position: 5 });
    expect(refusal('echo >')).to.include({ code: 'missing-redirect-target', position: 5 });
    expect(refusal('  ')).to.include({ code: 'empty-command', position: 0 });
  });

  it('law: any words, single-quoted, come back as they were', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { minLength: 1, maxLength: 5 }),
        (texts) => {
          const line = texts.map((text) => `'${text.replaceAll("'", "'\\''")}'`).join(' ');
          expect(words(line)).to.deep.equal(texts);
        },
      ),
    );
  });

  it('law: no text makes the parser throw', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof parseCommand(text).ok === 'boolean'));
  });
});
