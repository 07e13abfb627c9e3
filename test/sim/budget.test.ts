import { expect } from 'chai';
import { Budget, BudgetExceeded } from '../../src/sim/budget.ts';

const MIB = 2 ** 20;

describe('the budget of a command', () => {
  it('lets a command look at half a GiB, however it is cut, and no byte more', () => {
    const budget = new Budget();
    for (let i = 0; i < 512; i += 1) budget.look(MIB);
    expect(() => budget.look(1)).to.throw(BudgetExceeded, '512 MiB');
  });

  it('lets a command move 16 GiB through the page cache of a device', () => {
    const budget = new Budget();
    budget.cache(16 * 1024 * MIB);
    expect(() => budget.cache(1)).to.throw(BudgetExceeded, '16 GiB');
  });

  it('is whole again for the next command', () => {
    const budget = new Budget();
    budget.look(512 * MIB);
    budget.renew();
    expect(() => budget.look(512 * MIB)).not.to.throw();
  });
});
