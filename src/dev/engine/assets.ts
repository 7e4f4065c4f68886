/**
 * Makes the folder of static assets, `.assets/`: what the page of the contract loads. Run by `wrangler deploy` and
 * `wrangler dev` (`[build]` in wrangler.toml), and by the local broker in its own process.
 */

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const ASSETS_FOLDER = path.join(ROOT, '.assets');

const VIEWER = path.join(ROOT, 'node_modules/redoc/bundles/redoc.standalone.js');
const LICENCE = path.join(ROOT, 'node_modules/redoc/LICENSE');
/** Its maker's name, the one picture that the viewer would load from another host: a page of ours asks nobody else. */
const REMOTE_PICTURE = /https:\/\/cdn\.redoc\.ly\/redoc\/logo-[a-z-]+\.svg/g;
const PICTURE =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='38' height='12'%3E%3Ctext y='10' font-size='12' font-family='sans-serif'%3ERedoc%3C/text%3E%3C/svg%3E";

/** Whole or not there: brokers that start at once may all write it. */
async function put(file: string, text: string): Promise<void> {
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, text);
  await rename(unfinished, file);
}

let made: Promise<string> | undefined;

async function make(): Promise<string> {
  const folder = path.join(ASSETS_FOLDER, 'docs');
  await mkdir(folder, { recursive: true });
  const [viewer, licence] = await Promise.all([readFile(VIEWER, 'utf8'), readFile(LICENCE, 'utf8')]);
  const notice = `/*! Redoc, unchanged but for one picture. ${licence.replaceAll('*/', '* /')} */\n`;
  await put(path.join(folder, 'viewer.js'), notice + viewer.replaceAll(REMOTE_PICTURE, PICTURE));
  return ASSETS_FOLDER;
}

/** The folder, with everything in it. Made once per process. */
export function assetsFolder(): Promise<string> {
  return (made ??= make());
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  await assetsFolder();
