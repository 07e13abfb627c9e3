/** The page: runs the programs when it is loaded, and shows what came of them as its text. */

import { type Texts, traceHashes } from './programs.ts';

declare const document: { title: string; body: { textContent: string } };
declare const texts: Texts;

try {
  document.body.textContent = JSON.stringify(traceHashes(texts));
  document.title = 'done';
} catch (error) {
  document.body.textContent = String(error instanceof Error ? error.stack : error);
  document.title = 'failed';
}
