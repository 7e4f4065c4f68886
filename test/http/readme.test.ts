/** The README says what is true: its commands work as they stand, its links lead somewhere. That its session is
 * what `npm start` prints is seen in `start.test.ts`. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { startBroker } from '../support/broker.ts';
import { call } from '../support/callers.ts';
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

it('three more lead to a link with which a user connects a real provider', async () => {
  const block = blocks.find((text) => text.startsWith('curl -s http://localhost:8787/v1/connections ')) ?? '';
  const commands = block.trim().split(/\n\n+/);
  expect(commands).toHaveLength(3);
  const broker = await startBroker();
  try {
    const variables: Record<string, string> = { ADMIN_KEY: broker.adminKey };
    const answers = [];
    for (const command of commands) {
      answers.push(await paste(command.replaceAll('http://localhost:8787', broker.url), variables));
    }
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(answers[0]?.body.redirect_uri).toBe(`${broker.url}/oauth/callback/hubspot`);
    expect(README).toContain('`http://localhost:8787/oauth/callback/hubspot`');
    const page = await call('GET', String(answers[2]?.body.url));
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).toContain('HubSpot');
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

it('its map shows every room of src, on its floor', () => {
  const { rooms } = JSON.parse(readFileSync(path.join(ROOT, 'test/architecture/rooms.json'), 'utf8')) as {
    rooms: { room: string; floor: string }[];
  };
  const map = blocks.find((text) => text.startsWith('src/contract')) ?? '';
  const lines = map.trim().split('\n');
  const shown = lines.map((line) =>
    (line.split(/ {3,}/)[0] ?? '').replace('src/', '').split(/ +/).toSorted(),
  );
  const folders = rooms.filter(({ room }) => !room.endsWith('.ts'));
  const floors = [...Map.groupBy(folders, ({ floor }) => floor).values()];
  expect(shown).toEqual(floors.map((floor) => floor.map(({ room }) => room).toSorted()));
});

it('the session has a screen of lines', () => {
  expect(session.length).toBeGreaterThanOrEqual(12);
  expect(session.length).toBeLessThanOrEqual(15);
});
