/** Parameters that a tool's schema takes, made of the schema alone. */

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
}

function sampleOf(schema: Schema, name = 'x'): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.enum !== undefined) return schema.enum[0];
  switch (schema.type) {
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'array':
      return [sampleOf(schema.items ?? {}, name)];
    case 'object':
      return requiredOf(schema);
    case 'string':
    case undefined:
    default:
      return textFor(schema, name);
  }
}

function textFor({ format, pattern }: Schema, name: string): string {
  if (format === 'date-time') return '2026-11-21T10:29:00Z';
  if (format === 'email' || ['to', 'cc', 'bcc', 'email'].includes(name)) return 'ada@example.com';
  if (name === 'mimeType') return 'text/plain';
  if (name === 'customer') return 'cus_1';
  if (name === 'fileId') return 'file-1';
  if (name === 'in_reply_to') return '<a1@mail.example>';
  if (pattern !== undefined)
    return ['Account', '001000000000001'].find((one) => new RegExp(pattern).test(one)) ?? '';
  return `${name}-1`;
}

/** What is required, and nothing else. */
export function requiredOf({ properties = {}, required = [] }: Schema): Record<string, unknown> {
  return Object.fromEntries(required.map((name) => [name, sampleOf(properties[name] ?? {}, name)]));
}

/** Every parameter. */
export function allOf({ properties = {} }: Schema): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, sampleOf(one, name)]));
}
