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
    const far = refused(GOOD.replace('uname -r', 'nvme list'), 'command-unknown');
    expect(far.suggestion).to.equal(null);
  });

  it('names the place where times of the kernel, columns and single commands are mistyped', () => {
    const times = refused(`${GOOD}costs: defualt\n`, 'wrong-type');
    expect(times.message).to.include('expected default, or a mapping of times');
    expect(times.suggestion).to.equal('default');
    expect(refused(`${GOOD}costs: { calNs: 1 }\n`, 'unknown-key').suggestion).to.equal('callNs');
    const column = refused(`${GOOD}table: [{ title: a, step: b, measur: path }]\n`, 'unknown-key');
    expect(column.suggestion).to.equal('measure');
    const alone = refused(`${GOOD}table: [{ title: a, measure: path }]\n`, 'missing-key');
    expect(alone.message).to.include('expected the key "step"');
    const item = (expected: string) =>
      refused(`${GOOD}  - parallel: [{ run: pwd, expect: ${expected} }]\n`, 'unknown-key');
    expect(item('{ stdot: x }').suggestion).to.equal('stdout');
    expect(item('{ path: append }').suggestion).to.equal(null);
    const beside = refused(`${GOOD}    backgroud: true\n`, 'unknown-key');
    expect(beside.suggestion).to.equal('background');
  });

  it('points at the patch of a list that cannot be applied', () => {
    const patches = (list: string) =>
      refused(GOOD.replace('"v5.12"', `\n  base: v5.12\n  patches:\n${list}`), 'patch-unknown');
    const { place } = patches('    - iv-per-zone\n    - iv-per-zon');
    expect([place.line, place.column]).to.deep.equal([7, 7]);
    const base = refused(GOOD.replace('"v5.12"', '\n  base: v5.11'), 'kernel-unknown');
    expect(base.place.line).to.equal(4);
  });

  it('quotes no word that is longer than a line', () => {
    const long = refused(GOOD.replace('"v5.12"', 'v'.repeat(5000)), 'kernel-unknown');
    const words = long.format().split('\n')[0]!.split(' ');
    for (const word of words) expect(word.length, word).to.be.below(76);
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

  it('names the key that was meant among those that may stand there', () => {
    const near = (from: string, to: string): string | null =>
      refused(GOOD.replace(from, to), 'unknown-key').suggestion;
    expect(near('"v5.12"', '{ base: v5.12, patchs: [] }')).to.equal('patches');
    expect(near('- run: uname -r', '- reboot: { kernl: v5.14 }')).to.equal('kernel');
    const inner = `${GOOD}    expect: { stdout: { contain: x } }\n`;
    expect(refused(inner, 'unknown-key').suggestion).to.equal('contains');
    const decision = `${GOOD}    expect: { decision: { rule: a, verdikt: passes } }\n`;
    expect(refused(decision, 'unknown-key').suggestion).to.equal('verdict');
  });

  it('says what was expected and what was got, in words', () => {
    const message = (more: string, code: ScenarioErrorCode): string =>
      refused(`${GOOD}    expect: ${more}\n`, code).message;
    expect(message('{ path: appendd }', 'wrong-value')).to.equal(
      'step 1: "expect.path" expected append, emulated-append, regular, mixed, none, got "appendd"',
    );
    expect(message('{ exit: 300 }', 'wrong-value')).to.include('at most 255, got 300');
    expect(message('{ exit: "0" }', 'wrong-type')).to.include('a number, got "0"');
    expect(message('anny', 'wrong-type')).to.include('"any"');
    expect(message('[]', 'wrong-value')).to.include('at least 1 item');
    refused(GOOD.replace('uname -r', '[a]'), 'wrong-type');
    refused(GOOD.replace('- run: uname -r', '- { run: uname -r, reboot: {} }'), 'wrong-value');
  });

  it('refuses an unquoted kernel wherever a kernel stands', () => {
    refused(GOOD.replace('"v5.12"', '{ base: 5.10 }'), 'kernel-unquoted');
    refused(`${GOOD}  - reboot: { kernel: 6.1 }\n`, 'kernel-unquoted');
    refused(`${GOOD}  - reboot: { kernel: { base: 6.10 } }\n`, 'kernel-unquoted');
  });

  it('refuses a "when" that can never fit: an undeclared name, a kernel there is not', () => {
    const when = (text: string): string => `${GOOD}    expect: [{ when: ${text} }]\n`;
    const name = refused(`${when('{ cipherr: x }')}matrix: { cipher: [x] }\n`, 'name-undeclared');
    expect(name.suggestion).to.equal('cipher');
    expect(name.place.line).to.equal(8);
    refused(when('{ kernel: v5.21 }'), 'kernel-unknown');
    refused(when('{ kernel: [v5.12, v5.21] }'), 'kernel-unknown');
    refused(`${GOOD}    when: { a: 1 }\n`, 'name-undeclared');
  });

  it('refuses "needs" that name no earlier step', () => {
    const error = refused(`${GOOD}    name: one\n  - { run: pwd, needs: on }\n`, 'step-unknown');
    expect(error.suggestion).to.equal('one');
    expect(error.place.line).to.equal(9);
  });

  it('refuses disks that are not named as their driver names them', () => {
    const disk = (name: string): string => GOOD.replace('nullb0', name);
    expect(refused(disk('nullb1'), 'disk-name').suggestion).to.equal('nullb0');
    refused(disk('"NULLB0"'), 'disk-name');
    refused(disk('dm-0'), 'disk-name');
    refused(GOOD.replace('nullb0: {', 'sdb: { driver: scsi_debug,'), 'disk-name');
  });

  it('refuses a yes or no, or nothing, where a number stands', () => {
    const error = refused(GOOD.replace('zoned: 1', 'zoned: true'), 'wrong-type');
    expect(error.suggestion).to.equal('1');
    expect(error.place.column).to.equal(31);
    refused(GOOD.replace('zoned: 1', 'zoned:'), 'wrong-type');
  });

  it('refuses an alias without an anchor, and one inside its own', () => {
    expect(refused(GOOD.replace('uname -r', '*nope'), 'yaml-aliases').place.line).to.equal(7);
    refused(`${GOOD}x: &x [*x]\n`, 'yaml-aliases');
  });

  it('refuses keys that are no text, twice there, or not theirs to use', () => {
    refused(`${GOOD}? [a, b]\n: c\n`, 'yaml-syntax');
    refused(`${GOOD}title: again\n`, 'yaml-syntax');
    refused(GOOD.replace('nullb0:', '__proto__:'), 'yaml-syntax');
    refused(GOOD.replace('title: a title', 'title: !tag a'), 'yaml-syntax');
    refused(`${GOOD}---\n${GOOD}`, 'yaml-syntax');
  });

  it('takes many keys and many aliases in the time that reading them takes', () => {
    const keys = Array.from({ length: 30_000 }, (_, i) => `  a${i}: &a${i} ${i}`).join('\n');
    refused(`${GOOD}x:\n${keys}\n`, 'unknown-key');
    refused(`${GOOD}a: &a [1]\nx: [${'*a ,'.repeat(60_000)}]\n`, 'yaml-aliases');
  });

  it('refuses nesting by brackets, dashes and indentation alike', () => {
    refused(`${GOOD}x:\n${'- '.repeat(5000)}a\n`, 'yaml-depth');
    refused(`${GOOD}x: ${'{a: '.repeat(5000)}\n`, 'yaml-depth');
    const lines = Array.from({ length: 400 }, (_, i) => `${' '.repeat(i + 1)}a:`);
    refused(`${GOOD}x:\n${lines.join('\n')}\n`, 'yaml-depth');
    refused(`${GOOD}x: ${'['.repeat(50)}${']'.repeat(50)}\n`, 'yaml-depth');
  });

  it('places a fault of a command inside folded and quoted text, values put in', () => {
    const place = (run: string, more = ''): [number, number] => {
      const text = GOOD.replace('- run: uname -r', () => `- run: ${run}`);
      const { line, column } = refused(`${text}${more}`, 'command-syntax').place;
      return [line, column];
    };
    expect(place('>-\n      echo a\n      b | c')).to.deep.equal([9, 9]);
    expect(place('"echo \\"a\\" | b"')).to.deep.equal([7, 22]);
    expect(place("'echo ''a'' | b'")).to.deep.equal([7, 22]);
    expect(place(`echo \${long} | b`, 'matrix: { long: [abcdefghijklmnop] }\n')).to.deep.equal([
      7, 23,
    ]);
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

  it('refuses a name that is an axis and in rows, an undeclared one in exclude, and no cell at all', () => {
    refused(`${GOOD}matrix: { a: [1], rows: [{ a: 2 }] }\n`, 'matrix-value');
    refused(`${GOOD}matrix: { a: [1], exclude: [{ b: 1 }] }\n`, 'name-undeclared');
    refused(`${GOOD}matrix: { a: [1], exclude: [{ a: 1 }] }\n`, 'matrix-value');
    refused(`${GOOD}matrix: { a: [1, 2], exclude: [{ a: 3 }] }\n`, 'value-undeclared');
    refused(
      `${GOOD}matrix: { rows: [{ a: 1, b: 1 }, { a: 2, b: 2 }], exclude: [{ a: 1, b: 2 }] }\n`,
      'value-undeclared',
    );
    refused(`${GOOD}matrix: { iv: null }\n`, 'matrix-value');
    refused(`${GOOD}matrix: { a b: [1] }\n`, 'matrix-value');
  });

  it('counts included cells, and the steps of all cells, against the bound', () => {
    const include = Array.from({ length: 10_001 }, (_, i) => `{ a: ${i} }`).join(', ');
    refused(`${GOOD}matrix: { include: [${include}] }\n`, 'matrix-too-large');
    const steps = '  - run: pwd\n'.repeat(500);
    const axis = Array.from({ length: 1000 }, (_, i) => i).join(', ');
    refused(`${GOOD}${steps}matrix: { a: [${axis}] }\n`, 'matrix-too-large');
  });

  it('puts values into every scalar, keys included, and keeps the type of a whole number', () => {
    const text = GOOD.replace('nullb0: { size: 256', () => `"\${disk}": { size: "\${size}"`);
    const loaded = loadScenario('f', `${text}matrix: { disk: [nullb0], size: [512] }\n`);
    expect(loaded.cells[0]!.scenario.disks.nullb0!.size).to.equal(512);
  });

  it('compares "when" with values as they were typed', () => {
    const text = `${GOOD}    when: { a: 5.10 }\nmatrix: { a: [5.10, 5.1] }\n`;
    expect(loadScenario('f', text).cells[0]!.scenario.steps[0]!.when).to.deep.equal({ a: '5.10' });
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
