/**
 * A credential that lies elsewhere: its account stores the name of a secret of the deployment, and the value is read when
 * it is used. Nothing of the value is stored. Pure.
 */

/** Where the name stands among the fields: no field that an operator names can be called so. */
export const SOURCE_FIELD = '@source';

type Fields = Readonly<Record<string, string>>;

/** The source that these fields name; null: they are the credential itself. */
export function sourceOf(fields: Fields): string | null {
  return Object.hasOwn(fields, SOURCE_FIELD) ? (fields[SOURCE_FIELD] ?? null) : null;
}

/**
 * The credential's fields with the value of the secret in its place; null: the text is none that this kind can have.
 *
 * @param fields as they are stored @param text of the secret
 */
export function withSecret(type: string, fields: Fields, text: string): Fields | null {
  const own = Object.fromEntries(Object.entries(fields).filter(([name]) => name !== SOURCE_FIELD));
  if (type === 'basic') return isValue(text) ? { ...own, password: text } : null;
  if (type !== 'custom') return isValue(text) ? { ...own, api_key: text } : null;
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read)) return null;
  const parts = Object.entries(read);
  const isWhole =
    parts.length > 0 &&
    parts.length <= 30 &&
    parts.every(([name, part]) => /^[A-Za-z_]\w{0,63}$/.test(name) && isValue(part));
  return isWhole ? { ...own, ...(Object.fromEntries(parts) as Record<string, string>) } : null;
}

// eslint-disable-next-line no-control-regex -- a control character could end a header
const CONTROL = /[\u0000-\u001f\u007f]/;

function isValue(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && text.length <= 16_384 && !CONTROL.test(text);
}
