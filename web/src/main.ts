/** Puts the page together once its script is there: the playground, or a lesson, as the address says. */

import { Playground } from './app.ts';
import { theme } from './view/theme.ts';
import { whenWhole } from './whole.ts';

const main = document.getElementById('main')!;
const tabs = [...document.querySelectorAll<HTMLAnchorElement>('.tabs a')];
let playground: Playground | null = null;

function show(): void {
  const lesson = /^#lesson=(\d{1,2})$/.exec(location.hash);
  for (const tab of tabs) {
    const here = tab.hash.startsWith('#lesson') === (lesson !== null);
    if (here) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
  }
  if (lesson !== null) learn(Number(lesson[1]));
  else play();
}

function play(): void {
  playground ??= new Playground();
  if (!main.contains(playground.node)) main.replaceChildren(playground.node);
  playground.open(location.hash);
}

function learn(number: number): void {
  whenWhole(() => {
    void import('./lessons/school.ts').then(({ school }) => {
      main.replaceChildren(school(number));
      window.scrollTo(0, 0);
    });
  });
}

document.getElementById('theme')!.replaceChildren(theme());
window.addEventListener('hashchange', show);
show();
