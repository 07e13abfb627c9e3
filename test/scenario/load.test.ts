import { expect } from 'chai';
import { ScenarioError, type ScenarioErrorCode } from '../../src/scenario/errors.ts';
import { loadScenario } from '../../src/scenario/load.ts';

const GOOD = `version: 1
title: a title
kernel: "v5.12"
disks:
  nullb0: { size: 256, zoned: 1, zone_size: 4, memory_backed: 1 }
steps:
  - run: uname -r
`;

function refused(text: string, code: ScenarioErrorCode): ScenarioError {
  try {
    loadScenario('file.yaml', text);
  } catch (error) {
    expect(error).to.be.instanceOf(ScenarioError);
    const found = error as ScenarioError;
    expect(found.code, found.format()).to.equal(code);
    expect(found.format()).to.match(/^file\.yaml:\d+:\d+: /);
    return found;
  }
  throw new Error('expected a ScenarioError, got none');
}

describe('a scenario file that is wrong is refused with its place', () => {
  it('takes a good one, with one cell when there is no matrix', () => {
    const loaded = loadScenario('file.yaml', GOOD);
    expect(loaded.cells).to.have.length(1);
    expect(loaded.title).to.equal('a title');
  });

  it('names an unknown key, its line and column, and the key that was meant', () => {
    const error = refused(GOOD.replace('kernel:', 'kernle:'), 'unknown-key');
    expect([error.place.line, error.place.column]).to.deep.equal([3, 1]);
    expect(error.suggestion).to.equal('kernel');
    expect(error.place.picture).to.equal('  kernle: "v5.12"\n  ^');
  });

  it('names an unknown key inside a step and inside an expectation', () => {
    const step = refused(GOOD.replace('- run: uname -r', '- rnu: uname -r'), 'unknown-key');
    expect(step.suggestion).to.equal('run');
    const inner = refused(`${GOOD}    expect: { exti: 0 }\n`, 'unknown-key');
    expect(inner.suggestion).to.equal('exit');
  });

  it('names an unknown command and the one that was meant', () => {
    const error = refused(GOOD.replace('uname -r', 'dmsteup ls'), 'command-unknown');
    expect(error.suggestion).to.equal('dmsetup');
    expect(error.place.line).to.equal(7);
  });

  it('refuses a kernel that YAML reads as a number, by the text that was typed', () => {
    const error = refused(GOOD.replace('"v5.12"', '5.10'), 'kernel-unquoted');
    expect(error.message).to.include('5.10');
    expect(error.suggestion).to.include('"v5.10"');
  });

  it('refuses a null in the matrix and says how an IV named null is written', () => {
    const error = refused(`${GOOD}matrix: { iv: [null] }\n`, 'matrix-value');
    expect(error.suggestion).to.equal('"null"');
    expect(
      refused(`${GOOD}matrix:\n  rows:\n    - { iv: ~ }\n`, 'matrix-value').place.line,
    ).to.equal(10);
  });

  it('refuses a patch without its prerequisite, a conflict, an unknown one and an unknown kernel', () => {
    const kernel = (name: string): string => GOOD.replace('v5.12', name);
    expect(refused(kernel('v5.12+series[2]'), 'patch-missing-prerequisite').message).to.include(
      'dm-zone-append-support-control',
    );
    refused(kernel('v6.12+series'), 'patch-conflict');
    refused(kernel('v5.12+series[5]'), 'kernel-syntax');
    expect(refused(kernel('v5.12+iv-per-zon'), 'patch-unknown').suggestion).to.equal('iv-per-zone');
    expect(refused(kernel('v5.21'), 'kernel-unknown').suggestion).to.be.oneOf(['v5.10', 'v5.12']);
  });

  it('refuses an undeclared name where it stands, and takes $${ as a literal', () => {
    const error = refused(
      `${GOOD.replace('uname -r', `echo \${ciphr}`)}matrix: { cipher: [x] }\n`,
      'name-undeclared',
    );
    expect(error.suggestion).to.equal(`\${cipher}`);
    expect([error.place.line, error.place.column]).to.deep.equal([7, 15]);
    const literal = GOOD.replace('uname -r', () => `echo 'a $$\{b}'`);
    const step = loadScenario('f', literal).cells[0]!.scenario.steps[0]!;
    expect('run' in step && step.run).to.equal(`echo 'a \${b}'`);
  });

  it('refuses a matrix of a million cells before it is made', () => {
    const axis = `[${Array.from({ length: 100 }, (_, i) => i).join(', ')}]`;
    const error = refused(
      `${GOOD}matrix: { a: ${axis}, b: ${axis}, c: ${axis} }\n`,
      'matrix-too-large',
    );
    expect(error.message).to.include('10000');
  });

  it('refuses anchors that expand without end', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i += 1) {
      lines.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ')}]`);
    }
    refused(`${GOOD}${lines.join('\n')}\n`, 'yaml-aliases');
  });

  it('refuses deep nesting, a file over the bound, and what is no YAML or no mapping', () => {
    refused(`${GOOD}x: ${'['.repeat(5000)}\n`, 'yaml-depth');
    refused(`${GOOD}# ${'x'.repeat(1 << 20)}\n`, 'file-too-large');
    refused('title: "open\n', 'yaml-syntax');
    refused('just words\n', 'yaml-syntax');
    refused('', 'yaml-syntax');
    refused(`${GOOD}version: 1\n`, 'yaml-syntax');
  });

  it('refuses a regular expression that needs backtracking', () => {
    refused(`${GOOD}    expect: { stdout: { matches: "(a)\\\\1" } }\n`, 'pattern-unsupported');
    refused(`${GOOD}    expect: { stdout: { matches: "(?=a)b" } }\n`, 'pattern-unsupported');
  });

  it('refuses a pipe, a list and a glob with their position in the line', () => {
    const error = refused(GOOD.replace('uname -r', 'dmesg | tail'), 'command-syntax');
    expect([error.place.line, error.place.column]).to.deep.equal([7, 16]);
    refused(GOOD.replace('uname -r', 'true; false'), 'command-syntax');
    refused(GOOD.replace('uname -r', "ls 'a' *"), 'command-syntax');
  });

  it('says which version it knows and what is missing or of the wrong type', () => {
    refused(GOOD.replace('version: 1', 'version: 2'), 'version');
    expect(refused(GOOD.replace('title: a title\n', ''), 'missing-key').message).to.include(
      'title',
    );
    refused(GOOD.replace('- run: uname -r', '- run: [a]'), 'wrong-type');
  });

  it('never shows a key in the picture of a line', () => {
    const key = '0123456789abcdef'.repeat(4);
    const line = `dmsteup create c --table "0 8 crypt aes-xts-plain64 ${key} 0 /dev/nullb0 0"`;
    const error = refused(GOOD.replace('- run: uname -r', `- run: ${line}`), 'command-unknown');
    expect(error.format()).not.to.include(key);
  });
});

describe('the matrix', () => {
  const cells = (matrix: string): unknown =>
    loadScenario('f', `${GOOD}${matrix}\n`).cells.map((cell) => cell.values);

  it('is the product of its axes and rows, in the order written', () => {
    expect(cells('matrix: { a: [1, 2], rows: [{ b: x, c: y }, { b: z, c: w }] }')).to.deep.equal([
      { a: '1', b: 'x', c: 'y' },
      { a: '1', b: 'z', c: 'w' },
      { a: '2', b: 'x', c: 'y' },
      { a: '2', b: 'z', c: 'w' },
    ]);
  });

  it('leaves out what exclude fits and adds what include names', () => {
    expect(cells('matrix: { a: [1, 2], exclude: [{ a: 1 }], include: [{ a: 7 }] }')).to.deep.equal([
      { a: '2' },
      { a: '7' },
    ]);
  });

  it('keeps values as they were typed', () => {
    expect(cells('matrix: { a: [5.10, 0x10, 010, yes] }')).to.deep.equal([
      { a: '5.10' },
      { a: '0x10' },
      { a: '010' },
      { a: 'yes' },
    ]);
  });
});
