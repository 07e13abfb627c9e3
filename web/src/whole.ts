/** The page shows its first picture with half of the package; the other half is fetched behind it. */

let isWhole = false;
let coming: Promise<void> | null = null;

function fetchRest(): Promise<void> {
  coming ??= import('./late.ts').then(({ complete }) => {
    complete();
    isWhole = true;
  });
  return coming;
}

/** Runs `act` now if everything is there, else as soon as it is. */
export function whenWhole(act: () => void): void {
  if (isWhole) act();
  else void fetchRest().then(act);
}

/** Can these commands run on what came with the page itself? */
export function runsEarly(commands: readonly string[]): boolean {
  return !commands.some((one) => /btrfs|fio/.test(one));
}
