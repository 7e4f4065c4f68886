/** Reads TypeScript files for the tests here: their imports, their strings, their code without comments. */

import ts from 'typescript';
import { textOf } from './rooms.ts';

const parsed = new Map<string, ts.SourceFile>();

export function sourceOf(file: string): ts.SourceFile {
  let source = parsed.get(file);
  if (source === undefined) {
    source = ts.createSourceFile(file, textOf(file), ts.ScriptTarget.Latest, true);
    parsed.set(file, source);
  }
  return source;
}

/** What a file imports in any form: static, re-exported, dynamic, types alone. */
export function importsOf(file: string): string[] {
  return ts.preProcessFile(textOf(file), true, true).importedFiles.map(({ fileName }) => fileName);
}

function eachNode(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => eachNode(child, visit));
}

function nodesOf<T extends ts.Node>(file: string, is: (node: ts.Node) => node is T): T[] {
  const found: T[] = [];
  eachNode(sourceOf(file), (node) => {
    if (is(node)) found.push(node);
  });
  return found;
}

/** Each piece of quoted text with its node: strings, and the fixed parts of templates. */
export function stringsOf(file: string): { text: string; node: ts.Node }[] {
  const isText = (node: ts.Node): node is ts.LiteralLikeNode =>
    ts.isStringLiteralLike(node) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddle(node) ||
    ts.isTemplateTail(node);
  return nodesOf(file, isText).map((node) => ({ text: node.text, node }));
}

export function identifiersOf(file: string): string[] {
  return nodesOf(file, ts.isIdentifier).map(({ text }) => text);
}

/** Names of an interface's members. */
export function membersOf(file: string, interfaceName: string): string[] {
  return nodesOf(file, ts.isInterfaceDeclaration)
    .filter(({ name }) => name.text === interfaceName)
    .flatMap(({ members }) => members.map((member) => member.name?.getText() ?? ''));
}

/** Whether the text is the value, or in the value, of a property of that name. */
export function standsUnder(node: ts.Node, property: string): boolean {
  if (ts.isPropertyAssignment(node) && node.name.getText() === property) return true;
  return node.parent !== undefined && standsUnder(node.parent, property);
}

const codes = new Map<string, string>();

/** The text with every comment blanked; lines keep their numbers. */
function codeOf(file: string): string {
  const known = codes.get(file) ?? withoutComments(file);
  codes.set(file, known);
  return known;
}

function withoutComments(file: string): string {
  const source = sourceOf(file);
  const characters = source.text.split('');
  const blank = (from: number, to: number) => {
    for (let at = from; at < to; at += 1) if (characters[at] !== '\n') characters[at] = ' ';
  };
  const visit = (node: ts.Node): void => {
    const children = node.getChildren(source).filter((child) => !ts.isJSDoc(child));
    if (children.length === 0) blank(node.pos, node.getStart(source, false));
    else children.forEach(visit);
  };
  visit(source);
  return characters.join('');
}

/** Where a pattern matches in the code of a file, as `file:line`. */
export function placesOf(file: string, pattern: string): string[] {
  const code = codeOf(file);
  return [...code.matchAll(new RegExp(pattern, 'g'))].map(
    ({ index }) => `${file}:${code.slice(0, index).split('\n').length}`,
  );
}
