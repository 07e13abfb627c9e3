import { expect } from 'chai';
import { runScenario } from '../../src/scenario/api.ts';
import { CRYPT, scenario, unmet } from './support.ts';

/** The unmet keys of one step that prints `v5.12`'s release and expects `more`. */
const uname = (more: string): string[] => unmet(scenario([`{ run: uname -r, expect: ${more} }`]));
/** Of one step that logs two lines. */
const logged = (dmesg: string): string[] =>
  unmet(
    scenario([`{ run: 'dmsetup create c0 --table "${CRYPT}"', expect: { dmesg: ${dmesg} } }`], {
      kernel: 'v5.12+series',
    }),
  );

const WARNING = '"device-mapper: crypt: Zone append is not supported with sector-based IV cyphers"';

describe('an expectation', () => {
  it('wants exit code 0 where it says nothing, and any outcome where it says any', () => {
    expect(unmet(scenario(['cat /nowhere']))).to.deep.equal(['1:exit']);
    expect(unmet(scenario(['{ run: cat /nowhere, expect: any }']))).to.deep.equal([]);
    expect(unmet(scenario(['{ run: cat /nowhere, expect: { stdout: "" } }']))).to.deep.equal([
      '1:exit',
    ]);
  });

  it('of a list is the first whose "when" fits, with the kernel that runs at that step', () => {
    const list = '[{ when: { kernel: v5.14 }, exit: 1 }, { stdout: "5.12.0" }, { exit: 7 }]';
    expect(uname(list)).to.deep.equal([]);
    const steps = [`{ reboot: { kernel: v5.14 } }`, `{ run: uname -r, expect: ${list} }`];
    expect(unmet(scenario(steps))).to.deep.equal(['2:exit']);
  });

  it('that is alone with a "when" that does not fit says nothing', () => {
    expect(uname('{ when: { kernel: v5.14 }, exit: 1 }')).to.deep.equal([]);
    expect(uname('[{ when: { kernel: v5.14 }, exit: 1 }]')).to.deep.equal([]);
  });

  it('takes one kernel by any of its names', () => {
    const one = (kernel: string, when: string): string[] =>
      unmet(
        scenario([`{ run: pwd, expect: [{ when: { kernel: "${when}" }, exit: 9 }] }`], { kernel }),
      );
    expect(one('v5.12+series', 'v5.12+series[1-4]')).to.deep.equal(['1:exit']);
    expect(one('v5.12+series[1-2]', 'v5.12+series[1,2]')).to.deep.equal(['1:exit']);
    expect(one('v5.12+series[1-2]', 'v5.12')).to.deep.equal([]);
  });

  it('of a text is exact but for the last newline; a bare number is what was typed', () => {
    expect(uname('{ stdout: "5.12.0\\n" }')).to.deep.equal([]);
    expect(uname('{ stdout: 5.12.0 }')).to.deep.equal([]);
    expect(uname('{ stdout: "5.12" }')).to.deep.equal(['1:stdout']);
    expect(unmet(scenario(['{ run: echo 5.10, expect: { stdout: 5.10 } }']))).to.deep.equal([]);
    expect(unmet(scenario(['{ run: echo 5.1, expect: { stdout: 5.10 } }']))).to.deep.equal([
      '1:stdout',
    ]);
  });

  it('of a text may say what it contains, matches and lacks, and all must hold', () => {
    expect(
      uname('{ stdout: { contains: [5, "12"], matches: "^5\\\\.[0-9]+", absent: x } }'),
    ).to.deep.equal([]);
    expect(uname('{ stdout: { contains: [5, x] } }')).to.deep.equal(['1:stdout']);
    expect(uname('{ stdout: { matches: "^12" } }')).to.deep.equal(['1:stdout']);
    expect(uname('{ stdout: { absent: "5" } }')).to.deep.equal(['1:stdout']);
  });

  it('of a list of texts wants each as a line, also of a list of one', () => {
    expect(logged(WARNING)).to.deep.equal([]);
    expect(logged(`[${WARNING}]`)).to.deep.equal([]);
    expect(logged(`[${WARNING}, { absent: falling }]`)).to.deep.equal([]);
    expect(logged('["device-mapper: crypt"]')).to.deep.equal(['1:dmesg']);
    expect(logged('""')).to.deep.equal(['1:dmesg']);
  });

  it('of kernel log lines sees this step alone, without time stamps', () => {
    const steps = [
      `{ run: 'dmsetup create c0 --table "${CRYPT}"' }`,
      '{ run: pwd, expect: { dmesg: "" } }',
    ];
    expect(unmet(scenario(steps, { kernel: 'v5.12+series' }))).to.deep.equal([]);
  });

  it('of a decision names a rule that was asked in this step, and its verdict', () => {
    const step = (rule: string, verdict: string): string[] =>
      unmet(
        scenario(
          [
            `{ run: 'dmsetup create c0 --table "${CRYPT}"', expect: { decision: { rule: ${rule}, verdict: ${verdict} } } }`,
          ],
          { kernel: 'v5.12+series' },
        ),
      );
    expect(step('crypt.zone-append', 'refuses')).to.deep.equal([]);
    expect(step('crypt.zone-append', 'passes')).to.deep.equal(['1:decision']);
    expect(step('crypt.zone-apend', 'refuses')).to.deep.equal(['1:decision']);
  });

  it('that is not met says both sides', () => {
    const text = scenario(['{ run: uname -r, expect: { stdout: x, path: append } }']);
    const [stdout, path] = runScenario(text).cells[0]!.steps[0]!.mismatches;
    expect([stdout!.expected, stdout!.got]).to.deep.equal(['exactly "x"', '"5.12.0\\n"']);
    expect([path!.expected, path!.got]).to.deep.equal(['append', 'none']);
  });

  it('with a pattern made to backtrack is judged in linear time', () => {
    const long = 'a'.repeat(5000);
    const step = `{ run: "echo ${long}b", expect: { stdout: { matches: "^(a+)+$" } } }`;
    expect(unmet(scenario([step]))).to.deep.equal(['1:stdout']);
  });
});
