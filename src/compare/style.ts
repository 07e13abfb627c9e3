/** How reports look: colours for light and dark, and the classes panels use. */

/** Colours, chosen to be told apart, and read, on both grounds. */
const LIGHT =
  '--ground:#ffffff;--card:#f5f6f8;--ink:#1b1f24;--soft:#57606a;--rule:#d8dde3;--bar:#8fb3d9;--first:#2f6fb3;--wrong:#c4281c;--warn:#8a5a00;' +
  '--call:#2f6fb3;--block:#7ab8e0;--dm:#d9961a;--crypt:#9452c4;--device:#4d9e78;--other:#9aa3ad';
const DARK =
  '--ground:#14171b;--card:#1d2127;--ink:#e8ebef;--soft:#a0a9b4;--rule:#353c45;--bar:#4a6f96;--first:#6fb1ee;--wrong:#ff7a6e;--warn:#e5b454;' +
  '--call:#4a90d9;--block:#8fd0f5;--dm:#e8ac3e;--crypt:#b884e0;--device:#5fbf92;--other:#7d8793';

export const FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif';

/** For panels, in a page or a picture. */
export const PANEL_STYLE = `
:root{${LIGHT};color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{${DARK}}}
text{font:12px ${FONT};fill:var(--ink)}
text.disk{font-weight:650;font-size:14px}
text.unit,text.cipher{fill:var(--soft)}
text.cipher{font-weight:600}
text.kernel{fill:var(--ink)}
text.value{font-variant-numeric:tabular-nums}
text.best{font-weight:700}
text.garbage,text.lost,text.failed{fill:var(--wrong);font-weight:700}
text.refused{fill:var(--warn);font-weight:600}
.rule{stroke:var(--rule);fill:none}
.bar{fill:var(--bar)}
.first{fill:var(--first)}
.wrong{fill:none;stroke:var(--wrong);stroke-dasharray:3 2}
.f-call{fill:var(--call)}.f-block{fill:var(--block)}.f-dm{fill:var(--dm)}
.f-crypt{fill:var(--crypt)}.f-device{fill:var(--device)}.f-other{fill:var(--other)}
`;

export const PAGE_STYLE = `${PANEL_STYLE}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 ${FONT}}
main{max-width:1216px;margin:0 auto;padding:28px 14px 60px}
h1{font-size:clamp(26px,4vw,38px);line-height:1.15;margin:0 0 10px}
h2{font-size:22px;margin:44px 0 8px}
h3{font-size:17px;margin:30px 0 2px;overflow-wrap:anywhere}
p{margin:6px 0;max-width:76ch}
.soft{color:var(--soft)}
.axes{color:var(--soft);font-size:14px}
.answer{font-size:18px;padding-left:0;list-style:none;margin:14px 0}
.answer li{padding:3px 0 3px 14px;border-left:4px solid var(--first);margin:8px 0;max-width:76ch}
.answer li.bad{border-color:var(--wrong)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:12px;margin:18px 0}
.card{background:var(--card);border-radius:8px;padding:12px 14px}
.card b{display:block;font-size:17px;overflow-wrap:anywhere}
.card .release{color:var(--soft);font-size:13px;overflow-wrap:anywhere}
.card ul{list-style:none;padding:0;margin:8px 0 0;font-size:14px}
.bad{color:var(--ink)}
.wrong-text{color:var(--wrong);font-weight:650}
.warn-text{color:var(--warn);font-weight:600}
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(372px,100%),1fr));gap:22px 28px;margin:10px 0}
.panels svg{width:100%;max-width:372px;height:auto;display:block}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px;color:var(--soft);padding:0;margin:8px 0;list-style:none}
.legend i{display:inline-block;width:11px;height:11px;border-radius:2px;margin-right:6px}
details{margin:6px 0 10px}
summary{cursor:pointer;color:var(--first);font-size:15px;padding:4px 0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;white-space:nowrap}
summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--first);outline-offset:2px}
.fits td:first-child{white-space:normal}
.fits{overflow-x:auto}
th,td{text-align:left;padding:3px 12px 3px 0;border-bottom:1px solid var(--rule)}
td.n,th.n{text-align:right}
.trouble{padding-left:0;list-style:none}
.trouble li{margin:8px 0;overflow-wrap:anywhere;max-width:90ch}
code{font:13px/1.4 ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
footer{border-top:1px solid var(--rule);margin-top:44px;font-size:14px;color:var(--soft)}
footer p{max-width:90ch}
`;
