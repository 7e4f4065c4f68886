/** A migration, imported as its text: wrangler and the test pool do so by default, esbuild with the `text` loader. */
declare module '*.sql' {
  const text: string;
  export default text;
}
