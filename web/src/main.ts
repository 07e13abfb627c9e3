/** Puts the page together once its script is there. */

import { Playground } from './app.ts';
import { theme } from './view/theme.ts';

const main = document.getElementById('main')!;
const playground = new Playground();
playground.open(location.hash);
main.replaceChildren(playground.node);
document.getElementById('theme')!.replaceChildren(theme());
document.documentElement.classList.add('ready');
window.addEventListener('hashchange', () => playground.open(location.hash));
