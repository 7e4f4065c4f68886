/** The README says what is true: its commands work as they stand, its links lead somewhere. That its session is
 * what `npm start` prints is seen in `start.test.ts`. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { startBroker } from '../support/broker.ts';
import { paste } from './curl.ts';
import { ROOT } from './programs.ts';
import { README, blocks, session } from './readme.ts';

it('three curls lead from nothing to an agent that holds the key', async () => {
  const block = blocks.find((text) => text.startsWith('curl -s -X PUT')) ?? '';
  const commands = block.trim().split(/\n\n+/);
  expect(commands).toHaveLength(3);
  const broker = await startBroker();
  try {
    const variables: Record<string, string> = { ADMIN_KEY: broker.adminKey };
    const answers = [];
    for (const command of commands) {
      answers.push(await paste(command.replaceAll('http://localhost:8787', broker.url), variables));
    }
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 200]);
    const told = /^The last one answers .*: `(\{.*),…\}`/m.exec(README)?.[1] ?? '';
    expect(answers[2]?.body).toMatchObject(JSON.parse(`${told}}`) as object);
  } finally {
    await broker.dispose();
  }
});

it('every link leads to a file or folder that is there', () => {
  const links = [...README.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter((target) => !existsSync(path.join(ROOT, target)))).toEqual([]);
});

it('every npm command in it is a script, and every script is in it', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...README.matchAll(/npm (?:run )?([a-z:]+)/g)].map(([, name = '']) => name);
  const known = [...Object.keys(scripts), 'ci', 'brings'];
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
  expect(Object.keys(scripts).filter((name) => name !== 'format' && !named.includes(name))).toEqual([]);
});

it('the session has a screen of lines', () => {
  expect(session.length).toBeGreaterThanOrEqual(12);
  expect(session.length).toBeLessThanOrEqual(15);
});
