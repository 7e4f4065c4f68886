/**
 * Fills a tool's path. A value never becomes more of a path than the template gives it: no segment of its own, none that
 * is `.` or `..` or empty. Pure.
 */

import { pathProblem } from '#contract/rules/paths.ts';
import { err, ok, type Result } from '#lib/result.ts';
import type { Place } from '../tool.ts';
import { percentEncoded, textOf } from './encode.ts';

/** Which parameter is wrong, and how. */
export interface ParameterProblem {
  readonly path: string;
  readonly message: string;
}

const PLACEHOLDER = /\{([^{}]+)\}/g;

/** The parameters that a template takes, in their order. */
export function placeholdersOf(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
}

/** @param values by the names of the template */
export function filledPath(
  template: string,
  values: Readonly<Record<string, unknown>>,
  where: Readonly<Record<string, Place>>,
): Result<string, ParameterProblem> {
  let problem: ParameterProblem | null = null;
  const path = template.replaceAll(PLACEHOLDER, (_, name: string) => {
    const text = textOf(Object.hasOwn(values, name) ? values[name] : undefined);
    const encoded = text === null ? null : encodedPart(text, where[name] === 'path+');
    if (encoded !== null && encoded.ok) return encoded.value;
    problem ??= { path: name, message: encoded === null ? 'is required' : encoded.error };
    return '';
  });
  if (problem !== null) return err(problem);
  const wrong = path === '' ? null : pathProblem(path);
  if (wrong !== null)
    return err({ path: placeholdersOf(template)[0] ?? 'path', message: `in a path: ${wrong}` });
  return ok(path);
}

function encodedPart(text: string, isLong: boolean): Result<string, string> {
  const segments = isLong ? text.split('/') : [text];
  if (segments.some((segment) => segment === '')) return err('must not be empty, nor have an empty part');
  if (segments.some((segment) => segment === '.' || segment === '..')) return err('must not be . or ..');
  try {
    return ok(segments.map(percentEncoded).join('/'));
  } catch {
    return err('must be well-formed Unicode');
  }
}
