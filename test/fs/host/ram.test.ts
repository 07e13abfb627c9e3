import { expect } from 'chai';
import { Machine } from '../../../src/machine.ts';

describe('directories in memory', () => {
  it('are looked at one by one, however deep the tree below them is', () => {
    const machine = new Machine({ kernel: 'v5.12' });
    const path = '/a'.repeat(1500);
    expect(machine.run(`mkdir -p ${path}`).exit).to.equal(0);
    expect(machine.run(`stat -c %h ${path} /a`).stdout).to.equal('2\n3\n');
  });

  it('take no path longer than the kernel does', () => {
    const machine = new Machine({ kernel: 'v5.12' });
    expect(machine.run(`mkdir ${'/a'.repeat(2048)}`).stderr).to.include('File name too long');
  });
});
