/** Schemas on the page: the type of a field in words, and the fields of a component with links to the others. */

import { html } from 'hono/html';
import { inline, type Html } from './page-text.ts';
import { resolved, type Schema } from './shapes.ts';

type Schemas = Readonly<Record<string, Schema>>;

/** Where a component stands on the page. */
export const schemaAnchor = (name: string): string => `schema-${name}`;

/** Longer lists of values are cut. */
const MOST_CHOICES = 20;

function joinedBy(parts: readonly Html[], separator: string): Html {
  return html`${parts.map((part, index) => (index === 0 ? part : html`${separator}${part}`))}`;
}

function plainType(schema: Schema): Html {
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  const names = types.map((type) => {
    if (type === 'array') return html`list of ${typeOf(schema.items ?? {})}`;
    if (type === 'string' && schema.format === 'date-time') return html`time`;
    return html`${type}`;
  });
  return names.length === 0 ? html`any` : joinedBy(names, ' or ');
}

/** The type in words; a component is a link. */
export function typeOf(schema: Schema): Html {
  const name = schema.$ref?.split('/').at(-1);
  if (name !== undefined) return html`<a href="#${schemaAnchor(name)}">${name}</a>`;
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum !== undefined) {
    const shown = schema.enum.slice(0, MOST_CHOICES).map((one) => html`<code>${JSON.stringify(one)}</code>`);
    return html`${joinedBy(shown, ', ')}${schema.enum.length > MOST_CHOICES ? ', …' : ''}`;
  }
  const variants = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (variants !== undefined)
    return joinedBy(variants.map(typeOf), schema.allOf === undefined ? ' or ' : ' and ');
  return plainType(schema);
}

function boundsOf(schema: Schema): string {
  const { minimum, maximum, minLength, maxLength, default: preset } = schema;
  const bounds = [
    minimum === undefined || maximum === undefined ? '' : `${minimum} to ${maximum}`,
    maxLength === undefined ? '' : `${minLength ?? 0} to ${maxLength} characters`,
    preset === undefined ? '' : `default ${JSON.stringify(preset)}`,
  ];
  return bounds.filter((bound) => bound !== '').join('; ');
}

/** One field or parameter: name, type, whether it must be given, and what it means. */
export function field(name: string, schema: Schema, more: { required: boolean; description?: string }): Html {
  const bounds = boundsOf(schema);
  const description = more.description ?? schema.description;
  return html`<dt>
      <code>${name}</code> <span class="type">${typeOf(schema)}</span>${
        more.required ? html` <em>required</em>` : ''
      }
    </dt>
    <dd>${description === undefined ? '' : inline(description)}${bounds === '' ? '' : ` (${bounds})`}</dd>`;
}

function fieldsOf(schema: Schema): Html {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {});
  return html`<dl>
    ${fields.map(([name, property]) => field(name, property, { required: required.has(name) }))}
  </dl>`;
}

/** A component with its fields; variants one after the other. */
export function component(name: string, schemas: Schemas): Html {
  const schema = schemas[name] ?? {};
  const variants = (schema.oneOf ?? schema.anyOf ?? schema.allOf ?? [schema]).map((one) =>
    resolved(one, schemas),
  );
  const shown = variants.filter(({ properties }) => properties !== undefined).map(fieldsOf);
  return html`<section id="${schemaAnchor(name)}">
    <h3><a href="#${schemaAnchor(name)}">${name}</a></h3>
    ${schema.description === undefined ? '' : html`<p>${inline(schema.description)}</p>`}
    ${shown.length === 0 ? html`<p>${typeOf(schema)}</p>` : shown}
  </section>`;
}
