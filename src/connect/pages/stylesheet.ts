/**
 * The one stylesheet. It is part of each page and allowed by its hash: a page is one answer, whole also while the rest of
 * the broker fails or a new version is rolled out; pages are visited once and never cached, so a file of its own would
 * save nothing; and the policy allows this text and no other style, from no source.
 *
 * Only system fonts and colours of our own; each pair that `CONTRASTS` names keeps to WCAG 2.2 AA in both schemes.
 */

import { cspHash } from '#crypto/digest.ts';

/** Colours by use, for a light and a dark screen. */
export const PALETTE = {
  light: {
    ground: '#f4f5f7',
    sheet: '#ffffff',
    text: '#15181c',
    soft: '#535b66',
    line: '#dfe3e8',
    edge: '#767e8a',
    field: '#f4f5f7',
    action: '#1f4fd1',
    press: '#173da6',
    onaction: '#ffffff',
    good: '#176c3a',
    warn: '#8a5300',
    bad: '#b3261e',
  },
  dark: {
    ground: '#0d0f12',
    sheet: '#16191e',
    text: '#e9ebee',
    soft: '#a5adb8',
    line: '#2a2f37',
    edge: '#7c8592',
    field: '#0d0f12',
    action: '#8fb3ff',
    press: '#b4ccff',
    onaction: '#0b1730',
    good: '#63cf90',
    warn: '#f0b64b',
    bad: '#ff9088',
  },
} as const;

/** A use of `PALETTE`. */
export type Shade = keyof (typeof PALETTE)['light'];

/**
 * Which colour stands on which, and the contrast that it needs there: 4.5 for text, 3 for what is no text (WCAG 2.2,
 * 1.4.3 and 1.4.11).
 */
export const CONTRASTS: readonly (readonly [front: Shade, back: Shade, atLeast: number])[] = [
  ['text', 'sheet', 4.5],
  ['text', 'ground', 4.5],
  ['text', 'field', 4.5],
  ['soft', 'sheet', 4.5],
  ['soft', 'ground', 4.5],
  ['onaction', 'action', 4.5],
  ['onaction', 'press', 4.5],
  ['action', 'sheet', 4.5],
  ['edge', 'sheet', 3],
  ['good', 'sheet', 3],
  ['warn', 'sheet', 3],
  ['bad', 'sheet', 3],
];

const variables = (scheme: keyof typeof PALETTE) =>
  Object.entries(PALETTE[scheme])
    .map(([use, color]) => `--${use}:${color}`)
    .join(';');

/** The text of the stylesheet: no `<` in it, so that it stands in a page as it is. */
export const STYLESHEET = `
:root{color-scheme:light dark;${variables('light')}}
@media (prefers-color-scheme:dark){:root{${variables('dark')}}}
*,::before,::after{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;padding:clamp(0rem,6vh,4rem) 1.25rem 2rem;background:var(--ground);color:var(--text);
  font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif;overflow-wrap:anywhere}
:lang(ja) body,body:lang(ja){font-family:system-ui,-apple-system,"Hiragino Sans","Noto Sans JP","Yu Gothic",Meiryo,sans-serif;
  line-height:1.7;word-break:auto-phrase}
.page{max-width:29rem;margin:0 auto}
.asker{display:flex;align-items:center;gap:.75rem;min-height:2.5rem;margin:0 0 1rem;font-weight:600}
.asker img{display:block;width:2.5rem;height:2.5rem;padding:.25rem;object-fit:contain;
  background:#fff;border:1px solid var(--line);border-radius:.625rem}
main{padding:2rem;background:var(--sheet);border:1px solid var(--line);border-radius:1rem}
h1{margin:0;font-size:1.4375rem;line-height:1.3;font-weight:650;letter-spacing:-.011em;text-wrap:balance}
h2{margin:0 0 .5rem;font-size:.9375rem;line-height:1.4;font-weight:650}
h3{margin:1rem 0 0;color:var(--soft);font-size:.875rem;line-height:1.4;font-weight:600}
p{margin:.75rem 0 0;text-wrap:pretty}
section{margin:1.5rem 0 0;padding:1.25rem 0 0;border-top:1px solid var(--line)}
.marks{display:flex;align-items:center;gap:.75rem;margin:0 0 1.25rem}
.badge{display:block;width:3rem;height:3rem;flex:none}
.badge text{font:600 22px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif}
.mark{display:block;width:2.25rem;height:2.25rem;flex:none;fill:none;stroke:currentColor;
  stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.calm{color:var(--soft)}
pre,.exact{font:.8125rem/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;white-space:pre-wrap}
pre{margin:.75rem 0 0;padding:.75rem;border:1px solid var(--line);border-radius:.5rem;background:var(--field)}
h3+dl{margin-top:.25rem}
form+form{margin-top:.75rem}
.soft{color:var(--soft);font-size:.875rem;line-height:1.5}
.lead bdi{font-weight:600}
code,input{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
code{font-size:.8125rem}
ul{margin:.5rem 0 0;padding:0;list-style:none}
li{padding:0 0 0 1.125rem;position:relative}
li+li{margin-top:.5rem}
li::before{content:"";position:absolute;top:.62em;left:.125rem;width:.375rem;height:.375rem;border-radius:50%;background:var(--edge)}
li code{display:block;color:var(--soft);line-height:1.5}
li code:first-child{display:inline;color:inherit}
.asked li{padding-left:1.625rem}
.asked li::before{top:.36em;left:.25rem;width:.375rem;height:.6875rem;border-radius:0;background:none;
  border:solid var(--good);border-width:0 2px 2px 0;transform:rotate(45deg)}
details{margin:1rem 0 0}
summary{width:fit-content;color:var(--soft);font-size:.875rem;cursor:pointer}
.spelling li+li{margin-top:.125rem}
form,.next{margin:1.5rem 0 0}
.next+.next{margin-top:.75rem}
.button{display:block;width:100%;min-height:3rem;padding:.75rem 1.25rem;
  border:1px solid var(--action);border-radius:.625rem;background:var(--action);color:var(--onaction);
  font:inherit;font-weight:600;line-height:1.375;text-align:center;text-decoration:none;cursor:pointer}
.button:hover,.button:active{background:var(--press);border-color:var(--press)}
.quiet,.quiet:hover,.quiet:active{background:none;color:var(--text);border-color:var(--edge)}
.quiet:hover{border-color:var(--text)}
:focus-visible{outline:3px solid var(--action);outline-offset:3px}
label{display:block;margin:1rem 0 0;font-size:.9375rem;font-weight:650}
input{display:block;width:100%;min-height:2.75rem;margin:.375rem 0 0;padding:.5rem .75rem;border:1px solid var(--edge);
  border-radius:.5rem;background:var(--field);color:inherit;font-size:1rem;text-overflow:ellipsis}
.notice{margin:1.25rem 0 0;padding:0 0 0 .875rem;border-left:3px solid var(--warn)}
.facts{margin:1rem 0 0}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:0;font-size:.875rem;line-height:1.5}
dt{color:var(--soft)}
dd{margin:0;min-width:0}
@media (max-width:32rem){
  body{padding:0 0 2rem;background:var(--sheet)}
  .page{max-width:none}
  .asker{margin:0;padding:1rem 1.25rem;border-bottom:1px solid var(--line)}
  main{padding:1.75rem 1.25rem;border:0;border-radius:0}
}
@media (forced-colors:active){.button{border-color:ButtonText}.mark{color:CanvasText}}
`.trim();

/** What a policy's `style-src` allows: this stylesheet, and no other style. */
export const STYLE_SOURCE = cspHash(STYLESHEET);
