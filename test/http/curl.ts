/**
 * Does what printed commands say, so that those in a README or on a screen are tested as they stand. It is no shell: it
 * knows the words that they use, and refuses all others.
 */

import { call, type Reply } from '../support/callers.ts';

/** Words as a shell makes them: quotes, and `$NAME` outside single quotes. */
function words(command: string, variables: Readonly<Record<string, string>>): string[] {
  const found: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let at = 0; at < command.length; at += 1) {
    const char = command.charAt(at);
    if (quote === null && /\s/.test(char)) {
      if (word !== null) found.push(word);
      word = null;
    } else if ((char === '"' || char === "'") && (quote === null || quote === char)) {
      quote = quote === null ? char : null;
      word ??= '';
    } else if (char === '$' && quote !== "'") {
      const name = /^[A-Z_]+/.exec(command.slice(at + 1))?.[0] ?? '';
      if (variables[name] === undefined) throw new Error(`$${name} is not set`);
      word = (word ?? '') + variables[name];
      at += name.length;
    } else if (char === '\\' && quote === null && command.charAt(at + 1) === '\n') {
      at += 1;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== null) throw new Error(`a quote is left open: ${command}`);
  return word === null ? found : [...found, word];
}

const CAPTURE = /^export ([A-Z_]+)=\$\((curl [^]*) \| grep -o '([^']+)'\)$/;

/** As a shell would: a plain curl command, or one of whose answer a part is exported; that goes into `variables`. */
export async function paste(command: string, variables: Record<string, string>): Promise<Reply> {
  const [, name, captured, pattern] = CAPTURE.exec(command) ?? [];
  if (name === undefined || captured === undefined || pattern === undefined) return curl(command, variables);
  const reply = await curl(captured, variables);
  variables[name] = new RegExp(pattern).exec(reply.text)?.[0] ?? '';
  return reply;
}

/** Understands `-s`, `-X`, `-H`, `-d` and `--data-urlencode`; anything else is an error, so that no part of a command is passed over. */
async function curl(command: string, variables: Readonly<Record<string, string>>): Promise<Reply> {
  const [program, ...rest] = words(command, variables);
  if (program !== 'curl') throw new Error(`not a curl command: ${command}`);
  let method: string | null = null;
  let url: string | null = null;
  let raw: string | undefined;
  const headers: Record<string, string> = {};
  const add = (data: string): void => {
    raw = raw === undefined ? data : `${raw}&${data}`;
  };
  for (let n = 0; n < rest.length; n += 1) {
    const word = rest[n] ?? '';
    const value = (): string => rest[(n += 1)] ?? '';
    if (word === '-s') continue;
    if (word === '-X') method = value();
    else if (word === '-d') add(value());
    else if (word === '--data-urlencode') {
      const [field = '', ...text] = value().split('=');
      add(`${field}=${encodeURIComponent(text.join('='))}`);
    } else if (word === '-H') {
      const [name = '', ...text] = value().split(':');
      headers[name.trim().toLowerCase()] = text.join(':').trim();
    } else if (word.startsWith('http') && url === null) url = word;
    else throw new Error(`curl here does not know ${word}`);
  }
  if (raw !== undefined) headers['content-type'] ??= 'application/x-www-form-urlencoded';
  if (url === null) throw new Error(`no URL: ${command}`);
  return call(method ?? (raw === undefined ? 'GET' : 'POST'), url, {
    headers,
    ...(raw === undefined ? {} : { raw }),
  });
}
