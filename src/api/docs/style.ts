/** The page's stylesheet: one column on a phone, two beside each other where there is room, light and dark. */

export const STYLE = `:root {
  color-scheme: light dark;
  --text: light-dark(#1b1f24, #e4e7eb);
  --quiet: light-dark(#57606a, #9aa4af);
  --ground: light-dark(#ffffff, #14171a);
  --raised: light-dark(#f4f6f8, #1d2126);
  --line: light-dark(#d5dae0, #343a41);
  --link: light-dark(#0b57b5, #82b7ff);
  --get: light-dark(#0a6b3d, #6fd7a3);
  --post: light-dark(#0b57b5, #82b7ff);
  --put: light-dark(#8a4b00, #f2b866);
  --delete: light-dark(#b3261e, #ff9a90);
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0; color: var(--text); background: var(--ground);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere;
}
a { color: var(--link); }
a:focus-visible, summary:focus-visible, main:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
h1, h2, h3, h4 { line-height: 1.25; }
h1 small { font-weight: normal; color: var(--quiet); }
h2 a, h3 a { color: inherit; text-decoration: none; }
h2 a:hover, h3 a:hover { text-decoration: underline; }
h4 { margin: 1.2rem 0 0.3rem; font-size: 0.95rem; color: var(--quiet); }
code, pre { font: 0.88em/1.5 ui-monospace, monospace; }
pre {
  margin: 0.4rem 0; padding: 0.7rem 0.9rem; white-space: pre-wrap;
  background: var(--raised); border: 1px solid var(--line); border-radius: 6px;
}
.skip {
  position: absolute; left: -100vw; z-index: 1; padding: 0.7rem 1rem;
  background: var(--ground); border: 2px solid var(--link);
}
.skip:focus { left: 1rem; top: 1rem; }
main { max-width: 52rem; padding: 1rem 1.2rem 4rem; }
main:focus { outline: none; }
section > h2 { margin-top: 3rem; padding-top: 1rem; border-top: 2px solid var(--line); }
article, section section { margin: 1.5rem 0; padding: 0.2rem 0 1rem; border-bottom: 1px solid var(--line); }
article:target, section section:target { box-shadow: -0.8rem 0 0 var(--ground), calc(-0.8rem - 4px) 0 0 var(--link); }
.summary { font-size: 1.05rem; margin: 0.2rem 0; }
.who, .type, dd { color: var(--quiet); }
.method { display: inline-block; min-width: 3.4em; font: bold 0.8em ui-monospace, monospace; color: var(--put); }
.method.get { color: var(--get); }
.method.post { color: var(--post); }
.method.delete { color: var(--delete); }
dl { margin: 0.3rem 0; }
dt { margin-top: 0.45rem; }
dd { margin: 0 0 0 1.2rem; }
dt em { font-size: 0.85em; color: var(--delete); font-style: normal; }
summary { cursor: pointer; }
.answers { list-style: none; padding: 0; }
.answers li { padding: 0.15rem 0; }
nav { padding: 1rem 1.2rem; background: var(--raised); border-bottom: 1px solid var(--line); font-size: 0.88rem; }
nav ul { list-style: none; margin: 0.2rem 0; padding: 0; }
nav ul { padding-left: 0.8rem; }
nav details { padding: 0.25rem 0; }
nav li { padding: 0.15rem 0; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
@media (min-width: 62rem) {
  body { display: grid; grid-template-columns: 22rem minmax(0, 1fr); }
  nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; border-right: 1px solid var(--line); border-bottom: 0; }
  main { padding: 1.5rem 2.5rem 6rem; }
}
@media print { nav, .skip { display: none; } body { display: block; } }
`;
