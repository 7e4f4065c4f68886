/** What a file gives to others, and what others take from it, read from the syntax alone. */

import path from 'node:path';
import ts from 'typescript';
import { filesUnder } from './rooms.ts';
import { sourceOf } from './source.ts';

export interface Exported {
  readonly file: string;
  readonly name: string;
  /** A type is named by whoever reads a signature, also where no other file has to. */
  readonly isType: boolean;
}

const isExported = (node: ts.Node): boolean =>
  ts.canHaveModifiers(node) &&
  (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
const isDefault = (node: ts.Node): boolean =>
  ts.canHaveModifiers(node) &&
  (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword);

function namesIn(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesIn(element.name) : []));
}

function declaredBy(statement: ts.Statement): { name: string; isType: boolean }[] {
  if (ts.isExportDeclaration(statement)) {
    const { exportClause } = statement;
    if (exportClause === undefined || !ts.isNamedExports(exportClause)) return [];
    return exportClause.elements.map(({ name, isTypeOnly }) => ({
      name: name.text,
      isType: isTypeOnly || statement.isTypeOnly,
    }));
  }
  // A default export is what a program or the platform is given.
  if (!isExported(statement) || isDefault(statement)) return [];
  if (ts.isVariableStatement(statement)) {
    const { declarations } = statement.declarationList;
    return declarations.flatMap(({ name }) => namesIn(name)).map((name) => ({ name, isType: false }));
  }
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement))
    return statement.name === undefined ? [] : [{ name: statement.name.text, isType: false }];
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement))
    return [{ name: statement.name.text, isType: true }];
  return [];
}

/** Every name that a file exports; a value and a type of one name are one. */
export function exportsOf(file: string): Exported[] {
  const byName = new Map<string, boolean>();
  for (const { name, isType } of sourceOf(file).statements.flatMap(declaredBy))
    byName.set(name, (byName.get(name) ?? true) && isType);
  return [...byName].map(([name, isType]) => ({ file, name, isType }));
}

function resolved(from: string, as: string): string | null {
  if (as.startsWith('#')) return `src/${as.slice(1)}`;
  return as.startsWith('.') ? path.posix.join(path.posix.dirname(from), as) : null;
}

/** The names that follow `alias.` in the file: what is taken of a whole module. */
function membersOfAlias(file: string, alias: string): string[] {
  const { text } = sourceOf(file);
  return [...text.matchAll(new RegExp(`\\b${alias}\\.(\\w+)`, 'g'))].map(([, name = '']) => name);
}

function takenByClause(file: string, clause: ts.ImportClause | ts.NamedExportBindings | undefined): string[] {
  if (clause === undefined) return [];
  if (ts.isNamedExports(clause))
    return clause.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
  if (!ts.isImportClause(clause) || clause.namedBindings === undefined) return [];
  const { namedBindings } = clause;
  if (ts.isNamespaceImport(namedBindings)) return membersOfAlias(file, namedBindings.name.text);
  return namedBindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
}

/** Names destructured from `await import('…')` or `import('…').then(({ … }) => …)`. */
function takenDynamically(file: string): { from: string; name: string }[] {
  const { text } = sourceOf(file);
  const awaited = /\{([^}]*)\}\s*=\s*(?:await\s+)?import\('([^']+)'\)/g;
  const then = /import\('([^']+)'\)\.then\(\(\{([^}]*)\}\)/g;
  const pairs = [
    ...[...text.matchAll(awaited)].map(([, names = '', from = '']) => ({ names, from })),
    ...[...text.matchAll(then)].map(([, from = '', names = '']) => ({ names, from })),
  ];
  return pairs.flatMap(({ names, from }) =>
    names.split(',').map((name) => ({ from, name: (name.split(':')[0] ?? '').trim() })),
  );
}

/** `file#name` of everything that `file` takes from another file of ours. */
function takenBy(file: string): string[] {
  const statically = sourceOf(file).statements.flatMap((statement) => {
    const isImport = ts.isImportDeclaration(statement);
    if (!isImport && !ts.isExportDeclaration(statement)) return [];
    const { moduleSpecifier } = statement;
    if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return [];
    const names = takenByClause(file, isImport ? statement.importClause : statement.exportClause);
    return names.map((name) => ({ from: moduleSpecifier.text, name }));
  });
  return [...statically, ...takenDynamically(file)].flatMap(({ from, name }) => {
    const to = resolved(file, from);
    return to === null ? [] : [`${to}#${name}`];
  });
}

/** Everything that the files under `folders` take from files of ours, as `file#name`. */
export function takenUnder(...folders: readonly string[]): ReadonlySet<string> {
  return new Set(folders.flatMap((folder) => filesUnder(folder, '.ts').flatMap(takenBy)));
}

/** How often a name stands in the code of its own file. */
export function mentionsOf(file: string, name: string): number {
  let count = 0;
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && node.text === name) count += 1;
    ts.forEachChild(node, visit);
  };
  visit(sourceOf(file));
  return count;
}

/** How often a name is declared in its own file: a value and its type are two. */
export function declarationsOf(file: string, name: string): number {
  return sourceOf(file)
    .statements.flatMap(declaredBy)
    .filter((one) => one.name === name).length;
}
