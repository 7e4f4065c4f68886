/** The stylesheet of the plain pages, `/` and `/docs`: light and dark, one column. The viewer brings its own. */

export const STYLE = `:root {
  color-scheme: light dark;
  --text: light-dark(#1b1f24, #e4e7eb);
  --quiet: light-dark(#57606a, #9aa4af);
  --ground: light-dark(#ffffff, #14171a);
  --link: light-dark(#0b57b5, #82b7ff);
}
* { box-sizing: border-box; }
body { margin: 0; color: var(--text); background: var(--ground); font: 1rem/1.55 system-ui, sans-serif; }
body > main { max-width: 52rem; padding: 1rem 1.2rem 4rem; overflow-wrap: anywhere; }
body > main a, noscript a { color: var(--link); }
body > main a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
body > main small { font-weight: normal; color: var(--quiet); }
noscript p { padding: 1rem 1.2rem; }
`;
