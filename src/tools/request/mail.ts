/**
 * A mail of the parts that a model writes (RFC 5322, RFC 2047). A value stays inside its header: one with a line break
 * or a control character is refused. Pure but for the library's date.
 */

import { createMimeMessage, type MailboxAddrObject } from 'mimetext/browser';
import { toBase64Url } from '#crypto/encoding.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { textOf } from './encode.ts';
import type { ParameterProblem } from './template.ts';

type Parts = Readonly<Record<string, unknown>>;

const MAX_RECIPIENTS = 500;
const MAX_SUBJECT_CHARS = 2_000;
/** C0, DEL, C1 and the separators that some readers take for line breaks. */
// eslint-disable-next-line no-control-regex -- control characters are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const ADDRESS =
  /^[^\s@<>(),:;"\\[\]]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)*[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u;
const NAMED = /^(?:"([^"\\<>]{0,200})"|([^"\\<>]{0,200}?)) *<([^<>]+)>$/;
const MESSAGE_ID = /^<?([^\s<>@]+@[^\s<>@]+)>?$/;
/** Encoded words hold at most 75 characters (RFC 2047, section 2). */
const WORD_BYTES = 45;

/** The message as base64url, without `From`, which the provider fills in. */
export function composedMail(parts: Parts): Result<string, ParameterProblem> {
  const message = createMimeMessage();
  // The provider knows the sender, and names the message.
  for (const field of message.headers.fields)
    if (field.name === 'From' || field.name === 'Message-ID') field.disabled = true;
  for (const [name, set] of [
    ['to', 'setTo'],
    ['cc', 'setCc'],
    ['bcc', 'setBcc'],
  ] as const) {
    const read = mailboxesOf(parts[name], name);
    if (!read.ok) return read;
    if (read.value.length > 0) message[set](read.value);
  }
  const subject = headerText(parts['subject'], 'subject');
  if (!subject.ok) return subject;
  message.setSubject(subject.value);
  for (const field of message.headers.fields) if (field.name === 'Subject') field.dump = encodedWords;
  if (parts['in_reply_to'] !== undefined) {
    const id = MESSAGE_ID.exec(textOf(parts['in_reply_to']) ?? '')?.[1];
    if (id === undefined || CONTROL.test(id) || id.length > 900)
      return err({ path: 'in_reply_to', message: 'must be the Message-ID of a mail' });
    message.setHeader('In-Reply-To', `<${id}>`);
    message.setHeader('References', `<${id}>`);
  }
  const text = (textOf(parts['text']) ?? '').toWellFormed();
  message.addMessage({ contentType: 'text/plain', encoding: 'base64', data: wrapped(base64(text)) });
  return ok(toBase64Url(new TextEncoder().encode(message.asRaw())));
}

function mailboxesOf(value: unknown, name: string): Result<MailboxAddrObject[], ParameterProblem> {
  const given = value === undefined ? [] : Array.isArray(value) ? value : [value];
  if (given.length > MAX_RECIPIENTS)
    return err({ path: name, message: `must have at most ${MAX_RECIPIENTS} addresses` });
  const mailboxes = given.map(mailboxOf);
  const wrong = mailboxes.indexOf(null);
  if (wrong >= 0)
    return err({ path: `${name}.${wrong}`, message: 'must be a mail address, or Name <address>' });
  return ok(mailboxes.filter((one) => one !== null));
}

function mailboxOf(value: unknown): MailboxAddrObject | null {
  if (typeof value !== 'string' || CONTROL.test(value) || value.length > 500) return null;
  const text = value.trim();
  if (ADDRESS.test(text)) return { addr: text };
  const [, quoted, plain, addr = ''] = NAMED.exec(text) ?? [];
  if (!ADDRESS.test(addr)) return null;
  const name = (quoted ?? plain ?? '').trim();
  // The library writes a name as one encoded word.
  return name === '' || new TextEncoder().encode(name).length > WORD_BYTES ? { addr } : { addr, name };
}

function headerText(value: unknown, name: string): Result<string, ParameterProblem> {
  const text = textOf(value) ?? '';
  if (CONTROL.test(text)) return err({ path: name, message: 'must be one line, without control characters' });
  if (text.length > MAX_SUBJECT_CHARS)
    return err({ path: name, message: `must have at most ${MAX_SUBJECT_CHARS} characters` });
  return ok(text.toWellFormed());
}

/** ASCII of moderate length as it is, everything else in encoded words, each on a line of its own. */
function encodedWords(value: unknown): string {
  const text = String(value);
  if (/^[\x20-\x7e]{0,60}$/.test(text) && !text.includes('=?')) return text;
  const words: string[] = [];
  let word = '';
  for (const char of text) {
    if (new TextEncoder().encode(word + char).length > WORD_BYTES) {
      words.push(word);
      word = '';
    }
    word += char;
  }
  return [...words, word].map((one) => `=?utf-8?B?${base64(one)}?=`).join('\r\n ');
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
}

function wrapped(text: string): string {
  return text.replaceAll(/.{76}/g, '$&\r\n').trimEnd();
}
