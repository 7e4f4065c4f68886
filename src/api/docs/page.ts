/** The readable page of the contract: everything in it comes from the document, and nothing in it runs. */

import { html } from 'hono/html';
import { component, schemaAnchor } from './page-schema.ts';
import { operationSection, type Route } from './page-operation.ts';
import { inline, paragraphs, shell, type Html } from './page-text.ts';
import { METHODS, type Document } from './shapes.ts';

const anchorOf = (heading: string) => heading.toLowerCase().replaceAll(' ', '-');

function routesOf({ paths }: Document): Route[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [{ method, path, operation }];
    }),
  );
}

function contents(groups: readonly (readonly [string, readonly Route[]])[]): Html {
  const lists = groups.map(
    ([name, routes]) =>
      html`<details>
        <summary>${name}</summary>
        <ul>
          ${routes.map(
            ({ method, path, operation }) =>
              html`<li>
                <a href="#${operation.operationId ?? ''}"
                  ><span class="method ${method}">${method.toUpperCase()}</span> ${path}</a
                >
              </li>`,
          )}
        </ul>
      </details>`,
  );
  return html`<nav aria-label="Routes">
    ${lists}
    <a href="#schemas">Schemas</a>
  </nav>`;
}

/** What the commands of the page take from the shell; for a broker as `npm start` and `npm run serve` start it. */
const SHELL = `export BROKER=http://localhost:8787
export ADMIN_KEY=$(sed -n 's/^ADMIN_KEY=//p' .dev.vars)
export AGENT_KEY=THE-KEY-OF-AN-AGENT`;

/** The whole page. */
export async function pageOf(document: Document): Promise<string> {
  const { title, version, description } = document.info as Record<string, string>;
  const routes = routesOf(document);
  const groups = document.tags.map(
    ({ name }) => [name, routes.filter(({ operation }) => operation.tags?.includes(name))] as const,
  );
  const sections = document.tags.map(
    ({ name, description: about }, index) =>
      html`<section id="${anchorOf(name)}">
        <h2><a href="#${anchorOf(name)}">${name}</a></h2>
        <p>${inline(about)}</p>
        ${groups[index]?.[1].map(operationSection) ?? ''}
      </section>`,
  );
  const schemas = document.components.schemas ?? {};
  const names = Object.keys(schemas).toSorted();
  const page = await html`<!doctype html>
    <html lang="en" dir="ltr">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} ${version}: the HTTP contract</title>
        <link rel="stylesheet" href="/docs/style.css" />
      </head>
      <body>
        <a class="skip" href="#contract">Skip to the contract</a>
        ${contents(groups)}
        <main id="contract" tabindex="-1">
          <h1>${title} <small>${version}</small></h1>
          ${paragraphs(description)}
          <p>The same for programs: <a href="/openapi.json">openapi.json</a>.</p>
          <p>
            The commands to paste take what is yours from the shell: the address of this page, the operator's
            key, and the key that an agent was given when it was made. The ids in them are examples.
          </p>
          ${shell(SHELL)} ${sections}
          <section id="schemas">
            <h2><a href="#schemas">Schemas</a></h2>
            <p>
              ${names.map((name, index) => html`${index === 0 ? '' : ' · '}<a href="#${schemaAnchor(name)}">${name}</a>`)}
            </p>
            ${names.map((name) => component(name, schemas))}
          </section>
        </main>
      </body>
    </html>`;
  return String(page);
}
