import { expect } from 'chai';
import { loadLesson } from '../../src/lessons/load.ts';
import { ScenarioError } from '../../src/scenario/errors.ts';
import { lessonText } from '../support/lesson-files.ts';

const TEXT = lessonText('03-bug', 'md');
const SCENARIO = lessonText('03-bug', 'yaml');

/** What loading says of the text when `from` in it is `to`. */
function said(from: string | RegExp, to: string, scenario = SCENARIO): string {
  const changed = TEXT.replace(from, to);
  expect(changed === TEXT && scenario === SCENARIO, `${from} stands in the lesson`).to.equal(false);
  try {
    loadLesson('lessons/03-bug.md', changed, 'lessons/03-bug.yaml', scenario);
  } catch (error) {
    if (error instanceof ScenarioError) return error.format();
    throw error;
  }
  throw new Error('"lesson" expected an error, got none');
}

/** The line the caret stands below, from the caret on. */
function pointed(message: string): string {
  const lines = message.split('\n');
  const at = lines.findIndex((line) => /^\s*\^$/.test(line));
  return lines[at - 1]!.slice(lines[at]!.indexOf('^'));
}

describe('a bad lesson file is told with its place', () => {
  it('front matter', () => {
    expect(said('aim:', 'iam:')).to.include('[unknown-key]').and.include('did you mean aim');
    expect(said(/^lesson: 3$/m, 'lesson: three')).to.include('"lesson" expected a number');
    expect(said(/^---\n/, '')).to.match(/^lessons\/03-bug\.md:1:1: .*\[lesson-section\]/);
    expect(said('    when: { second.readback: same }\n', '    wehn: { second.readback: same }\n'))
      .to.include('did you mean when')
      .and.match(/^lessons\/03-bug\.md:\d+:5:/);
    expect(said('# The bug', 'The bug')).to.match(/:\d+:1: a lesson expected its title/);
    expect(said(/^ {4}when:.*\n/gm, '')).to.include('[missing-key]');
    expect(said(/message: .*/, 'message: <x>')).to.include('the id of a mail');
  });

  it('runs and their values', () => {
    const wrong = said('btrfs: { fs: btrfs }', 'btrfs: { sf: btrfs }');
    expect(wrong).to.include('[name-undeclared]').and.include('did you mean fs');
    expect(pointed(wrong)).to.equal('sf: btrfs }');
    expect(said('{ cipher: aes-cbc-null }', '{ ciphre: x }')).to.include('did you mean cipher');
    expect(said('try:\n', 'explored: [btrsf]\ntry:\n')).to.include('did you mean btrfs');
    expect(said('{{read.stderr}}', '{{btrfs:explored.failing}}')).to.include('an explored run');
    expect(said('zonefs: {}', 'try: {}')).to.include('a run expected a name');
    expect(said('zonefs: {}', 'zonefs: { kernel: v5.11 }')).to.include('[kernel-unknown]');
  });

  it('facts, in text, tables, code and front matter', () => {
    const fact = said('| {{first.sent}} |', '| {{first.snet}} |');
    expect(fact).to.include('[fact-unknown]').and.include('did you mean sent');
    expect(pointed(fact)).to.equal('{{first.snet}} | {{second.sent}} |');
    expect(pointed(said('{{second.read-iv}}', '{{secnod.read-iv}}'))).to.equal(
      '{{secnod.read-iv}}',
    );
    expect(said('{{sync.told.2}}', '{{sync.path.2}}')).to.include('expected no number');
    expect(said('{{sync.told.2}}', '{{zonefs:sync.told.x}}')).to.include('expected the form');
    expect(said('{{read.stderr}}', '{{btrsf:read.stderr}}')).to.include('did you mean btrfs');
    expect(said('{{value.kernel}}', '{{value.kernle}}')).to.include('did you mean kernel');
    const choice = said('{ second.readback: same }', '{ second.readbakc: same }');
    expect(choice).to.include('did you mean readback');
    expect(pointed(choice)).to.match(/^second\.readbakc/);
  });

  it('a fact on a later line of a paragraph is shown on that line', () => {
    const wrong = said('it is read with       {{second.read-iv}}', 'it {{second.nothing}}');
    expect(wrong).to.include('{{second.nothing}}');
    const later = said(
      'sector {{second.landed}}, and whoever',
      'sector {{second.lnaded}}, and whoever',
    );
    expect(pointed(later)).to.match(/^\{\{second\.lnaded\}\}, and whoever/);
  });

  it('sections', () => {
    expect(said('## Predict', '## Prediction')).to.include('did you mean ## Predict');
    expect(said('## Evidence: btrfs', '## Evidence: btrsf')).to.include('did you mean btrfs');
    expect(said('### What happens', '### And then')).to.include('### What happens');
    expect(said('## In the kernel', '### In the kernel')).to.include(
      '"## In the kernel", got none',
    );
    expect(said('## Run', '## Predict')).to.include('[lesson-section]');
  });

  it('Markdown beyond what lessons have', () => {
    expect(said('**dm-crypt**', '**dm-crypt*')).to.include('[lesson-markdown]');
    expect(said('`cipher`', '`cipher')).to.include('expected a "`"');
    expect(said('| --- | --- | --- |', '| first |')).to.include('a line of dashes');
    expect(said('| sent as |', '| sent as | now |')).to.include('a row expected 3 cells');
    expect(said('Three things', '#### Three things')).to.include('third rank');
  });

  it('its scenario has its own name in errors', () => {
    const wrong = said('x', 'x', SCENARIO.replace('steps:', 'stesp:'));
    expect(wrong).to.match(/^lessons\/03-bug\.yaml:\d+:\d+:/);
  });
});
